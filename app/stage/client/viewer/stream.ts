/**
 * One live stream in one media element. It keeps a delay that the link can hold: a link that stalls gets more, by playing a little slower, and
 * gives it back when it is calm. That is what spares listeners the gaps; a fixed small delay is faster and breaks.
 */
import type Hls from 'hls.js';
import type { HlsConfig, LevelDetails, LoadPolicy, RetryConfig } from 'hls.js';

const FIRST_DELAY = 2.2; // seconds behind what the server has
const LONGEST_DELAY = 9;
const MORE_AFTER_STALL = 2;
const CALM_MS = 60_000;
const BEGINNING_MS = 3000; // who has just come has little stored: a halt then says nothing of the link
const LESS_WHEN_CALM = 0.5;
const LATE = 0.4; // seconds beyond that delay: on a link that never stalled enough to catch up; one that has stalled keeps what it has stored
const FASTER = 1.08;
const SLOWER = 0.93;
const FRESH_LIST_MS = 3000;
const AGAIN_MS = 1500;
const STUCK_MS = 6000;
const STORED_ENOUGH = 2; // seconds: whoever has that much plays on while the library looks for news by itself

export interface StreamHears {
  /** The last segment of the webinar was played. */
  onEnd(): void;
  /** The browser wants a press before it makes a sound. */
  onMustPress(): void;
}

export class Stream {
  private hls: Hls | null = null;
  private details: LevelDetails | null = null;
  private listAt = 0;
  private askedAt = 0; // for the last piece
  private again = (): void => undefined;
  private turn = 0;
  private target = FIRST_DELAY;
  private calmSince = performance.now();
  private stalled = false;
  private started = false;
  private startedAt = 0;
  private hurries = false;

  constructor(
    readonly media: HTMLMediaElement,
    private readonly serverNow: () => number,
    private readonly hears: StreamHears,
  ) {
    media.addEventListener('ended', () => hears.onEnd());
    media.addEventListener('waiting', () => this.stall());
    media.addEventListener('playing', () => {
      if (!this.started) this.startedAt = performance.now();
      this.started = true;
      this.stalled = false;
    });
  }

  /** Begin at what is live. `address` is asked for each request, because it changes with the hour. */
  async load(address: () => string, lowestOnly: boolean): Promise<void> {
    const turn = ++this.turn;
    this.drop();
    this.again = () => void this.load(address, lowestOnly);
    const { default: Made } = await import('hls.js/light');
    if (turn !== this.turn) return;
    if (!Made.isSupported()) {
      this.media.src = address(); // phones without MSE play it themselves
      this.play();
      return;
    }
    const hls = new Made(settings(address, this.target));
    this.hls = hls;
    hls.on(Made.Events.MANIFEST_PARSED, () => {
      hls.autoLevelCapping = lowestOnly ? 0 : -1;
      this.play();
    });
    hls.on(Made.Events.LEVEL_UPDATED, (_event, { details }) => {
      this.details = details;
      this.listAt = performance.now();
    });
    hls.on(Made.Events.LEVEL_LOADED, () => (this.listAt = performance.now()));
    hls.on(Made.Events.FRAG_LOADING, () => (this.askedAt = performance.now()));
    hls.on(Made.Events.ERROR, (_event, { fatal, type }) => {
      if (!fatal) return;
      if (type === Made.ErrorTypes.MEDIA_ERROR) hls.recoverMediaError();
      else setTimeout(() => turn === this.turn && this.again(), AGAIN_MS);
    });
    hls.loadSource(address());
    hls.attachMedia(this.media);
  }

  stop(): void {
    this.turn += 1;
    this.drop();
    this.media.removeAttribute('src');
    this.media.load();
  }

  private drop(): void {
    this.hls?.destroy();
    this.hls = null;
    this.details = null;
    this.started = false;
    this.calmSince = this.askedAt = performance.now();
  }

  play(): void {
    this.media.play().catch((error: DOMException) => error.name === 'NotAllowedError' && this.hears.onMustPress());
  }

  /** The link is there again: look for news at once, not when the next try is due. */
  resume(): void {
    if (this.hls?.loadingEnabled && this.ahead < STORED_ENOUGH) this.hls.startLoad();
  }

  /** Go on with what is live now. */
  toLive(): void {
    const at = this.hls?.liveSyncPosition;
    if (at !== null && at !== undefined && at > this.media.currentTime) this.media.currentTime = at;
  }

  set lowestOnly(wanted: boolean) {
    if (this.hls) this.hls.autoLevelCapping = wanted ? 0 : -1;
  }

  /** A quality by its place, the lightest first; null: by itself. It holds from the next piece on: what is stored is played. */
  choose(level: number | null): void {
    if (!this.hls || !this.started || this.hls.manualLevel === (level ?? -1)) return; // before it plays, the library loses its way
    this.hls.loadLevel = level ?? -1;
  }

  get isLowest(): boolean {
    return this.hls !== null && this.hls.levels.length > 1 && this.hls.currentLevel === 0;
  }

  get bitrates(): number[] {
    return this.hls?.levels.map((level) => level.bitrate) ?? [];
  }

  get hasStarted(): boolean {
    return this.started;
  }

