/**
 * One live stream in one media element. It keeps a delay that the link can hold: a link that stalls gets more, by playing a little slower, and
 * gives it back when it is calm. That is what spares listeners the gaps; a fixed small delay is faster and breaks.
 */
import type Hls from 'hls.js';
import type { HlsConfig, LevelDetails, LoadPolicy, RetryConfig } from 'hls.js';
import { ofThisMoment, patientLists } from './lists';

const RESERVE = 0.6; // seconds left to play when the next piece comes, at the worst moment of the last half minute
const LONGEST_RESERVE = 7.5;
const LONGEST_DELAY = 18; // whoever is further behind goes on with what is live
const PIECE = 1.1; // seconds of a piece, and the way of its name to here
const MORE_AFTER_STALL = 2.5;
const LESS_WHEN_CALM = 0.5;
const CALM_MS = 60_000;
const BEGINNING_MS = 3000; // who has just come has little stored: a halt then says nothing of the link
const FILLING_MS = 800; // and what is left before the second piece is there says nothing of the reserve
const REMEMBERED_MS = 30_000;
const LATELY_MS = 2200; // the last piece or two
const THIN = 1.4; // seconds: with that much left nobody needs the sound beside the picture, whatever the reserve
const SILENT_SECONDS = 3; // nothing new for so long: it is the stage
const TOO_MUCH = 0.2;
const FAR_TOO_MUCH = 0.6;
const TOO_LITTLE = 0.35;
const NEARLY = 0.05;
const MUCH_FASTER = 1.15; // speech is still speech: for whoever has just come or was away
const FASTER = 1.08;
const SLOWER = 0.93;
const FRESH_LIST_MS = 3000;
const AGAIN_MS = 1500;
const STUCK_MS = 6000;
const STORED_ENOUGH = 2; // seconds: whoever has that much plays on while the library looks for news by itself

