/** The people on stage, as tiles around the slides. */
import { initialsOf } from '../compose/layouts';
import type { Seat, Shown } from '../people/types';
import { Pictures } from './pictures';
import { copy, find, keep, part, say, word } from './pieces';

export class Tiles {
  private readonly place = find('[data-tiles]') as HTMLElement;

  constructor(
    private readonly me: string,
    private readonly pictures: Pictures,
  ) {}

  show(seats: Seat[], shown: Shown): void {
    const on = seats.filter((seat) => seat.place === 'stage');
    say(find('[data-count="stage"]'), String(on.length));
    this.place.dataset['layout'] = shown.layout;
    keep(this.place, on, (seat) => seat.key, () => copy('tile'), (tile, seat) => this.update(tile, seat, shown));
    this.showScreen(on);
  }

  private update(tile: HTMLElement, seat: Seat, shown: Shown): void {
    const video = tile.querySelector('video') as HTMLVideoElement;
    const isMe = seat.key === this.me;
    Pictures.show(video, seat.camera ? this.pictures.of(seat.key, 'camera') : null);
    video.classList.toggle('mirrored', isMe);
    part(tile, 'initials').hidden = !video.hidden;
    say(part(tile, 'initials'), initialsOf(seat.name));
    say(part(tile, 'name'), isMe ? word('you', { name: seat.name }) : seat.name);
    tile.querySelector('[data-mic-on]')?.toggleAttribute('hidden', !seat.microphone);
    tile.querySelector('[data-mic-off]')?.toggleAttribute('hidden', seat.microphone);
    tile.classList.toggle('speaking', shown.loud === seat.key && seat.microphone);
    tile.classList.toggle('cut', !seat.connected);
    for (const act of tile.querySelectorAll<HTMLElement>('[data-do]')) {
      act.hidden = (act.dataset['do'] === 'mute_person' && !seat.microphone) || (act.dataset['do'] === 'ask_unmute' && (seat.microphone || isMe)) || (act.dataset['do'] === 'remove_person_from_stage' && isMe);
    }
  }

  private showScreen(on: Seat[]): void {
    const sharing = on.find((seat) => seat.screen);
    const video = find<HTMLVideoElement>('[data-screen]');
    if (video) Pictures.show(video, sharing ? this.pictures.of(sharing.key, 'screen') : null);
  }
}