  /** Seconds that are there to play without another byte. */
  get ahead(): number {
    const { buffered, currentTime } = this.media;
    for (let i = 0; i < buffered.length; i += 1) {
      if (buffered.start(i) <= currentTime + 0.2 && buffered.end(i) > currentTime) return buffered.end(i) - currentTime;
    }
    return 0;
  }

  /** Nothing more could be there: the list is fresh and all it names has been fetched. The speaker's side is silent, not this link. */
  get hasAllThereIs(): boolean {
    if (!this.details) return false;
    const fresh = performance.now() - this.listAt < FRESH_LIST_MS;
    return fresh && this.media.currentTime + this.ahead > this.details.edge - 0.4;
  }

  /** The server's moment of what is being played, in ms; null when nothing says so. */
  get moment(): number | null {
    return this.hls?.playingDate?.getTime() ?? null;
  }

  get delaySeconds(): number | null {
    return this.moment === null ? null : Math.max(0, (this.serverNow() - this.moment) / 1000);
  }

  /** The place in the media at which this moment is played, once it is there. */
  placeOf(moment: number): number | null {
    const own = this.moment;
    if (own === null) return null;
    const at = this.media.currentTime + (moment - own) / 1000;
    const { buffered } = this.media;
    for (let i = 0; i < buffered.length; i += 1) {
      if (at >= buffered.start(i) && at < buffered.end(i) - 0.2) return at;
    }
    return null;
  }

  private stall(): void {
    const isBeginning = !this.started || performance.now() - this.startedAt < BEGINNING_MS;
    if (isBeginning || this.media.seeking || this.stalled || this.hasAllThereIs) return;
    this.stalled = true;
    this.target = Math.min(LONGEST_DELAY, this.target + MORE_AFTER_STALL);
    this.calmSince = performance.now();
  }

  /** The list names pieces that nobody fetches, and nothing is left to play: the library has lost its way. */
  private get isStuck(): boolean {
    const now = performance.now();
    const knowsMore = this.details !== null && now - this.listAt < FRESH_LIST_MS && !this.hasAllThereIs;
    return knowsMore && this.ahead < 0.1 && now - this.askedAt > STUCK_MS;
  }

  /** A few times a second: a little slower, or a little faster, towards the delay that this link needs. */
  keepPace(): void {
    const now = performance.now();
    if (this.isStuck) this.again();
    if (now - this.calmSince > CALM_MS) {
      this.target = Math.max(FIRST_DELAY, this.target - LESS_WHEN_CALM);
      this.calmSince = now;
    }
    const delay = this.hls && this.details ? this.details.edge + (now - this.listAt) / 1000 - this.media.currentTime : null;
    if (delay === null || this.media.paused) return;
    if (this.target > FIRST_DELAY || delay < this.target + LATE / 5) this.hurries = false;
    else if (delay > this.target + LATE) this.hurries = true;
    if (this.hurries && this.ahead > 0.9) {
      this.media.playbackRate = FASTER;
      return;
    }
    const rate = delay > this.target + 0.8 && this.ahead > 1.2 ? FASTER : delay < this.target - 0.5 || this.ahead < 0.7 ? SLOWER : 1;
    if (this.media.playbackRate !== rate && !this.hasAllThereIs) this.media.playbackRate = rate;
    else if (this.hasAllThereIs && this.media.playbackRate !== 1 && rate >= 1) this.media.playbackRate = 1;
  }
}

function settings(address: () => string, delay: number): Partial<HlsConfig> {
  return {
    enableWorker: false,
    lowLatencyMode: true,
    liveSyncDuration: delay,
    liveMaxLatencyDuration: 18,
    maxLiveSyncPlaybackRate: 1, // `keepPace` does it
    maxBufferLength: 14,
    backBufferLength: 10,
    startLevel: 0, // the small picture is there first
    testBandwidth: false,
    abrEwmaFastLive: 2,
    abrEwmaSlowLive: 6,
    manifestLoadPolicy: tries(6, 1000, 20_000),
    playlistLoadPolicy: tries(20, 300, 4000),
    fragLoadPolicy: tries(20, 300, 8000),
    xhrSetup: (xhr, url) => xhr.open('GET', withTokenOf(address(), url), true),
  };
}

/** So many tries, each given so long. A server that is away for a moment (status 0) is no reason to begin anew: what is stored plays on meanwhile. */
function tries(maxNumRetry: number, retryDelayMs: number, longestMs: number): LoadPolicy {
  const again: RetryConfig = {
    maxNumRetry,
    retryDelayMs,
    maxRetryDelayMs: 2000,
    shouldRetry: (_config, count, _isTimeout, answer, wouldRetry) => wouldRetry || (count < maxNumRetry && answer?.code === 0),
  };
  return { default: { maxTimeToFirstByteMs: longestMs, maxLoadTimeMs: longestMs, timeoutRetry: again, errorRetry: again } };
}

/** The same file by the address that holds in this hour. */
function withTokenOf(address: string, url: string): string {
  const token = /\/media\/([^/]+)\//.exec(address)?.[1];
  return token ? url.replace(/\/media\/[^/]+\//, `/media/${token}/`) : url;
}
