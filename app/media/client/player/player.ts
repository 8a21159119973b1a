/** One player on the page: native video, own controls. What it tells the page is written in ../README.md. */
import { Captions } from './captions';
import { type Choices, keepChoices, readChoices } from './choices';
import { follow } from './follow';
import { Growing } from './growing';
import { Marks } from './marks';
import { Meter } from './meter';
import { Source, type Sources } from './source';
import { clock } from '../../../ui/client/parts/time';

const RETRY_MS = 15_000; // between attempts to reach the server again
const JUMP_SECONDS = 10;
const STEP_SECONDS = 5;
const TELL_POSITION_EVERY_MS = 250;
const REST_MS = 2600;

export class Player {
  private readonly video: HTMLVideoElement;
  private readonly source: Source;
  private readonly captions: Captions;
  private readonly meter: Meter;
  private readonly marks: Marks;
  private retrying: ReturnType<typeof setTimeout> | undefined;
  private readonly growing: Growing | null;
  private readonly choices: Choices = readChoices();
  private loaded = false;
  private renewedAt = -Infinity;
  private toldAt = -Infinity;
  private wanted: number;
  private resting = 0;

  constructor(private readonly box: HTMLElement) {
    this.video = this.part('video');
    this.source = new Source(this.video, JSON.parse(box.dataset.sources ?? '{}') as Sources, () => void this.recover());
    this.captions = new Captions(this.video, this.part('[data-caption]'));
    this.meter = new Meter(this.video, (played) => this.tell('played', played));
    this.wanted = startOf(box, this.source.sources.duration);
    this.marks = new Marks(box, () => this.duration);
    this.takeOver();
    this.applyChoices();
    this.listen();
    this.growing = this.source.sources.growing
      ? new Growing(box, this.video, {
          available: (until) => this.marks.available(until),
          complete: (sources) => this.complete(sources),
          reload: () => void this.load(this.position, true),
        })
      : null;
    this.drawPosition(this.wanted);
    follow(box, (seconds) => this.seek(seconds, true));
  }

  /** Where it stands; until the stream is there, where it will begin. */
  get position(): number {
    return this.loaded && this.video.readyState > 0 ? this.video.currentTime : this.wanted;
  }

  get duration(): number {
    return this.source.sources.duration;
  }

  /** Go to a second; `play` also starts. */
  seek(seconds: number, play = false): void {
    const until = this.growing?.on ? this.growing.until : null;
    const at = Math.max(0, Math.min(seconds, until === null ? this.duration - 0.1 : until - 1));
    this.meter.flush();
    if (this.loaded && this.video.readyState > 0) this.video.currentTime = at;
    else this.wanted = at;
    this.drawPosition(at);
    this.tellPosition(true);
    if (play) void this.play();
  }

  async play(): Promise<void> {
    if (this.loaded) {
      if (this.video.ended) this.video.currentTime = 0;
      await this.video.play().catch(() => undefined); // the big button stays for another press
      return;
    }
    this.loaded = true;
    await this.load(this.wanted, true);
  }

  private load(at: number, play: boolean): Promise<void> {
    this.wanted = at;
    return this.source.load(this.quality, () => this.wanted, play);
  }

  /** Replace the browser's own controls by ours. */
  private takeOver(): void {
    const { video } = this;
    video.controls = false;
    for (const given of video.querySelectorAll('source')) given.remove();
    this.part('[data-controls]').hidden = false;
    this.part('[data-play-big]').hidden = false;
    if (!document.fullscreenEnabled && !('webkitEnterFullscreen' in video)) this.find('[data-full]')?.setAttribute('hidden', '');
  }

  private get quality(): string {
    const { quality, saver } = this.choices;
    const chosen = saver && quality !== 'audio' ? (this.source.qualities[0]?.name ?? 'auto') : quality;
    return this.source.has(chosen) ? chosen : 'auto';
  }

