/** Somebody's minutes: what the server counted, going on while they are connected and the webinar is on air. */
export class PresenceClock {
  private liveAt: number | null = null;
  private endedAt: number | null = null;
  private counted = 0;
  private since: number | null = null;

  constructor(private readonly now: () => number) {}

  /** From when to when presence counts, as the server says it. */
  set(liveAt: string | null, endedAt: string | null): void {
    this.liveAt = liveAt === null ? null : Date.parse(liveAt);
    this.endedAt = endedAt === null ? null : Date.parse(endedAt);
  }

  /** So much was counted up to a moment; it goes on from there. */
  count(presentMs: number, upTo: number): void {
    this.counted = presentMs;
    this.since = upTo;
  }

  pause(): void {
    if (this.since === null) return;
    this.counted = this.presentMs();
    this.since = null;
  }

  goOn(): void {
    this.since ??= this.now();
  }

  presentMs(): number {
    if (this.liveAt === null || this.since === null) return this.counted;
    return this.counted + Math.max(0, Math.min(this.now(), this.endedAt ?? Infinity) - Math.max(this.since, this.liveAt));
  }

  /** How long the webinar is, as planned until it has ended. */
  plannedMs(startsAt: number, endsAt: number): number {
    const from = this.liveAt ?? startsAt;
    const until = this.endedAt ?? Math.max(endsAt, this.liveAt === null ? 0 : this.now());
    return Math.max(60_000, until - from);
  }

  get hasBegun(): boolean {
    return this.liveAt !== null;
  }

  get isOver(): boolean {
    return this.endedAt !== null;
  }
}

export function minutesOf(milliseconds: number): number {
  return Math.floor(milliseconds / 60_000);
}

/** A sentence of the catalogue with its `%(name)s` filled in. */
export function fill(sentence: string | undefined, values: Record<string, string | number>): string {
  return (sentence ?? '').replace(/%\((\w+)\)s/g, (whole, name: string) => String(values[name] ?? whole));
}
