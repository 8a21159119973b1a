/** Numbers as people of this page's language write them, and the sentences that the server gave. */
const language = document.documentElement.lang || 'id';

export type Texts = Record<string, string>;

export function fill(text: string | undefined, values: Record<string, string | number> = {}): string {
  return (text ?? '').replace(/\{(\w+)\}/g, (_whole, name: string) => String(values[name] ?? ''));
}

export function size(bytes: number, texts: Texts): string {
  if (bytes < 1000) return fill(texts['bytes'], { count: bytes });
  const [unit, factor, digits] = bytes >= 1e9 ? ['GB', 1e9, 1] : bytes >= 1e6 ? ['MB', 1e6, 1] : (['kB', 1e3, 0] as const);
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: digits as number, minimumFractionDigits: digits as number });
  return `${number.format(bytes / (factor as number))} ${unit}`;
}

/** A limit as it was meant: whole GB or MB of the old kind, so that what a file manager calls 4 GB fits. */
export function limit(bytes: number): string {
  return bytes >= 2 ** 30 ? `${Math.floor(bytes / 2 ** 30)} GB` : `${Math.floor(bytes / 2 ** 20)} MB`;
}

/** Whole percent; a hundred only when it is true. */
export function share(sent: number, whole: number): number {
  return sent >= whole ? 100 : Math.min(99, Math.floor((100 * sent) / whole));
}

/** Time left in steps that do not jump about. */
export function time(seconds: number, texts: Texts): string {
  if (seconds < 15) return fill(texts['seconds']);
  const minutes = Math.max(1, Math.round(seconds / 60));
  if (minutes < 60) return fill(texts['minutes'], { minutes });
  return fill(texts['hours'], { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
}

export function day(moment: string): string {
  return new Intl.DateTimeFormat(language, { day: 'numeric', month: 'long' }).format(new Date(moment));
}