export type Quality = 'low' | 'video';

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
  private reserve = RESERVE;
  private calmSince = performance.now();
  private stalled = false;
  private started = false;
  private startedAt = 0;
  private left: { at: number; seconds: number }[] = []; // to play when the next piece came, of the last half minute
  private chosen: Quality | null = null;

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
      this.aim();
      this.stalled = false;
    });
  }

  /**
   * Begin at what is live, or where `beside` plays on the same link. `address` is asked for each request, because it changes with the hour.
   */
  async load(address: () => string, lowestOnly: boolean, beside?: Stream): Promise<void> {
    const turn = ++this.turn;
    this.drop();
    this.reserve = Math.max(this.reserve, beside?.reserve ?? 0);
    this.again = () => void this.load(address, lowestOnly);
    const Made = await library().catch(() => null); // a link that gives up in the middle
    if (turn !== this.turn) return;
    if (!Made) {
      this.tryAgain(turn);
      return;
    }
    if (!Made.isSupported()) {
      this.media.src = address(); // phones without MSE play it themselves
      this.play();
      return;
    }
    const asked = (url: string): string => ofThisMoment(withTokenOf(address(), url), this.serverNow());
    const begin = (): void => {
      if (!this.details) hls.config.liveSyncDuration = Math.min(LONGEST_DELAY - 4, Math.max(this.reserve + PIECE, beside ? beside.behind + PIECE : 0));
    };
    const hls: Hls = new Made({ ...settings(asked, this.reserve + PIECE), pLoader: patientLists(Made.DefaultConfig.loader, begin) });
    this.hls = hls;
    hls.on(Made.Events.MANIFEST_PARSED, () => {
      hls.autoLevelCapping = lowestOnly ? 0 : -1;
      if (this.chosen) hls.loadLevel = levelOf(this.chosen, hls); // before the first piece is asked for, so that it is one of these
      this.play();
    });
    hls.on(Made.Events.LEVEL_UPDATED, (_event, { details }) => {
      this.details = details;
      this.listAt = performance.now();
    });
    hls.on(Made.Events.LEVEL_LOADED, () => (this.listAt = performance.now()));
    hls.on(Made.Events.FRAG_BUFFERED, (_event, { frag }) => this.note(this.ahead - frag.duration));
    hls.on(Made.Events.FRAG_LOADING, () => (this.askedAt = performance.now()));
    hls.on(Made.Events.ERROR, (_event, { fatal, type }) => {
      if (!fatal) return;
      if (type === Made.ErrorTypes.MEDIA_ERROR) hls.recoverMediaError();
      else this.tryAgain(turn);
    });
    hls.loadSource(address());
    hls.attachMedia(this.media);
  }

  private tryAgain(turn: number): void {
    setTimeout(() => turn === this.turn && this.again(), AGAIN_MS);
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
    this.left = [];
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

  /** A quality, or null: by itself. It holds from the first piece on when chosen before, else from the next piece on: what is stored is played. */
  choose(quality: Quality | null): void {
    this.chosen = quality;
    if (!this.hls || !this.started) return; // while the first piece is on its way, the library would lose it
    const level = quality ? levelOf(quality, this.hls) : -1;
    if (this.hls.manualLevel !== level) this.hls.loadLevel = level;
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

  /** Much less is left to play than this link needs: the sound is worth fetching beside it. */
  get isThin(): boolean {
    return this.ahead < Math.min(THIN, this.reserve - TOO_LITTLE);
  }

  /** As much is left as this link needs at its worst moments, and half a piece. */
  get isAmple(): boolean {
    return this.ahead > this.reserve + PIECE / 2;
  }

  /** Seconds behind what the server has by now, as far as it is known. */
  private get behind(): number {
    return this.details ? this.details.edge + this.details.age - this.media.currentTime : 0;
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
    this.keepMore();
  }

  /** What was kept in store was not enough for this link. */
  keepMore(): void {
    this.reserve = Math.min(LONGEST_RESERVE, this.reserve + MORE_AFTER_STALL);
    this.calmSince = performance.now();
    this.aim();
  }

  /** Where the library goes on when it has to begin anew. */
  private aim(): void {
    if (this.hls && this.started) this.hls.config.liveSyncDuration = this.reserve + PIECE;
  }

  /** So much was left to play when a piece came. */
  private note(seconds: number): void {
    const now = performance.now();
    if (!this.started || !this.ahead || now - this.startedAt < FILLING_MS) return;
    this.left.push({ at: now, seconds });
    this.keepPace(); // the clock of a page that nobody sees hardly goes
  }

  /** The list names pieces that nobody fetches, and nothing is left to play: the library has lost its way. */
  private get isStuck(): boolean {
    const now = performance.now();
    const knowsMore = this.details !== null && now - this.listAt < FRESH_LIST_MS && !this.hasAllThereIs;
    return knowsMore && this.ahead < 0.1 && now - this.askedAt > STUCK_MS;
  }

  /** A few times a second: a little slower, or a little faster, until as much is left to play at the worst moments as this link needs. */
  keepPace(): void {
    const now = performance.now();
    if (this.isStuck) this.again();
    if (now - this.calmSince > CALM_MS) {
      this.reserve = Math.max(RESERVE, this.reserve - LESS_WHEN_CALM);
      this.calmSince = now;
    }
    if (!this.started || this.media.paused) return;
    this.left = this.left.filter(({ at }) => now - at < REMEMBERED_MS);
    const rate = this.pace(now);
    if (this.media.playbackRate !== rate) this.media.playbackRate = rate;
  }

  private pace(now: number): number {
    if (!this.left.length || (this.details?.age ?? 0) > SILENT_SECONDS) return 1;
    const least = (since: number): number => Math.min(this.ahead, ...this.left.filter(({ at }) => at >= since).map(({ seconds }) => seconds));
    if (least(now - LATELY_MS) < this.reserve - TOO_LITTLE) return SLOWER;
    const spare = least(0) - this.reserve;
    if (spare > FAR_TOO_MUCH) return MUCH_FASTER;
    return spare > (this.media.playbackRate > 1 ? NEARLY : TOO_MUCH) ? FASTER : 1;
  }
}

async function library(): Promise<typeof Hls> {
  return (await import('hls.js/light')).default;
}

/** Qualities are listed from the lightest on. */
function levelOf(quality: Quality, hls: Hls): number {
  return quality === 'low' ? 0 : hls.levels.length - 1;
}

function settings(asked: (url: string) => string, delay: number): Partial<HlsConfig> {
  return {
    enableWorker: false,
    lowLatencyMode: true,
    liveSyncDuration: delay,
    liveMaxLatencyDuration: LONGEST_DELAY,
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
    xhrSetup: (xhr, url) => xhr.open('GET', asked(url), true),
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
