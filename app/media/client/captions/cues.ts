/** Captions as values: every change gives a new list and leaves the old one whole, so that undoing is keeping lists. */
export interface Cue {
  /** Stays the same while the cue is edited; only for this page. */
  readonly key: number;
  readonly begin: number;
  readonly end: number;
  readonly text: string;
  readonly name: string;
  readonly settings: string;
}

export type Cues = readonly Cue[];

const SHORTEST = 0.1;
const NEW_SECONDS = 2;
const ONE_LINE = 42; // characters that fit the screen in one line
let keys = 0;

export function cue(given: Omit<Cue, 'key'>): Cue {
  keys += 1;
  return { ...given, key: keys };
}

export function exact(seconds: number): number {
  return Math.max(0, Math.round(seconds * 1000) / 1000);
}

/** "01:02.500", or "1:02:03.000" from one hour on. */
export function showTime(seconds: number): string {
  const thousandths = Math.round(seconds * 1000);
  const two = (n: number): string => String(n).padStart(2, '0');
  const hours = Math.floor(thousandths / 3_600_000);
  const rest = `${two(Math.floor(thousandths / 60_000) % 60)}:${two(Math.floor(thousandths / 1000) % 60)}.${String(thousandths % 1000).padStart(3, '0')}`;
  return hours ? `${two(hours)}:${rest}` : rest;
}

/** Reads "1:02.5", "62,5" or "00:01:02.500"; null when it is no time. */
export function readTime(text: string): number | null {
  const parts = /^(?:(?:(\d{1,2}):)?(\d{1,3}):)?(\d{1,4})(?:[.,](\d{1,3}))?$/.exec(text.trim());
  if (!parts) return null;
  const [, hours = '0', minutes = '0', seconds = '0', part = '0'] = parts;
  if (parts[2] !== undefined && Number(seconds) > 59) return null;
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds) + Number(part.padEnd(3, '0')) / 1000;
}

/** The words without markup, for showing over the picture. */
export function plain(text: string): string {
  const box = document.createElement('textarea');
  box.innerHTML = text.replace(/<[/!?A-Za-z0-9][^<>]*>/g, '').replaceAll('<', '&lt;');
  return box.value;
}

export function change(cues: Cues, at: number, by: Partial<Omit<Cue, 'key'>>): Cues {
  return cues.map((one, place) => (place === at ? { ...one, ...by } : one));
}

/** Divide one cue where the cursor stands; the time is shared as the letters are. */
export function split(cues: Cues, at: number, caret: number): Cues {
  const one = cues[at];
  if (!one) return cues;
  const first = one.text.slice(0, caret).trim();
  const second = one.text.slice(caret).trim();
  const share = first && second ? first.length / (first.length + second.length) : 0.5;
  const length = one.end - one.begin;
  const middle = exact(one.begin + Math.min(Math.max(length * share, Math.min(SHORTEST, length / 2)), length - Math.min(SHORTEST, length / 2)));
  return [
    ...cues.slice(0, at),
    { ...one, end: middle, text: first },
    cue({ begin: middle, end: one.end, text: second, name: '', settings: one.settings }),
    ...cues.slice(at + 1),
  ];
}

export function mergeWithNext(cues: Cues, at: number): Cues {
  const one = cues[at];
  const next = cues[at + 1];
  if (!one || !next) return cues;
  const parts = [one.text.trim(), next.text.trim()].filter(Boolean);
  const oneLine = parts.join(' ');
  const text = oneLine.length > ONE_LINE && !oneLine.includes('\n') ? parts.join('\n') : oneLine;
  return [...cues.slice(0, at), { ...one, end: Math.max(one.end, next.end), text }, ...cues.slice(at + 2)];
}

/** An empty cue after this one (-1: at the beginning), in the gap to the next where there is one. */
export function insertAfter(cues: Cues, at: number, now: number, duration: number): Cues {
  const before = cues[at];
  const next = cues[at + 1];
  const begin = before ? before.end : now;
  const until = Math.min(next ? next.begin : Infinity, duration || Infinity, begin + NEW_SECONDS);
  const end = until - begin >= SHORTEST ? until : begin + 1;
  return [...cues.slice(0, at + 1), cue({ begin: exact(begin), end: exact(end), text: '', name: '', settings: '' }), ...cues.slice(at + 1)];
}

export function remove(cues: Cues, at: number): Cues {
  return cues.filter((_, place) => place !== at);
}

/** Move cues from `first` to before `end` by seconds; nothing begins before zero. */
export function shift(cues: Cues, first: number, end: number, seconds: number): Cues {
  const earliest = Math.min(...cues.slice(first, end).map((one) => one.begin));
  const by = Math.max(seconds, -earliest);
  return cues.map((one, place) => (place >= first && place < end ? { ...one, begin: exact(one.begin + by), end: exact(one.end + by) } : one));
}

/** The place of the last cue that has begun at this second, or -1. */
export function runningAt(cues: Cues, seconds: number): number {
  let found = -1;
  for (const [place, one] of cues.entries()) if (one.begin <= seconds + 0.02) found = place;
  return found;
}

export function same(a: Cues, b: Cues): boolean {
  return (
    a.length === b.length &&
    a.every((one, place) => {
      const other = b[place];
      return other !== undefined && one.begin === other.begin && one.end === other.end && one.text === other.text && one.name === other.name && one.settings === other.settings;
    })
  );
}