  private applyChoices(): void {
    const { video, choices, box } = this;
    video.defaultPlaybackRate = video.playbackRate = choices.rate;
    video.volume = choices.volume;
    video.muted = choices.muted;
    this.part<HTMLInputElement>('[data-volume]').value = String(choices.volume);
    this.part('[data-mute]').setAttribute('aria-pressed', String(!choices.muted));
    this.part('[data-rate-label]').textContent = `${String(choices.rate).replace('.', document.documentElement.lang === 'en' ? '.' : ',')}x`;
    for (const radio of this.parts<HTMLInputElement>('[data-rate]')) radio.checked = Number(radio.value) === choices.rate;
    for (const radio of this.parts<HTMLInputElement>('[data-quality]')) {
      radio.checked = radio.value === this.quality;
      if (radio.checked) this.part('[data-quality-label]').textContent = radio.dataset.short ?? '';
    }
    const saver = this.box.querySelector<HTMLInputElement>('[data-saver]');
    if (saver) saver.checked = choices.saver;
    if (saver && choices.saver && this.quality !== 'audio') this.part('[data-quality-label]').textContent = saver.dataset.short ?? '';
    for (const radio of this.parts<HTMLInputElement>('[data-size]')) radio.checked = radio.value === choices.size;
    for (const radio of this.parts<HTMLInputElement>('[data-background]')) radio.checked = radio.value === choices.background;
    for (const radio of this.parts<HTMLInputElement>('[data-language]')) radio.checked = radio.value === choices.language;
    box.dataset.captionSize = choices.size;
    box.dataset.captionBackground = choices.background;
    box.toggleAttribute('data-auto', this.quality === 'auto');
    box.toggleAttribute('data-sound-only', this.quality === 'audio');
    this.part('[data-listening]').hidden = this.quality !== 'audio';
    this.find('[data-captions]')?.setAttribute('aria-pressed', String(choices.captions));
    this.captions.choose(choices.captions ? choices.language : null);
  }

  private choose(change: Partial<Choices>): void {
    Object.assign(this.choices, change);
    keepChoices(this.choices);
    this.applyChoices();
  }

  private listen(): void {
    const { video, box } = this;
    this.press('[data-play]', () => this.toggle());
    this.press('[data-play-big]', () => {
      void this.play();
      this.part('[data-play]').focus();
    });
    this.press('[data-back]', () => this.seek(this.position - JUMP_SECONDS));
    this.press('[data-mute]', () => this.choose({ muted: !this.choices.muted }));
    this.press('[data-captions]', () => this.choose({ captions: !this.choices.captions }));
    this.press('[data-full]', () => this.toggleFullScreen());
    this.press('[data-again]', () => void this.recover(true));
    window.addEventListener('online', () => {
      if (!this.part('[data-trouble]').hidden && !document.hidden) void this.recover(true);
    });
    video.addEventListener('click', () => this.toggle());
    this.part<HTMLInputElement>('[data-volume]').addEventListener('input', (event) => {
      const volume = Number((event.target as HTMLInputElement).value);
      this.choose({ volume, muted: volume === 0 });
    });
    box.addEventListener('change', (event) => {
      const { checked, dataset, value } = event.target as HTMLInputElement;
      if ('rate' in dataset) this.setRate(Number(value));
      if ('language' in dataset) this.choose({ language: value, captions: true });
      if ('size' in dataset) this.choose({ size: value, captions: true });
      if ('background' in dataset) this.choose({ background: value, captions: true });
      if ('quality' in dataset) this.setQuality({ quality: value, saver: value === 'audio' && this.choices.saver });
      if ('saver' in dataset) this.setQuality({ saver: checked });
    });
    this.watchScrub();
    box.addEventListener('keydown', (event) => this.onKey(event));
    for (const name of ['play', 'playing', 'pause', 'ended'] as const) video.addEventListener(name, () => this.drawState());
    for (const name of ['waiting', 'stalled'] as const) {
      video.addEventListener(name, () => box.toggleAttribute('data-waiting', !video.paused && !this.growing?.isAtEdge));
    }
    for (const name of ['playing', 'pause', 'seeked', 'timeupdate'] as const) video.addEventListener(name, () => box.removeAttribute('data-waiting'));
    video.addEventListener('timeupdate', () => {
      if (video.seeking || video.readyState === 0) return;
      this.drawPosition(video.currentTime);
      this.tellPosition();
    });
    video.addEventListener('progress', () => this.drawBuffered());
    video.addEventListener('pause', () => {
      if (video.readyState > 0 && !video.ended) this.tell('pause', { seconds: video.currentTime });
    });
    video.addEventListener('ended', () => {
      this.tellPosition(true);
      if (this.growing?.on) return; // the end of what there is, not of the video
      this.tell('ended', { seconds: video.currentTime });
    });
    video.addEventListener('error', () => {
      if (this.loaded && video.error) void this.recover();
    });
    // In the capturing phase, so that whoever reports at these moments has already heard of the last played second.
    addEventListener('pagehide', () => this.meter.flush(), { capture: true });
    document.addEventListener('visibilitychange', () => this.meter.flush(), { capture: true });
    box.addEventListener('gurindam:flush', () => this.meter.flush());
    box.addEventListener('gurindam:seek', (event) => {
      const wish = (event as CustomEvent<{ at?: unknown; play?: boolean } | null | undefined>).detail;
      if (typeof wish?.at === 'number' && Number.isFinite(wish.at)) this.seek(wish.at, wish.play === true);
    });
    for (const name of ['pointermove', 'keydown', 'focusin', 'pointerdown'] as const) box.addEventListener(name, () => this.wake());
  }

