/**
 * The page's one connection to its live room, shared by all scripts of the page. It joins, applies what happened in order and once, comes back
 * by itself after a lost link and catches up, and knows the server's clock.
 *
 * It reads `<div id="room" data-ticket="..." data-webinar="7" data-me="u12" data-rights="webinars.attend webinars.moderate">`.
 * Nothing is sent on its own a second time: who sends gives each thing a key of its own, and sends it again when told that there was no link.
 */
import { io, type Socket } from 'socket.io-client';

export type Answer = Record<string, unknown> & { error?: string; message?: string };
export type Link = 'live' | 'lost' | 'refused';

/** What the room looks like as a whole: by audience, then by part. The parts say themselves what their state holds. */
export interface RoomState {
  all: any;
  staff?: any;
  stage?: any;
  own: any;
}

export interface Room {
  /** A change, told to all or to this person alone. */
  on<T>(kind: string, hear: (body: T) => void): void;
  /** The whole state: at first, and whenever what was missed is forgotten. Called at once when it is already there. */
  onState(hear: (state: RoomState) => void): void;
  /** Never rejects; `{error: 'offline'}` when there is no link or no answer within ten seconds. */
  send(event: string, body?: object): Promise<Answer>;
  /** How the link is; `words` say why somebody was refused, when the server said so. Called at once with the standing, if there is one. */
  onLink(hear: (link: Link, words?: string) => void): void;
  /** Milliseconds since the epoch by the server's clock. */
  serverNow(): number;
  me: { key: string; rights: string[] };
  /** For binary pieces with acknowledgement. */
  socket: Socket;
}

type Change = [kind: string, body: unknown];
interface Frame {
  s: string;
  n: number;
  c: Change[];
}
interface Joined extends Answer {
  epoch: string;
  now?: number;
  took?: number;
  numbers: Record<string, number>;
  own: unknown;
  state?: Omit<RoomState, 'own'>;
  missed?: Frame[];
  missed_own?: [...Change, number][];
}

const PATIENCE_MS = 10_000;
const SOCKET_PATIENCE_MS = 8000; // a proxy that swallows WebSocket is not waited for much longer
const JOIN_AGAIN_MS = 2000;
const OWN = 'own';

class Connection implements Room {
  readonly me: Room['me'];
  readonly socket: Socket;
  private readonly hearers = new Map<string, ((body: never) => void)[]>();
  private readonly stateHearers: ((state: RoomState) => void)[] = [];
  private readonly linkHearers: ((link: Link, words?: string) => void)[] = [];
  private link: Link | null = null;
  private words: string | undefined;
  private epoch: string | null = null;
  private numbers: Record<string, number> = {};
  private state: RoomState | null = null;
  private aged = false; // changes were applied since `state` was given
  private early: (() => void)[] | null = null; // what came while the answer to joining was awaited
  private joining: Promise<void> | null = null;
  private again = false;
  private anew = false;
  private clock = Date.now() - performance.now();

  constructor(place: HTMLElement) {
    this.me = { key: place.dataset.me ?? '', rights: (place.dataset.rights ?? '').split(/\s+/).filter(Boolean) };
    this.socket = io('/room', {
      auth: { ticket: place.dataset.ticket ?? '' },
      transports: ['websocket', 'polling'],
      tryAllTransports: true,
      timeout: SOCKET_PATIENCE_MS,
      reconnectionDelay: 500,
      reconnectionDelayMax: 5000,
      autoConnect: false,
    });
    this.socket.on('connect', () => void this.join());
    this.socket.on('disconnect', (reason) => this.lose(reason === 'io server disconnect'));
    this.socket.on('connect_error', (error) => this.failToConnect(error));
    this.socket.on('frame', (frame: Frame) => this.later(() => this.takeFrame(frame)));
    this.socket.on(OWN, (change: [...Change, number?]) => this.later(() => this.takeOwn(change)));
    this.on<{ message: string }>('put_out', ({ message }) => (this.words = message));
    addEventListener('pagehide', () => this.socket.disconnect());
    addEventListener('pageshow', (event) => event.persisted && this.link !== 'refused' && this.socket.connect());
    connectWhenLoaded(this.socket);
  }

  on<T>(kind: string, hear: (body: T) => void): void {
    this.hearers.set(kind, [...(this.hearers.get(kind) ?? []), hear]);
  }

  onState(hear: (state: RoomState) => void): void {
    this.stateHearers.push(hear);
    if (this.state && this.aged) void this.join(true);
    else if (this.state) hear(this.state);
  }

  onLink(hear: (link: Link, words?: string) => void): void {
    this.linkHearers.push(hear);
    if (this.link) hear(this.link, this.words);
  }

  serverNow(): number {
    return Math.round(this.clock + performance.now());
  }

  async send(event: string, body: object = {}): Promise<Answer> {
    await this.joining;
    return this.link === 'live' ? this.ask(event, body) : { error: 'offline' };
  }

