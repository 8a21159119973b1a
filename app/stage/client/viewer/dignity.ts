/**
 * Stepping down with dignity: from the picture to the sound alone before there is silence, and back when the link has been calm. The sound has a
 * stream and an element of its own; while one of the two is heard, the other is mute.
 */
import type { Stream } from './stream';

const SOUND_READY = 0.6;
const SURE_MS = 600; // a link that only stood still for a moment brings the picture as well
const RETURN_READY = 2.5;
const RETURN_PATIENCE_MS = 9000;
const FIRST_CALM_MS = 20_000;
const LONGEST_CALM_MS = 160_000;
const SETTLED_MS = 6000; // a picture that has just begun is given time

export interface DignityHears {
  onChange(soundOnly: boolean): void;
}

export class Dignity {
  private heard: 'picture' | 'sound' = 'picture';
  private helperSince = 0; // when the other stream was begun; 0: it does not run
  private readySince = 0; // since when the sound is there and the picture is not
  private calmSince = 0;
  private calmMs = FIRST_CALM_MS;
  private pictureSince = 0;
  private wanted = { volume: 1, muted: false };

  constructor(
    private readonly picture: Stream,
    private readonly sound: Stream,
    private readonly addresses: { picture: () => string; sound: () => string },
    private readonly saver: () => boolean,
    private readonly hears: DignityHears,
  ) {
    sound.media.addEventListener('waiting', () => {
      if (!sound.hasAllThereIs) this.calmSince = performance.now();
    });
  }

  get current(): Stream {
    return this.heard === 'picture' ? this.picture : this.sound;
  }

  get isSoundOnly(): boolean {
    return this.heard === 'sound';
  }

  /** Picture or sound, from now on, whatever was before. */
  begin(what: 'picture' | 'sound'): void {
    this.heard = what;
    this.helperSince = 0;
    this.calmSince = this.pictureSince = performance.now();
    (what === 'picture' ? this.sound : this.picture).stop();
    void this.current.load(this.addresses[what], what === 'picture' && this.saver());
    this.hush();
    this.hears.onChange(what === 'sound');
  }

  stop(): void {
    this.picture.stop();
    this.sound.stop();
    this.helperSince = 0;
  }

  /** The link is there again. */
  resume(): void {
    this.picture.resume();
    this.sound.resume();
  }

  /** A few times a second, while the viewer leaves the choice to us. */
  look(): void {
    if (this.heard === 'picture') this.watchPicture();
    else this.watchSound();
  }

  private watchPicture(): void {
    const now = performance.now();
    const { picture, sound } = this;
    if (!picture.hasStarted || picture.media.paused || now - this.pictureSince < SETTLED_MS) return;
    if (picture.hasAllThereIs || picture.ahead > SOUND_READY || sound.ahead < SOUND_READY) this.readySince = now;
    if (picture.hasAllThereIs || !picture.isThin) {
      if (this.helperSince && picture.isAmple) this.dismiss(sound);
      return;
    }
    if (!this.helperSince) {
      this.helperSince = now;
      void sound.load(this.addresses.sound, true, picture);
      this.hush();
    } else if (now - this.readySince > SURE_MS) {
      this.change('sound');
    }
  }

  private watchSound(): void {
    const now = performance.now();
    const { picture, sound } = this;
    if (!this.helperSince) {
      if (now - this.calmSince > this.calmMs && sound.hasStarted) {
        this.helperSince = now;
        void picture.load(this.addresses.picture, true, sound);
        this.hush();
      }
    } else if (sound.ahead < SOUND_READY && !sound.hasAllThereIs) {
      this.giveUpReturning(now);
    } else if (picture.ahead > RETURN_READY || (picture.hasAllThereIs && picture.hasStarted)) {
      this.change('picture');
    } else if (now - this.helperSince > RETURN_PATIENCE_MS) {
      this.giveUpReturning(now);
    }
  }

  private giveUpReturning(now: number): void {
    this.dismiss(this.picture);
    this.calmSince = now;
    this.calmMs = Math.min(LONGEST_CALM_MS, this.calmMs * 2);
  }

  private dismiss(stream: Stream): void {
    stream.stop();
    this.helperSince = 0;
  }

  /** From one stream to the other at the same moment, so that no word is lost or heard twice. */
  private change(to: 'picture' | 'sound'): void {
    const from = this.current;
    const next = to === 'picture' ? this.picture : this.sound;
    const place = from.moment === null ? null : next.placeOf(from.moment);
    if (place !== null) next.media.currentTime = place;
    this.heard = to;
    this.helperSince = 0;
    this.hush();
    from.stop();
    const now = performance.now();
    if (to === 'sound') {
      for (const stream of [from, next]) stream.keepMore();
      if (now - this.pictureSince > LONGEST_CALM_MS) this.calmMs = FIRST_CALM_MS;
      this.calmSince = now;
    } else {
      this.pictureSince = now;
      this.picture.lowestOnly = this.saver();
    }
    this.hears.onChange(to === 'sound');
  }

  setSound(volume: number, muted: boolean): void {
    this.wanted = { volume, muted };
    this.hush();
  }

  private hush(): void {
    for (const stream of [this.picture, this.sound]) {
      stream.media.volume = this.wanted.volume;
      stream.media.muted = this.wanted.muted || stream !== this.current;
    }
  }
}
