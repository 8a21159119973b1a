/** One file or one unfinished upload, from its choice to its asset. */
import { Pace } from './pace';
import type { Row } from './row';
import type { Sending, Trouble } from './sending';
import type { Limits, Server, Told } from './server';
import { ask } from '../../../ui/client/behaviors/dialogs';
import { day, fill, limit, share, size, time, type Texts } from './words';

/** What an item asks of the list it stands in. */
export interface Surroundings {
  readonly server: Server;
  readonly texts: Texts;
  limits(): Limits;
  say(text: string): void;
  /** A place among those that send at the same time became free, or one is wanted. */
  turn(): void;
  gone(item: Item): void;
  arrived(): void;
  done(item: Item, told: Told): void;
}

export type Phase = 'unfinished' | 'reading' | 'queued' | 'sending' | 'paused' | 'finishing' | 'done' | 'refused';

export class Item {
  phase: Phase = 'reading';
  address: string | null = null;
  fingerprint: string | null = null;
  private sending: Sending | null = null;
  private known = 0;
  private sent = 0;
  private spoken = 0;
  private note = ''; // something about the file that stays true while it is sent
  private readonly pace = new Pace();

  constructor(
    readonly row: Row,
    private readonly around: Surroundings,
    public file: File | null,
    private readonly bytes: number,
  ) {
    row.on('pause', () => this.pause());
    row.on('resume', () => this.resume());
    row.on('cancel', () => void this.askToCancel());
    row.on('dismiss', () => void this.cancel());
    row.onChoice((file) => void this.take(file));
    row.show('wait', this.texts['reading'] ?? '', ['cancel']);
    row.ponder();
  }

  private get texts(): Texts {
    return this.around.texts;
  }

  /** An upload that the server remembers from before this page. */
  static remembered(row: Row, around: Surroundings, told: Told): Item {
    const item = new Item(row, around, null, told.size);
    item.address = told.address;
    item.fingerprint = told.fingerprint;
    item.known = told.offset;
    if (told.state === 'RECEIVING') item.wait(told.expires_at);
    else item.hear(told);
    return item;
  }

  private wait(until: string): void {
    this.phase = 'unfinished';
    this.row.measure(this.known, this.bytes, null, null);
    this.row.show('rest', this.texts['unfinished'] ?? '', ['choose', 'cancel'], fill(this.texts['again'], { day: day(until) }));
  }

  /** Look at a chosen file, tell at once what would be refused later, then wait for a turn. */
  async prepare(): Promise<void> {
    const file = this.file;
    if (!file) return;
    const { kindOf, secondsOf, fingerprintOf } = await import('./reading');
    const limits = this.around.limits();
    const kind = kindOf(file);
    const most = kind === 'document' ? limits.document_bytes : kind === 'picture' ? limits.picture_bytes : limits.largest_bytes;
    if (file.size === 0) return this.refuse(this.texts['empty'] ?? '');
    if (file.size > most) return this.refuse(fill(this.texts['too_large'], { size: size(file.size, this.texts), limit: limit(most) }));
    if (!this.address && file.size > limits.room_bytes) {
      return this.refuse(fill(this.texts['no_room'], { left: size(limits.room_bytes, this.texts), size: size(file.size, this.texts) }));
    }
    const [seconds, fingerprint] = await Promise.all([kind === 'moving' ? secondsOf(file) : 0, this.fingerprint ?? fingerprintOf(file)]);
    if (this.phase !== 'reading') return;
    if (seconds !== null && seconds > limits.longest_seconds) return this.refuse(fill(this.texts['too_long'], { time: time(seconds, this.texts) }));
    this.fingerprint = fingerprint;
    if (seconds === null) this.note = this.texts['unknown_length'] ?? '';
    this.queue();
  }

  queue(): void {
    this.phase = 'queued';
    this.row.measure(this.known, this.bytes, null, null);
    this.row.show('wait', this.texts['queued'] ?? '', ['pause', 'cancel'], this.note);
    this.around.turn();
  }

  /** The same file again, for an upload that was begun before; another one is refused in words. */
  async take(file: File): Promise<boolean> {
    const { fingerprintOf } = await import('./reading');
    const same = file.size === this.bytes && (this.fingerprint === null || (await fingerprintOf(file)) === this.fingerprint);
    if (!same) {
      this.row.detail(this.texts['different'] ?? '');
      this.around.say(this.texts['different'] ?? '');
      return false;
    }
    this.file = file;
    this.sending?.end();
    this.sending = null;
    this.queue();
    return true;
  }

  async start(): Promise<void> {
    const file = this.file;
    if (!file) return;
    this.phase = 'sending';
    this.row.show('send', this.texts['sending'] ?? '', ['pause', 'cancel'], this.note);
    if (!this.sending) {
      const { Sending } = await import('./sending');
      this.sending = new Sending(file, this.fingerprint, this.around.server, this, this.address);
      this.around.say(fill(this.texts['said_started'], { name: this.row.name }));
    }
    if (this.phase === 'sending') this.sending.start();
  }