  private async ask(event: string, body: object): Promise<Answer> {
    if (!this.socket.connected) return { error: 'offline' };
    try {
      return ((await this.socket.timeout(PATIENCE_MS).emitWithAck(event, body)) as Answer | null | undefined) ?? {};
    } catch {
      return { error: 'offline' };
    }
  }

  // ---- coming in ----

  /** Come in, or come back with the numbers of what is here; `anew` asks for the whole state. One at a time. */
  private async join(anew = false): Promise<void> {
    this.early ??= [];
    this.anew ||= anew;
    this.again = true;
    this.joining ??= this.joinInTurn().finally(() => (this.joining = null));
    await this.joining;
  }

  private async joinInTurn(): Promise<void> {
    while (this.again) {
      const anew = this.anew;
      this.again = this.anew = false;
      await this.comeIn(anew);
    }
  }

  private async comeIn(anew: boolean): Promise<void> {
    const socketId = this.socket.id;
    const known = this.epoch !== null && !anew;
    const asked = performance.now();
    const joined = (await this.ask('join', known ? { since: this.numbers, epoch: this.epoch } : {})) as Joined;
    if (this.socket.id !== socketId || !this.socket.connected) return; // another connection has begun meanwhile, and joins by itself
    if (joined.error) {
      this.failToJoin(joined);
      return;
    }
    if (joined.now) this.clock = joined.now + (performance.now() - asked - (joined.took ?? 0)) / 2 - performance.now();
    this.takeJoined(joined);
    this.tellLink('live');
  }

  private failToJoin(answer: Answer): void {
    if (['offline', 'too_many', 'busy', 'database_unavailable', 'fault'].includes(answer.error ?? '')) {
      setTimeout(() => this.socket.connected && void this.join(), JOIN_AGAIN_MS);
      return;
    }
    this.tellLink('refused', answer.message);
    this.socket.disconnect();
  }

  private takeJoined(joined: Joined): void {
    this.epoch = joined.epoch;
    if (joined.state) {
      this.numbers = joined.numbers;
      this.state = { ...joined.state, own: joined.own };
      this.aged = false;
      for (const hear of this.stateHearers) call(() => hear(this.state as RoomState));
    } else {
      for (const frame of joined.missed ?? []) this.takeFrame(frame);
      for (const change of joined.missed_own ?? []) this.takeOwn(change);
    }
    const early = this.early ?? [];
    this.early = null;
    for (const take of early) take();
  }

  // ---- what happens ----

  private later(take: () => void): void {
    if (this.early) this.early.push(take);
    else take();
  }

  private takeFrame(frame: Frame): void {
    const here = this.numbers[frame.s];
    if (here === undefined || frame.n <= here) return;
    if (frame.n > here + 1) {
      void this.join();
      return;
    }
    this.numbers[frame.s] = frame.n;
    for (const [kind, body] of frame.c) this.tell(kind, body);
  }

  private takeOwn([kind, body, number]: [...Change, number?]): void {
    if (number !== undefined) {
      if (number <= (this.numbers[OWN] ?? 0)) return;
      this.numbers[OWN] = number;
    }
    this.tell(kind, body);
  }

  private tell(kind: string, body: unknown): void {
    this.aged = true;
    for (const hear of this.hearers.get(kind) ?? []) call(() => hear(body as never));
  }

  // ---- the link ----

  private lose(forGood: boolean): void {
    this.early = null;
    if (this.link === 'refused') return;
    this.tellLink(forGood ? 'refused' : 'lost', forGood ? this.words : undefined);
  }

  private failToConnect(error: Error & { data?: Answer }): void {
    if (this.socket.active) {
      this.socket.io.opts.transports = ['polling', 'websocket'];
      this.tellLink('lost');
    } else {
      this.tellLink('refused', error.data?.message);
    }
  }

  private tellLink(link: Link, words?: string): void {
    if (this.link === link && this.words === words) return;
    this.link = link;
    this.words = words;
    for (const hear of this.linkHearers) call(() => hear(link, words));
  }
}

/** One hearer's fault does not keep the others from hearing; it is still reported as what it is. */
function call(hear: () => void): void {
  try {
    hear();
  } catch (error) {
    reportError(error);
  }
}

/** Only when all scripts of the page have had their turn to listen. */
function connectWhenLoaded(socket: Socket): void {
  if (document.readyState === 'complete') {
    socket.connect();
    return;
  }
  const begun = new AbortController(); // connecting a second time while the first is under way ends both
  const begin = (): void => {
    begun.abort();
    socket.connect();
  };
  document.addEventListener('DOMContentLoaded', begin, { signal: begun.signal });
  addEventListener('load', begin, { signal: begun.signal });
}

let opened: Room | undefined;

export function openRoom(): Room {
  const place = document.getElementById('room');
  if (!place) throw new Error('this page has no room');
  opened ??= new Connection(place);
  return opened;
}
