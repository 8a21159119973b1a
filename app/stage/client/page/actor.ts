/** One person of the stage in this browser: takes the seat, speaks with the others, and composes when the room asks for it. */
import type { Room } from '../../../room/client/parts/room';
import { canCompose } from '../compose/composer';
import { Mix } from '../compose/mix';
import type { Scene } from '../compose/painter';
import { Programme } from '../compose/programme';
import type { Conversation } from '../people/conversation';
import type { Devices } from '../people/devices';
import { startAudio } from '../people/levels';
import { Mesh } from '../people/mesh';
import type { Seat, Seated, Taken } from '../people/types';
import type { Pictures } from './pictures';

export interface Told {
  /** Something about the people of the stage changed. */
  changed(): void;
  notice(key: string): void;
  words(text: string): void;
  /** The seat is held by another browser of the same person: take it over? */
  mayTakeOver(): Promise<boolean>;
  programme(state: 'composing' | 'idle' | 'behind' | 'failed'): void;
  /** The seat is given up, and the devices with it. */
  left(): void;
}

const NOBODY: Seated = { seats: [], composer: null, epoch: 0, mesh: true, called: [] };

export class Actor {
  seated: Seated = NOBODY;
  readonly mine = { microphone: false, camera: false };
  kbps = 0;
  private secret: string | null = null;
  private sitting = false;
  private conversation: Conversation | null = null;
  private programme: Programme | null = null;
  private audio: AudioContext | null = null;
  private mix: Mix | null = null;

  constructor(
    private readonly room: Room,
    private readonly devices: Devices,
    private readonly pictures: Pictures,
    private readonly scene: () => Scene,
    private readonly told: Told,
  ) {
    room.on<Seated>('seated', (seated) => this.take(seated));
    room.on<{ sender: string; data: unknown }>('signal', ({ sender, data }) => void this.conversation?.hear(sender, data));
    room.on<{ epoch: number }>('compose', ({ epoch }) => void this.programme?.begin(epoch));
    room.on<{ epoch: number }>('stop_composing', ({ epoch }) => void this.programme?.stop(epoch));
    room.on('muted', () => void this.turn('microphone', false).then(() => this.told.notice('muted')));
    room.on('unmute_asked', () => this.told.notice('unmute'));
    room.on('seat_taken', () => this.leaveQuietly('taken'));
    room.on('seat_closed', () => this.leaveQuietly('removed'));
    room.on('seat_opened', () => this.told.notice('readmitted'));
    room.onLink((link) => link === 'live' && this.sitting && void this.sit(false));
    devices.onScreenEnded = () => void this.tell();
  }

  get me(): Seat | undefined {
    return this.seated.seats.find((seat) => seat.key === this.room.me.key);
  }

  get isSitting(): boolean {
    return this.sitting;
  }

  /** Belongs on stage, and no browser of theirs is there: this page was loaded anew, or came back after a cut. */
  get isMissed(): boolean {
    return !this.sitting && this.seated.called.includes(this.room.me.key) && !this.me?.connected;
  }

  /** Call it from a click: browsers let sound play and be mixed only after one. */
  async enter(): Promise<boolean> {
    this.audio ??= new AudioContext();
    await startAudio(this.audio);
    this.mix ??= new Mix(this.audio);
    this.programme ??= new Programme(this.room, this.mix, this.scene, (state) => this.told.programme(state));
    this.mine.microphone = this.devices.own.microphone !== null;
    this.mine.camera = this.devices.own.camera !== null;
    return this.sit(false);
  }

  private async sit(takeOver: boolean): Promise<boolean> {
    const answer = (await this.room.send('take_seat', {
      ...this.mine,
      composes: canCompose(),
      kbps: this.kbps,
      ...(this.secret && { secret: this.secret }),
      ...(takeOver && { take_over: true }),
    })) as Partial<Taken> & { error?: string; message?: string };
    if (answer.asks) return (await this.told.mayTakeOver()) && this.sit(true);
    if (answer.error) {
      if (answer.error !== 'offline') this.told.words(answer.message ?? '');
      return false;
    }
    this.sitDown(answer as Taken);
    return true;
  }

