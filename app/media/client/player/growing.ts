/**
 * A video that is still being made. Its playlists grow, and the browser reads them again by itself. This says how far it can be watched,
 * waits with the viewer at the end of what there is, and notices when everything is there.
 */
import type { Sources } from './source';
import { clock } from '../../../ui/client/parts/time';

const ASK_EVERY_MS = 4000;
const EDGE_SECONDS = 1.5;
const STUCK_MS = 12_000;

export interface Hooks {
  /** Seconds that can be played; null when all of it can. */
  available: (until: number | null) => void;
  /** Everything is there: the final addresses and weights. */
  complete: (sources: Sources) => void;
  /** The stream stands at an end that has moved on: begin it anew at this place. */
  reload: () => void;
}

interface Standing {
  state: string;
  words: string;
  sources?: Sources;
}

export class Growing {
  on = true;
  private waitingSince = 0;
  private told = '';

  constructor(
    private readonly box: HTMLElement,
    private readonly video: HTMLVideoElement,
    private readonly hooks: Hooks,
  ) {
    for (const name of ['waiting', 'ended', 'stalled'] as const) video.addEventListener(name, () => this.wait());
    for (const name of ['playing', 'pause', 'seeking', 'emptied'] as const) video.addEventListener(name, () => this.goOn());
    for (const name of ['durationchange', 'progress', 'loadeddata', 'timeupdate'] as const) video.addEventListener(name, () => this.draw());
    this.ask();
  }

  /** The last second that can be gone to; null while that is not known. */
  get until(): number | null {
    const { seekable } = this.video;
    return seekable.length ? seekable.end(seekable.length - 1) : null;
  }

  /** Whether playing stopped because there is nothing more yet. */
  get isAtEdge(): boolean {
    return this.on && this.until !== null && this.video.currentTime >= this.until - EDGE_SECONDS;
  }

  private wait(): void {
    if (!this.isAtEdge) return;
    this.waitingSince ||= performance.now();
    this.box.setAttribute('data-at-edge', '');
    this.box.removeAttribute('data-waiting');
    this.draw();
  }

  private goOn(): void {
    this.waitingSince = 0;
    this.box.removeAttribute('data-at-edge');
  }

  private draw(): void {
    if (!this.on) return;
    const { until } = this;
    if (until !== null) this.hooks.available(until);
    const note = this.box.querySelector<HTMLElement>('[data-growing]');
    if (!note) return;
    const words = this.waitingSince ? note.dataset.edge : until === null ? note.dataset.begins : note.dataset.until?.replace('{time}', clock(until));
    const text = [words, this.told].filter(Boolean).join(' ');
    if (note.textContent !== text) note.textContent = text;
    note.hidden = false;
  }

  private ask(): void {
    setTimeout(() => {
      if (document.hidden && this.video.paused) this.ask();
      else void this.look().finally(() => this.on && this.ask());
    }, ASK_EVERY_MS);
  }

  private async look(): Promise<void> {
    const standing = await fetch(this.box.dataset.assetUrl ?? '', { headers: { Accept: 'application/json' } })
      .then((answer) => (answer.ok ? (answer.json() as Promise<Standing>) : null))
      .catch(() => null); // offline: ask again later
    if (!standing) return;
    if (standing.sources && !standing.sources.growing) {
      this.on = false;
      this.box.querySelector<HTMLElement>('[data-growing]')?.setAttribute('hidden', '');
      this.hooks.available(null);
      this.hooks.complete(standing.sources);
      if (this.waitingSince) this.hooks.reload();
      this.goOn();
      return;
    }
    this.told = standing.words;
    this.draw();
    if (this.waitingSince && performance.now() - this.waitingSince > STUCK_MS) {
      this.waitingSince = performance.now();
      this.hooks.reload();
    }
  }
}