  private toggle(): void {
    if (this.video.paused) void this.play();
    else this.video.pause();
  }

  private setRate(rate: number): void {
    this.choose({ rate });
    this.say(this.part('[data-rate-label]').textContent ?? '');
  }

  private setQuality(change: Partial<Choices>): void {
    const { position } = this;
    const playing = !this.video.paused;
    this.meter.flush();
    this.choose(change);
    if (this.loaded) void this.load(position, playing);
    this.say(this.part('[data-quality-label]').textContent ?? '');
  }

  /** The stream broke off: the addresses may have ended, so ask for fresh ones, once a minute at most by itself. */
  private async recover(asked = false): Promise<void> {
    const { position } = this;
    const trouble = this.part('[data-trouble]');
    if (!asked && performance.now() - this.renewedAt < 60_000) {
      trouble.hidden = false;
      return;
    }
    this.renewedAt = performance.now();
    try {
      const answer = await fetch(this.box.dataset.assetUrl ?? '', { headers: { Accept: 'application/json' } });
      const { sources } = (await answer.json()) as { sources?: Sources };
      if (!answer.ok || !sources) throw new Error(`asset ${answer.status}`);
      this.source.sources = sources;
    } catch {
      trouble.hidden = false;
      clearTimeout(this.retrying); // a weak link comes back without any news of it
      this.retrying = setTimeout(() => void (!trouble.hidden && this.recover(true)), RETRY_MS);
      return;
    }
    trouble.hidden = true;
    await this.load(position, true);
  }

  /** A growing video is whole now. */
  private complete(sources: Sources): void {
    this.source.sources = sources;
    this.part<HTMLInputElement>('[data-scrub]').max = String(sources.duration);
    const download = this.box.querySelector<HTMLAnchorElement>('[data-download]');
    if (download && sources.small) {
      download.href = sources.small.src;
      (download.parentElement as HTMLElement).hidden = false;
    }
    const { seekable, paused } = this.video;
    const known = seekable.length ? seekable.end(seekable.length - 1) : 0;
    if (this.loaded && paused && known < sources.duration - 2) void this.load(this.position, false);
  }

  private toggleFullScreen(): void {
    const { video, box } = this;
    if (document.fullscreenElement) void document.exitFullscreen();
    else if (document.fullscreenEnabled) void box.requestFullscreen();
    else (video as HTMLVideoElement & { webkitEnterFullscreen(): void }).webkitEnterFullscreen();
  }

  private watchScrub(): void {
    const scrub = this.part<HTMLInputElement>('[data-scrub]');
    const peek = this.part('[data-peek]');
    const picture = this.part('[data-peek-picture]');
    scrub.addEventListener('input', () => this.seek(Number(scrub.value)));
    scrub.addEventListener('pointermove', (event) => {
      const { sprite } = this.source.sources;
      if (event.pointerType === 'touch' || !sprite) return;
      const area = scrub.getBoundingClientRect();
      const share = Math.min(1, Math.max(0, (event.clientX - area.left) / area.width));
      const place = Math.min(sprite.columns * sprite.rows - 1, Math.floor((share * this.duration) / sprite.interval));
      picture.style.backgroundImage = `url("${sprite.src}")`;
      picture.style.backgroundPosition = `-${(place % sprite.columns) * sprite.width}px -${Math.floor(place / sprite.columns) * sprite.height}px`;
      picture.style.width = `${sprite.width}px`;
      picture.style.height = `${sprite.height}px`;
      peek.style.left = `${Math.min(Math.max(share * area.width, sprite.width / 2), area.width - sprite.width / 2)}px`;
      this.part('[data-peek-time]').textContent = clock(share * this.duration);
      peek.hidden = false;
    });
    for (const name of ['pointerleave', 'pointercancel'] as const) scrub.addEventListener(name, () => (peek.hidden = true));
  }