  private sitDown(taken: Taken): void {
    const first = this.conversation === null;
    this.sitting = true;
    this.secret = taken.secret;
    this.conversation ??= this.converse(taken.ice);
    if (taken.composer !== this.room.me.key) void this.programme?.stop();
    this.take(taken, first);
    this.give();
  }

  private converse(ice: RTCIceServer[]): Conversation {
    const mesh = new Mesh(this.room.me.key, ice, (to, data) => this.room.send('signal', { to, data }));
    mesh.onReceived(() => this.follow());
    mesh.onLink((peer, state) => state !== 'joining' && void this.room.send('link_stands', { peer, works: state === 'works' }));
    return mesh;
  }

  private take(seated: Seated, arriving = false): void {
    if (!this.conversation) return;
    const before = this.me?.place;
    this.seated = { ...this.seated, ...seated };
    const me = this.me;
    if (!me) return;
    this.conversation.meet(this.seated.seats, me.place, arriving);
    if (before === 'stage' && me.place === 'green') this.told.notice('off');
    if (before === 'green' && me.place === 'stage') this.told.words(''); // the page says where one is
    this.follow();
  }

  /** Play and mix what belongs to the people as they stand now. */
  private follow(): void {
    const voices = new Map<string, MediaStreamTrack>();
    for (const seat of this.seated.seats) {
      const isMe = seat.key === this.room.me.key;
      const tracks = isMe ? this.devices.own : (this.conversation?.received(seat.key) ?? {});
      this.pictures.take(seat.key, tracks);
      const voice = seat.microphone ? (tracks.microphone ?? null) : null;
      const heard = !isMe && (seat.place === 'stage' || this.me?.place === 'green');
      this.pictures.listen(seat.key, heard ? voice : null);
      if (voice && seat.place === 'stage') voices.set(seat.key, voice);
    }
    this.mix?.hear(voices);
    this.told.changed();
  }

  // ---- one's own devices ----

  async turn(which: 'microphone' | 'camera', on: boolean): Promise<void> {
    const works = await this.devices.turn(which, on);
    this.mine[which] = on && works;
    if (!works) this.told.notice('no-device');
    await this.tell();
  }

  async toggleScreen(): Promise<void> {
    if (this.devices.own.screen) this.devices.stopScreen();
    else if (!(await this.devices.shareScreen())) return;
    await this.tell();
  }

  private async tell(): Promise<void> {
    this.give();
    this.follow();
    if (!this.sitting) return;
    await this.room.send('set_mine', { ...this.mine, screen: this.devices.own.screen !== null });
  }

  private give(): void {
    this.conversation?.give(this.devices.sending(this.mine));
  }

  /** How one's own link does, to the room; the reading, for the page. */
  async report(): Promise<void> {
    const quality = this.sitting ? await this.conversation?.measure() : null;
    if (quality) await this.room.send('report_link', quality);
  }

  async leave(): Promise<void> {
    await this.room.send('leave_seat');
    this.leaveQuietly(null);
  }

  /** The webinar is over: what was taken is given back. */
  end(): void {
    if (this.sitting) void this.room.send('leave_seat');
    this.leaveQuietly(null);
  }

  private leaveQuietly(why: string | null): void {
    this.sitting = false;
    this.secret = null;
    this.conversation?.close();
    this.conversation = null;
    void this.programme?.stop();
    this.devices.close();
    for (const seat of this.seated.seats) {
      this.pictures.listen(seat.key, null);
      this.pictures.take(seat.key, {});
    }
    this.seated = NOBODY;
    this.mix?.hear(new Map());
    this.told.left();
    if (why) this.told.notice(why);
    this.told.changed();
  }
}
