/** Composes while this browser holds the room's lease, hands the stream to the take, and gives way before it falls behind. */
import type { Room } from '../../../room/client/parts/room';
import { type RunningTake, startTake } from '../take/take';
import { Composer, FULL, SMALL } from './composer';
import type { Mix } from './mix';
import type { Scene } from './painter';

const BEHIND_MS = 2000;
const STEPS = [24, 15, 10]; // frames a second, as the line or the machine gets weaker
const STEP_PATIENCE_MS = 4000;
const RELIEVED_MS = 30_000;
const REMEMBERED_MS = 60_000; // a browser that was too weak begins no stronger when its turn comes again soon
const REPORT_EVERY_MS = 2000;

export class Programme {
  private epoch = 0;
  private composer: Composer | null = null;
  private take: Promise<RunningTake> | null = null;
  private size = FULL;
  private step = 0;
  private steppedAt = 0;
  private endedAt = -Infinity;
  private reportedAt = 0;
  private loud: string | null = null;
  private timer = 0;

  constructor(
    private readonly room: Room,
    private readonly mix: Mix,
    private readonly scene: () => Scene,
    private readonly told: (state: 'composing' | 'idle' | 'behind' | 'failed') => void,
  ) {}

  get isOn(): boolean {
    return this.composer !== null;
  }

  /** Compose, or go on composing: given anew after a lost link, the same recording continues. */
  async begin(epoch: number): Promise<void> {
    this.epoch = epoch;
    if (this.take) {
      (await this.take).renew(epoch);
      return;
    }
    if (performance.now() - this.endedAt > REMEMBERED_MS) {
      this.size = FULL;
      this.step = 0;
    }
    await this.start();
    this.timer = window.setInterval(() => this.listen(), 300);
  }

  async stop(epoch = this.epoch): Promise<void> {
    if (epoch !== this.epoch || !this.composer) return;
    this.epoch = 0;
    clearInterval(this.timer);
    await this.end();
    if (!this.composer) this.told('idle'); // else its turn has come again meanwhile
  }

  private async start(): Promise<void> {
    this.composer = new Composer(this.mix, this.scene, this.size, STEPS[this.step]);
    this.steppedAt = performance.now();
    const hears = { onTrouble: (behindMs: number) => void this.giveWay(behindMs), onStats: (stats: { kbps: number; behindMs: number }) => this.report(stats) };
    this.take = startTake(this.room, this.composer.stream, this.epoch, hears, this.composer.pace);
    try {
      await this.take;
      this.told('composing');
    } catch (error) {
      reportError(error);
      this.told('failed');
      await this.room.send('hand_over', { epoch: this.epoch });
    }
  }

  private async end(): Promise<void> {
    const [take, composer] = [this.take, this.composer];
    this.take = this.composer = null;
    this.endedAt = performance.now();
    await take?.then((taken) => taken.stop()).catch(() => undefined);
    composer?.close();
  }

  private report({ kbps, behindMs }: { kbps: number; behindMs: number }): void {
    const now = performance.now();
    if (behindMs < BEHIND_MS / 4 && this.step > 0 && now - this.steppedAt > RELIEVED_MS) this.beat(this.step - 1);
    if (now - this.reportedAt < REPORT_EVERY_MS || !this.composer) return;
    this.reportedAt = now;
    void this.room.send('report_uplink', { epoch: this.epoch, kbps: Math.round(kbps), behind: Math.round(behindMs), fps: this.composer.rate() });
  }

  /** Fewer frames, then another browser, then a smaller picture. */
  private async giveWay(behindMs: number): Promise<void> {
    if (behindMs < BEHIND_MS || performance.now() - this.steppedAt < STEP_PATIENCE_MS || !this.composer) return;
    this.told('behind');
    if (this.step + 1 < STEPS.length) return this.beat(this.step + 1);
    this.steppedAt = performance.now();
    const answer = await this.room.send('hand_over', { epoch: this.epoch });
    if (answer.passed === false && this.size !== SMALL) {
      this.size = SMALL;
      await this.end();
      await this.start();
    }
  }

  private beat(step: number): void {
    this.step = step;
    this.steppedAt = performance.now();
    this.composer?.beat(STEPS[step] as number);
  }

  private listen(): void {
    const loud = this.mix.loudest();
    if (loud === null || loud === this.loud) return;
    this.loud = loud;
    void this.room.send('say_loud', { epoch: this.epoch, key: loud });
  }
}
