/**
 * Whether the recorder keeps up with what is drawn. A browser takes in every frame it is given and keeps it, four megabytes each, until its encoder has
 * time for it: on a slow machine minutes of pictures would gather in memory and reach the audience late. So frames are held back instead.
 */
const HOLD_MS = 1000;
const BEGIN_MS = 2000; // an encoder that is only being set up is given so much, as long as nothing of the recording has been written
const TRY_AGAIN_MS = 3000; // an encoder that let frames go says nothing of them

export class Pace {
  private drawnAt = 0;
  private begunAt: number | null = null; // the first frame for this recorder
  private writtenMs: number | null = null;
  private least = Infinity; // between the two clocks, when nothing lies between drawing and writing
  private held = false;

  /** A recorder begins: its clock is a new one. */
  restart(): void {
    this.writtenMs = this.begunAt = null;
    this.least = Infinity;
  }

  drew(): void {
    this.drawnAt = performance.now();
    this.begunAt ??= this.drawnAt;
  }

  /** The recording holds everything up to this moment of its own clock. */
  wrote(ms: number | null): void {
    if (ms === null) return;
    this.writtenMs = ms;
    this.least = Math.min(this.least, this.drawnAt - ms);
  }

  /** So much of what was drawn is not yet in the recording. */
  get lagMs(): number {
    if (this.writtenMs === null) return this.drawnAt - (this.begunAt ?? this.drawnAt);
    return Math.max(0, this.drawnAt - this.writtenMs - this.least);
  }

  get mayDraw(): boolean {
    const may = this.lagMs < (this.writtenMs === null ? BEGIN_MS : HOLD_MS) || performance.now() - this.drawnAt > TRY_AGAIN_MS;
    this.held ||= !may;
    return may;
  }

  /** Whether frames were held back since it was last asked. */
  wasHeld(): boolean {
    const { held } = this;
    this.held = false;
    return held;
  }
}