  pause(): void {
    this.sending?.pause();
    this.pace.reset();
    this.phase = 'paused';
    this.row.show('pause', this.texts['paused'] ?? '', ['resume', 'cancel']);
    this.around.say(fill(this.texts['said_paused'], { name: this.row.name }));
    this.around.turn();
  }

  resume(): void {
    this.queue();
  }

  /** What has been sent is not thrown away by one press beside the pause. */
  private async askToCancel(): Promise<void> {
    const sent = Math.max(this.sent, this.known);
    const words = {
      confirmTitle: fill(this.texts['sure_title'], { name: this.row.name }),
      confirm: fill(this.texts['sure'], { sent: size(sent, this.texts) }),
      confirmLabel: this.texts['sure_yes'],
    };
    if (sent > 0 && !(await ask(words))) return;
    if (this.phase !== 'finishing' && this.phase !== 'done') await this.cancel(); // it may have arrived while the question stood there
  }

  async cancel(): Promise<void> {
    const was = this.phase;
    const address = this.sending?.address ?? this.address;
    this.sending?.end();
    this.sending = null;
    this.phase = 'refused';
    if (address && was !== 'done' && !(await this.around.server.remove(address))) {
      this.file = null;
      this.address = address;
      this.phase = 'paused';
      this.row.show('offline', this.texts['offline'] ?? '', ['cancel']);
      this.around.turn();
      return;
    }
    if (was !== 'done' && was !== 'refused') this.around.say(fill(this.texts['cancelled'], { name: this.row.name }));
    this.around.gone(this);
    this.around.turn();
  }

  // ---- what the sending tells ----

  moved(sent: number, known: number): void {
    this.known = known;
    this.sent = sent;
    this.pace.note(sent);
    this.row.measure(sent, this.bytes, this.pace.speed, this.pace.secondsFor(this.bytes - sent));
    const quarter = Math.floor(share(known, this.bytes) / 25);
    if (quarter > this.spoken && quarter < 4) this.around.say(fill(this.texts['said_share'], { name: this.row.name, share: quarter * 25 }));
    this.spoken = Math.max(this.spoken, quarter);
  }

  became(state: 'sending' | 'checking' | 'offline' | 'retrying'): void {
    if (this.phase !== 'sending') return;
    const mood = ({ sending: 'send', checking: 'check', offline: 'offline', retrying: 'offline' } as const)[state];
    this.row.show(mood, this.texts[state] ?? '', ['pause', 'cancel'], this.note);
    if (state !== 'sending') this.pace.reset();
  }

  arrived(address: string): void {
    this.address = address;
    this.finish();
  }

  private finish(): void {
    this.phase = 'finishing';
    this.row.measure(this.bytes, this.bytes, null, null);
    this.row.show('check', this.texts['finishing'] ?? '', []);
    this.row.ponder();
    this.around.arrived();
    this.around.turn();
  }

  stopped(trouble: Trouble, final: boolean): void {
    this.address = this.sending?.address ?? this.address;
    const words = typeof trouble === 'string' ? (this.texts[trouble] ?? '') : trouble.message || (this.texts['failed'] ?? '');
    if (final) return this.refuse(words);
    this.phase = 'paused';
    this.row.show(trouble === 'changed' ? 'rest' : 'offline', this.texts['paused'] ?? '', [trouble === 'changed' ? 'choose' : 'resume', 'cancel'], words);
    this.around.say(words);
    this.around.turn();
  }

  /** What the server says about an upload whose bytes are all there. */
  hear(told: Told): void {
    if (told.state === 'FINISHING' && this.phase !== 'finishing') return this.finish();
    if (told.state === 'REFUSED') return this.refuse(told.message ?? this.texts['failed'] ?? '');
    if (told.state !== 'DONE') return;
    this.phase = 'done';
    this.row.measure(this.bytes, this.bytes, null, null);
    if (told.home && told.known_before) {
      this.row.show('done', this.texts['already'] ?? '', ['dismiss']);
      this.row.lead(this.texts['already_as'] ?? '', told.home.title, told.home.address);
      this.around.say(fill(this.texts['said_already'], { name: this.row.name, title: told.home.title }));
    } else {
      this.row.show('done', (told.verified ? this.texts['done'] : this.texts['done_unverified']) ?? '', ['dismiss']);
      this.around.say(fill(this.texts['said_done'], { name: this.row.name }));
    }
    this.around.done(this, told);
  }

  private refuse(reason: string): void {
    this.sending?.end();
    this.sending = null;
    this.phase = 'refused';
    this.row.show('bad', this.texts['refused'] ?? '', ['dismiss'], reason);
    this.around.say(fill(this.texts['said_refused'], { name: this.row.name, reason }));
    this.around.turn();
  }
}
