/**
 * Sends what the composing browser records, so that nothing is lost: pieces are addressed by byte offset, kept until the server says that they are
 * written, and sent again from where the server is after a lost link, even when the web process died meanwhile.
 *
 *     const take = await startTake(room, stream, epoch, { onTrouble, onStats });
 *     take.renew(newEpoch);   // the lease was given to this browser anew: the same recording goes on
 *     await take.stop();      // the rest is sent, the take ended
 *
 * A browser that can send nothing usable is refused by `canSend()`, before anybody counts on it.
 */
import type { Answer, Room } from '../../../room/client/parts/room';
import { Backlog } from './backlog';
import { Pace } from './pace';
import { Written } from './written';

export interface TakeHears {
  /** So much of what was drawn or recorded has not arrived yet; told again and again while it is more than two seconds, or while the recorder does not keep up. */
  onTrouble(behindMs: number): void;
  onStats(stats: { kbps: number; behindMs: number }): void;
}

export interface RunningTake {
  renew(epoch: number): void;
  stop(): Promise<void>;
}

/** H.264 is copied to the viewers; VP8 has to be made anew by the server. */
const TYPES = ['video/x-matroska;codecs=avc1,opus', 'video/webm;codecs=h264,opus', 'video/webm;codecs=vp8,opus'];
const TIMESLICE_MS = 250;
const KEY_FRAME_MS = 1000; // one segment of the stream
const PICTURE_BITS = 1_000_000;
const SOUND_BITS = 64_000;
const TROUBLE_MS = 2000;
const LOOK_MS = 1000;
const ACKNOWLEDGED_WITHIN_MS = 8000;
const AGAIN_MS = 500;
const LAST_PIECES_MS = 4000;

export function canSend(): boolean {
  return typeof MediaRecorder !== 'undefined' && TYPES.some((type) => MediaRecorder.isTypeSupported(type));
}

export async function startTake(room: Room, stream: MediaStream, epoch: number, told: TakeHears, pace = new Pace()): Promise<RunningTake> {
  const take = new Sender(room, stream, epoch, told, pace);
  await take.record();
  return take;
}

type RecorderOptions = MediaRecorderOptions & { videoKeyFrameIntervalDuration?: number };

class Sender implements RunningTake {
  private recorder!: MediaRecorder;
  private backlog = new Backlog();
  private key = '';
  private number: number | null = null; // of the take, once the server has told it
  private stopped = false;
  private awaitsLease = false;
  private sending = false;
  private startingOver: Promise<void> | null = null;
  private read = Promise.resolve(); // until all that was recorded so far is in the backlog
  private pause: (() => void) | null = null;
  private begun = 0;
  private arrived = 0; // bytes since the last look
  private looked = performance.now();
  private readonly looking: number;

  constructor(
    private readonly room: Room,
    private readonly stream: MediaStream,
    private epoch: number,
    private readonly told: TakeHears,
    private readonly pace: Pace,
  ) {
    this.looking = window.setInterval(() => this.look(), LOOK_MS);
    room.onLink((link) => link === 'live' && this.begunAnew());
  }

  /** A recorder with a name of its own; resolves once it runs. */
  async record(): Promise<void> {
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    if (!mimeType) throw new Error('this browser records nothing that can be sent');
    const options: RecorderOptions = {
      mimeType,
      videoBitsPerSecond: PICTURE_BITS,
      audioBitsPerSecond: SOUND_BITS,
      videoKeyFrameIntervalDuration: KEY_FRAME_MS,
    };
    const recorder = new MediaRecorder(this.stream, options);
    const backlog = new Backlog();
    const written = new Written();
    this.recorder = recorder;
    this.backlog = backlog;
    this.pace.restart();
    this.key = crypto.randomUUID();
    this.number = null;
    recorder.addEventListener('dataavailable', ({ data }) => {
      this.read = this.read.then(async () => {
        const bytes = new Uint8Array(await data.arrayBuffer());
        backlog.add(bytes);
        written.feed(bytes);
        if (backlog !== this.backlog) return;
        this.pace.wrote(written.ms);
        void this.send();
      });
    });
    const running = new Promise<void>((resolve) => recorder.addEventListener('start', () => resolve(), { once: true }));
    this.begun = performance.now();
    recorder.start(TIMESLICE_MS);
    await running;
  }

