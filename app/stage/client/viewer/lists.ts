/**
 * The lists of a live stream. The library asks by a clock of its own, so that a piece that is there is heard of up to a second later, and the delay
 * of every viewer swings by that. Here it asks a little earlier each time until it comes too early, and then again a moment later, as long as pieces
 * are coming. RFC 8216 (6.3.4) wants half a piece's length of patience, towards servers that one does not know.
 */
import type { HlsConfig, Loader, LoaderCallbacks, LoaderConfiguration, LoaderContext, LoaderStats, PlaylistLoaderConstructor, PlaylistLoaderContext } from 'hls.js';

const MOMENT_MS = 200;
const TIMES = 4;
const EARLIER_MS = 50;
const SPREAD_MS = 300; // not all who watch ask at the same moment
const COMING_MS = 2000; // a list that has said the same for longer stands still: no need to hurry

type Usual = new (config: HlsConfig) => Loader<LoaderContext>; // of everything, lists too

/** The address of a list as it is now: a browser keeps a list for a second. The library may bring an earlier moment's address. */
export function ofThisMoment(url: string, serverNow: number): string {
  const [file = url] = url.split('?');
  return file.endsWith('.m3u8') ? `${file}?t=${Math.floor(serverNow / MOMENT_MS)}` : url;
}

/** Lists as the library fetches them, but patient. Made for each stream, since it remembers what the last list said; `onList` comes before it is read. */
export function patientLists(Made: Usual, onList: () => void): PlaylistLoaderConstructor {
  const latest = { text: '', since: 0 };

  return class implements Loader<PlaylistLoaderContext> {
    context: PlaylistLoaderContext | null = null;
    private usual: Loader<PlaylistLoaderContext>;
    private soon = 0;

    constructor(private readonly config: HlsConfig) {
      this.usual = this.another();
    }

    private another(): Loader<PlaylistLoaderContext> {
      return new Made(this.config) as Loader<PlaylistLoaderContext>;
    }

    get stats(): LoaderStats {
      return this.usual.stats;
    }

    load(context: PlaylistLoaderContext, how: LoaderConfiguration, callbacks: LoaderCallbacks<PlaylistLoaderContext>): void {
      this.context = context;
      this.ask(how, callbacks, context.type === 'level' ? TIMES : 0);
    }

    private ask(how: LoaderConfiguration, callbacks: LoaderCallbacks<PlaylistLoaderContext>, times: number): void {
      const onSuccess: typeof callbacks.onSuccess = (response, stats, context, details) => {
        const now = performance.now();
        if (response.data !== latest.text) {
          Object.assign(latest, { text: response.data, since: now });
          const before = context.levelOrTrack?.details; // the next request is counted from what stands here
          if (before) before.requestScheduled = stats.loading.start + (times === TIMES ? -EARLIER_MS : Math.random() * SPREAD_MS);
        } else if (times && now - latest.since < COMING_MS) {
          this.soon = window.setTimeout(() => {
            this.usual.destroy();
            this.usual = this.another();
            this.ask(how, callbacks, times - 1);
          }, MOMENT_MS);
          return;
        }
        onList();
        callbacks.onSuccess(response, stats, context, details);
      };
      if (this.context) this.usual.load(this.context, how, { ...callbacks, onSuccess });
    }

    abort(): void {
      clearTimeout(this.soon);
      this.usual.abort();
    }

    destroy(): void {
      clearTimeout(this.soon);
      this.usual.destroy();
    }

    getCacheAge(): number | null {
      return this.usual.getCacheAge?.() ?? null;
    }

    getResponseHeader(name: string): string | null {
      return this.usual.getResponseHeader?.(name) ?? null;
    }
  };
}
