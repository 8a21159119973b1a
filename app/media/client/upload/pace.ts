/** Speed and time left, smoothed so that people can read them; a pause does not count as slowness. */
const SMOOTH_S = 8;
const FIRST_AFTER_S = 2;

export class Pace {
  private rate = 0;
  private last: { at: number; bytes: number } | null = null;
  private watched = 0;

  reset(): void {
    this.last = null;
  }

  note(bytes: number, at = performance.now() / 1000): void {
    if (!this.last || bytes < this.last.bytes) {
      this.last = { at, bytes };
      return;
    }
    const seconds = at - this.last.at;
    if (seconds < 0.5) return;
    const now = (bytes - this.last.bytes) / seconds;
    const weight = 1 - Math.exp(-seconds / SMOOTH_S);
    this.rate = this.watched === 0 ? now : this.rate + weight * (now - this.rate);
    this.watched += seconds;
    this.last = { at, bytes };
  }

  /** Bytes per second; null before there is something to say. */
  get speed(): number | null {
    return this.watched >= FIRST_AFTER_S && this.rate > 0 ? this.rate : null;
  }

  secondsFor(bytes: number): number | null {
    return this.speed === null ? null : bytes / this.speed;
  }
}
