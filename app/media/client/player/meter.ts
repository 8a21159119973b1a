/**
 * Measures which seconds of a video were really played, and says so in slices of about one second.
 *
 * The position is looked at ten times a second while playing. What moved further than time passed is a jump and counts for nothing.
 */
export interface Played {
  from: number;
  to: number;
  rate: number;
}

const LOOK_EVERY_MS = 100;
const SLICE_SECONDS = 1;
const TOLERANCE_SECONDS = 0.5;

export class Meter {
  private slice: Played | null = null;
  private lookedAt = 0;
  private timer = 0;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly tell: (played: Played) => void,
  ) {
    video.addEventListener('playing', () => this.start());
    video.addEventListener('timeupdate', () => this.look());
    video.addEventListener('seeking', () => this.close());
    video.addEventListener('emptied', () => this.close());
    video.addEventListener('ratechange', () => this.close());
    for (const name of ['pause', 'ended'] as const) {
      video.addEventListener(name, () => {
        this.look();
        this.stop();
      });
    }
  }

  /** Say at once what was played up to now: before a report, before the page goes. */
  flush(): void {
    this.look();
    this.say();
  }

  private start(): void {
    this.lookedAt = performance.now();
    clearInterval(this.timer);
    this.timer = window.setInterval(() => this.look(), LOOK_EVERY_MS);
    this.look();
  }

  private stop(): void {
    clearInterval(this.timer);
    this.timer = 0;
    this.close();
  }

  private look(): void {
    const { video, slice } = this;
    if (video.seeking || !this.timer) return;
    const now = performance.now();
    const at = video.currentTime;
    if (!slice) {
      if (!video.paused) this.slice = { from: at, to: at, rate: video.playbackRate };
    } else {
      const moved = at - slice.to;
      const possible = ((now - this.lookedAt) / 1000) * slice.rate + TOLERANCE_SECONDS;
      if (moved < 0 || moved > possible) {
        this.say();
        this.slice = { from: at, to: at, rate: video.playbackRate };
      } else {
        slice.to = at;
        if (slice.to - slice.from >= SLICE_SECONDS) this.say();
      }
    }
    this.lookedAt = now;
  }

  private say(): void {
    const { slice } = this;
    if (!slice || slice.to - slice.from < 0.01) return;
    this.tell({ from: round(slice.from), to: round(slice.to), rate: slice.rate });
    slice.from = slice.to;
  }

  private close(): void {
    this.say();
    this.slice = null;
  }
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