  renew(epoch: number): void {
    this.epoch = epoch;
    this.begunAnew();
  }

  async stop(): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    clearInterval(this.looking);
    await this.putDown();
    await this.read;
    const giveUp = performance.now() + LAST_PIECES_MS;
    while (!this.backlog.isEmpty && !this.awaitsLease && performance.now() < giveUp) {
      void this.send();
      await wait(50);
    }
    if (this.number !== null) await this.room.send('end_take', { take: this.number, epoch: this.epoch });
    this.wake();
  }

  private async putDown(): Promise<void> {
    const { recorder } = this;
    if (recorder.state === 'inactive') return;
    const last = new Promise<void>((resolve) => recorder.addEventListener('stop', () => resolve(), { once: true }));
    recorder.stop();
    await last;
  }

  /** The link or the lease is new: ask the server where it is. */
  private begunAnew(): void {
    this.number = null;
    this.awaitsLease = false;
    this.wake();
    void this.send();
  }

  private wake(): void {
    this.pause?.();
    this.pause = null;
  }

  /** One piece at a time, each as long as what has gathered meanwhile. */
  private async send(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    try {
      while (!this.backlog.isEmpty && !this.awaitsLease) {
        const { backlog, epoch } = this;
        const answer = this.number === null ? await this.begin() : await this.sendNext(backlog);
        if (answer.error) await this.mend(answer, epoch);
      }
    } finally {
      this.sending = false;
    }
  }

  private async begin(): Promise<Answer> {
    const { backlog, key, epoch } = this;
    const answer = await this.room.send('begin_take', { epoch, key, mime_type: this.recorder.mimeType, running_ms: this.runningMs });
    if (!answer.error && backlog === this.backlog && epoch === this.epoch) {
      if (backlog.goOnAt(answer.offset as number)) this.number = answer.take as number;
      else await this.startOver();
    }
    return answer;
  }

  private async sendNext(backlog: Backlog): Promise<Answer> {
    const { at, bytes } = backlog.next();
    const body = { take: this.number, epoch: this.epoch, offset: at, piece: bytes };
    let answer: Answer;
    try {
      answer = (await this.room.socket.timeout(ACKNOWLEDGED_WITHIN_MS).emitWithAck('send_piece', body)) as Answer;
    } catch {
      answer = { error: 'offline' };
    }
    if (!answer.error) {
      this.arrived += Math.max(0, (answer.offset as number) - at);
      if (backlog === this.backlog && !backlog.goOnAt(answer.offset as number)) await this.startOver();
    }
    return answer;
  }

  private get runningMs(): number {
    return Math.min(60_000, Math.round(performance.now() - this.begun));
  }

  private async mend(answer: Answer, epoch: number): Promise<void> {
    const facts = answer.facts as { expected?: number } | undefined;
    if (answer.error === 'offset' && facts?.expected !== undefined && this.backlog.goOnAt(facts.expected)) return;
    if (answer.error === 'not_composer') {
      this.awaitsLease = epoch === this.epoch;
    } else if (['offset', 'take_ended', 'too_large', 'garbage'].includes(answer.error ?? '')) {
      await this.startOver();
    } else {
      this.number = null; // where the server is, it says again
      await this.rest(AGAIN_MS);
    }
  }

  /** What is kept does not continue what the server has: another recorder, with a header of its own. */
  private startOver(): Promise<void> {
    this.startingOver ??= this.recordAnew().finally(() => (this.startingOver = null));
    return this.startingOver;
  }

  private async recordAnew(): Promise<void> {
    await this.rest(AGAIN_MS);
    if (this.stopped) {
      this.backlog = new Backlog();
      return;
    }
    await this.putDown();
    await this.record();
  }

  private rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.pause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private look(): void {
    const now = performance.now();
    const behindMs = Math.max(this.backlog.behindMs, Math.round(this.pace.lagMs), this.pace.wasHeld() ? TROUBLE_MS + 1 : 0);
    this.told.onStats({ kbps: Math.round((this.arrived * 8) / (now - this.looked)), behindMs });
    this.arrived = 0;
    this.looked = now;
    if (behindMs > TROUBLE_MS) this.told.onTrouble(behindMs);
    if (this.backlog.isTooLarge && !this.awaitsLease) void this.startOver();
    else void this.send();
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
