/** Gives the video its stream: HLS by the browser itself where it can, by hls.js (loaded only then) where it cannot, else one small file. */
import type Hls from 'hls.js';

export interface Rung {
  name: string;
  src: string;
  bytes: number;
  height: number;
}

export interface Sprite {
  src: string;
  interval: number;
  columns: number;
  rows: number;
  width: number;
  height: number;
}

export interface Sources {
  master: string;
  growing: boolean;
  /** Joined of live pieces with discontinuities between them. */
  pieced?: boolean;
  small: { src: string; bytes: number; name: string } | null;
  /** Qualities, the lightest first; of a recording without a picture they are `sounds`. */
  rungs: Rung[];
  sounds?: Rung[];
  audio_only?: boolean;
  audio: { src: string; bytes: number } | null;
  sprite: Sprite | null;
  poster: string | null;
  duration: number;
}

export class Source {
  private hls: Hls | null = null;
  private loading = 0;

  constructor(
    private readonly video: HTMLVideoElement,
    public sources: Sources,
    private readonly onTrouble: () => void,
  ) {}

  get qualities(): Rung[] {
    return this.sources.audio_only ? (this.sources.sounds ?? []) : this.sources.rungs;
  }

  /** Whether the quality exists for this video. */
  has(quality: string): boolean {
    return quality === 'auto' || (quality === 'audio' && this.sources.audio !== null) || this.qualities.some((rung) => rung.name === quality);
  }

  /** Show this quality; `at` is asked where to begin when the stream is there, for one may jump while it comes. */
  async load(quality: string, at: () => number, play: boolean): Promise<void> {
    const turn = ++this.loading;
    const address = this.addressOf(quality);
    const { video } = this;
    const { playbackRate } = video;
    video.addEventListener(
      'loadedmetadata',
      () => {
        if (turn !== this.loading) return;
        video.playbackRate = playbackRate;
        const { seekable } = video;
        const end = this.sources.growing && seekable.length ? seekable.end(seekable.length - 1) - 1 : this.sources.duration - 0.2;
        if (at() > 0.1) video.currentTime = Math.max(0, Math.min(at(), end));
      },
      { once: true },
    );
    if (this.isNative()) {
      this.hls?.destroy(); // a video that was growing a moment ago
      this.hls = null;
      video.src = address;
    } else {
      const { default: Hls } = await import('hls.js/light');
      if (turn !== this.loading) return;
      this.hls?.destroy();
      this.hls = null;
      if (Hls.isSupported()) {
        const startPosition = at() > 0.1 ? at() : 0; // without one a growing stream would begin at its end
        const hls = new Hls({ enableWorker: false, startPosition, capLevelToPlayerSize: true });
        hls.on(Hls.Events.ERROR, (_event, data) => {
          if (data.fatal) this.onTrouble();
        });
        hls.loadSource(address);
        hls.attachMedia(video);
        this.hls = hls;
      } else {
        video.src = this.sources.small?.src ?? address;
      }
    }
    if (play) await video.play().catch(() => undefined); // a browser that wants a press first shows the button again
  }

  /** Chromium refuses a playlist that has no end yet (seen in 156: DEMUXER_ERROR_COULD_NOT_PARSE); Safari, where HLS comes from, plays it. */
  private isNative(): boolean {
    if (!this.video.canPlayType('application/vnd.apple.mpegurl')) return false;
    const isPlain = !this.sources.growing && !this.sources.pieced;
    return isPlain || 'WebKitPlaybackTargetAvailabilityEvent' in window;
  }

  private addressOf(quality: string): string {
    const { sources } = this;
    if (quality === 'audio' && sources.audio) return sources.audio.src;
    return this.qualities.find((rung) => rung.name === quality)?.src ?? sources.master;
  }
}