  private onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target as HTMLElement;
    const onButton = target.closest('button, summary, a') !== null;
    const onRadio = target instanceof HTMLInputElement && target.type === 'radio';
    const onVolume = target.matches('[data-volume]');
    if (/^[0-9]$/.test(event.key)) this.seek((Number(event.key) / 10) * this.duration);
    else if ((event.key === ' ' && !onButton && !onRadio) || event.key === 'k') this.toggle();
    else if (event.key === 'ArrowLeft' && !onRadio && !onVolume) this.seek(this.position - STEP_SECONDS);
    else if (event.key === 'ArrowRight' && !onRadio && !onVolume) this.seek(this.position + STEP_SECONDS);
    else if ((event.key === 'ArrowUp' || event.key === 'ArrowDown') && !onRadio && !onVolume) this.changeVolume(event.key === 'ArrowUp' ? 0.1 : -0.1);
    else if (event.key === 'j') this.seek(this.position - JUMP_SECONDS);
    else if (event.key === 'l') this.seek(this.position + JUMP_SECONDS);
    else if (event.key === 'm') this.choose({ muted: !this.choices.muted });
    else if (event.key === 'c' && this.find('[data-captions]')) this.choose({ captions: !this.choices.captions });
    else if (event.key === 'f') this.toggleFullScreen();
    else if (event.key === 'b') this.tell('bookmark', { seconds: this.position });
    else if (event.key === '<' || event.key === '>') this.stepRate(event.key === '>' ? 1 : -1);
    else return;
    event.preventDefault();
  }

  private changeVolume(by: number): void {
    const volume = Math.round(Math.min(1, Math.max(0, this.choices.volume + by)) * 100) / 100;
    this.choose({ volume, muted: volume === 0 });
  }

  private stepRate(by: number): void {
    const rates = this.parts<HTMLInputElement>('[data-rate]').map((radio) => Number(radio.value));
    const next = rates[rates.indexOf(this.choices.rate) + by];
    if (next) this.setRate(next);
  }

  private drawState(): void {
    const { video, box } = this;
    const playing = !video.paused && !video.ended;
    const button = this.part('[data-play]');
    button.setAttribute('aria-label', (playing ? button.dataset.playingLabel : button.dataset.pausedLabel) ?? '');
    for (const sign of this.parts('[data-when]')) sign.hidden = sign.dataset.when !== (playing ? 'playing' : 'paused');
    this.part('[data-play-big]').hidden = playing || this.position > 0.5;
    this.part('[data-trouble]').hidden = this.part('[data-trouble]').hidden || playing;
    box.toggleAttribute('data-playing', playing);
    this.wake();
  }

  private drawPosition(seconds: number): void {
    const scrub = this.part<HTMLInputElement>('[data-scrub]');
    scrub.value = String(seconds);
    scrub.setAttribute('aria-valuetext', `${clock(seconds)} ${scrub.dataset.of ?? ''} ${clock(this.duration)}`);
    scrub.style.setProperty('--done', `${this.duration ? (100 * seconds) / this.duration : 0}%`);
    this.part('[data-now]').textContent = clock(seconds);
    this.marks.at(seconds);
  }

  private drawBuffered(): void {
    const { buffered, currentTime } = this.video;
    for (let i = 0; i < buffered.length; i += 1) {
      if (buffered.start(i) <= currentTime + 0.5 && buffered.end(i) >= currentTime) {
        this.part<HTMLProgressElement>('[data-buffered]').value = (1000 * buffered.end(i)) / (this.duration || 1);
      }
    }
  }

  /** In full screen the controls rest while nobody touches anything. */
  private wake(): void {
    this.box.removeAttribute('data-resting');
    clearTimeout(this.resting);
    this.resting = window.setTimeout(() => {
      const busy = this.box.querySelector('details[open]') !== null || this.video.paused;
      this.box.toggleAttribute('data-resting', !busy && document.fullscreenElement === this.box);
    }, REST_MS);
  }

  private tellPosition(always = false): void {
    const now = performance.now();
    if (!always && now - this.toldAt < TELL_POSITION_EVERY_MS) return;
    this.toldAt = now;
    this.tell('position', { seconds: Math.round(this.position * 1000) / 1000, duration: this.duration });
  }

  private tell(name: string, detail: object): void {
    this.box.dispatchEvent(new CustomEvent(`gurindam:${name}`, { detail, bubbles: true }));
  }

  private say(words: string): void {
    this.part('[data-said]').textContent = words;
  }

  private press(selector: string, act: () => void): void {
    this.find(selector)?.addEventListener('click', act);
  }

  private part<E extends HTMLElement = HTMLElement>(selector: string): E {
    const found = this.box.querySelector<E>(selector);
    if (!found) throw new Error(`the player has no ${selector}`);
    return found;
  }

  private find(selector: string): HTMLElement | null {
    return this.box.querySelector<HTMLElement>(selector);
  }

  private parts<E extends HTMLElement = HTMLElement>(selector: string): E[] {
    return [...this.box.querySelectorAll<E>(selector)];
  }
}

/** The address may name a second (`#t=212`); else where this person stopped, unless that was the end. */
function startOf(box: HTMLElement, duration: number): number {
  const named = /^#t=(\d+(?:\.\d+)?)$/.exec(location.hash)?.[1];
  const seconds = Number(named ?? box.dataset.start ?? 0);
  return Number.isFinite(seconds) && seconds < duration - 3 ? Math.max(0, seconds) : 0;
}
