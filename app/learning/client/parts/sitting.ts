// One sitting in front of a video: what was played is gathered, written into the browser's journal and sent as numbered reports. The server
// counts each number once, so sending again is harmless; what a closed browser left behind is sent by the next video page of that person.
import { newKey, openJournal, type Journal, type Kept } from '../../../ui/client/offline/journal';
import { isLater, send, type Answer } from './send';

export interface Place {
  user: string;
  ticket: string;
  viewingUrl: string;
  reportUrl: string;
}

/** A report as it is written down. */
export interface Written extends Place {
  key: string;
  viewing: number | null;
  number: number;
  played: [number, number][];
  rate: number;
  position: number;
  at: number;
}

export interface Heard {
  /** The server's view of this video after a report. */
  counted: (state: Record<string, unknown>) => void;
  /** 0 when the server was not reached, else the status of the last answer. */
  status: (status: number) => void;
  /** Something left by an earlier visit was counted. */
  replayed: () => void;
}

interface Entry {
  written: Written;
  id: Promise<number>;
}

const MOST_SPANS = 200;
const SEAL_AFTER_MS = 30_000; // a report nobody added to for so long may have been sent by another tab
const FORGET_AFTER_MS = 30 * 86_400_000;
const LOCK = 'gurindam-tontonan:';

export class Sitting {
  private readonly key = newKey();
  private readonly journal: Promise<Journal<Written>>;
  private viewing: number | null = null;
  private late = false;
  private number = 0;
  private draft: Entry | null = null;
  private waiting: Entry[] = [];
  private writing: Promise<unknown> = Promise.resolve();
  private sending: Promise<boolean> | null = null;
  private opening: Promise<boolean> | null = null;
  position = 0;

  constructor(
    private readonly place: Place,
    private readonly heard: Heard,
  ) {
    this.journal = openJournal<Written>(`tontonan:${place.user}`, 'relaxed');
    void navigator.locks?.request(LOCK + this.key, () => new Promise(() => undefined)); // held while this page lives
  }

  /** From now on seconds can count. */
  open(): Promise<boolean> {
    this.opening ??= this.ask().finally(() => (this.opening = null));
    return this.opening;
  }

  private async ask(): Promise<boolean> {
    if (this.viewing !== null) return true;
    const { place, key, late } = this;
    this.late = true; // a second try reaches back to when the page was handed out
    const answer = await send(place.viewingUrl, { key, ticket: place.ticket, late });
    this.heard.status(answer?.status ?? 0);
    if (answer?.status === 201) this.viewing = answer.body.viewing as number;
    return this.viewing !== null;
  }

  add(from: number, to: number, rate: number): void {
    if (!(to > from)) return;
    this.position = to;
    const open = this.draft?.written;
    if (open && (open.rate !== rate || open.played.length >= MOST_SPANS || Date.now() - open.at > SEAL_AFTER_MS)) this.seal();
    this.draft ??= this.enter(this.report(rate));
    const { written, id } = this.draft;
    const last = written.played.at(-1);
    if (last && Math.abs(last[1] - from) < 0.05) last[1] = to;
    else written.played.push([from, to]);
    Object.assign(written, { position: to, at: Date.now(), viewing: this.viewing });
    const copy = structuredClone(written);
    this.writing = this.writing.then(async () => (await this.journal).change(await id, copy)).catch(() => undefined);
  }

  /** Tell the server what was played. `paused` also keeps the place, so that another device goes on there. */
  async tell(paused = false): Promise<boolean> {
    while (this.sending) {
      if (!(await this.sending)) return false;
    }
    if (paused && !this.draft && this.viewing === null) return true;
    if (paused) this.draft ??= this.enter(this.report(1));
    this.sending = this.drain(paused);
    const done = await this.sending;
    this.sending = null;
    return done;
  }

  /** The page goes: everything at once, finished by the browser, in whatever order. */
  leave(): void {
    if (this.viewing === null) return; // stays in the journal
    this.draft ??= this.enter(this.report(1));
    this.seal();
    for (const { written } of this.waiting) void this.post(written, { leaving: written.number === this.number }, true);
  }

  /** Send what earlier visits left in this browser. */
  async replay(): Promise<void> {
    const journal = await this.journal;
    const living = new Set((await navigator.locks?.query())?.held?.map((lock) => lock.name));
    const isLeft = ({ operation: { key, at } }: Kept<Written>): boolean =>
      key !== this.key && !living.has(LOCK + key) && (navigator.locks !== undefined || Date.now() - at > 2 * SEAL_AFTER_MS);
    let counted = false;
    for (const { id, operation } of (await journal.list()).filter(isLeft)) {
      const answer = Date.now() - operation.at > FORGET_AFTER_MS ? undefined : await this.resend(operation);
      if (answer === null || (answer && isLater(answer))) break;
      await journal.remove([id]);
      if (answer?.status !== 200) continue;
      counted ||= operation.played.length > 0;
      if (operation.reportUrl === this.place.reportUrl) this.heard.counted(answer.body);
    }
    if (counted) this.heard.replayed();
  }

  private report(rate: number): Written {
    this.number += 1;
    return { ...this.place, key: this.key, viewing: this.viewing, number: this.number, played: [], rate, position: this.position, at: Date.now() };
  }

  private enter(written: Written): Entry {
    const copy = structuredClone(written);
    return { written, id: this.journal.then((journal) => journal.add(copy)) };
  }

  private seal(): void {
    if (this.draft) this.waiting.push(this.draft);
    this.draft = null;
  }

  private async drain(paused: boolean): Promise<boolean> {
    if (!this.waiting.length && !this.draft) return true;
    if (!(await this.open())) return false;
    for (let sealed = false; ; ) {
      if (!this.waiting.length) {
        if (sealed || !this.draft) return true;
        this.seal(); // only now: while nothing can be sent it goes on growing
        sealed = true;
      }
      const entry = this.waiting[0] as Entry;
      let answer = await this.post(entry.written, { paused });
      if (answer?.status === 404) {
        this.viewing = null;
        if (!(await this.open())) return false;
        answer = await this.post(entry.written, { paused });
      }
      this.heard.status(answer?.status ?? 0);
      if (answer === null || isLater(answer)) return false;
      if (answer.status === 200) this.heard.counted(answer.body);
      this.waiting = this.waiting.filter((other) => other !== entry);
      await this.writing;
      await (await this.journal).remove([await entry.id]).catch(() => undefined);
    }
  }

  private post(written: Written, more: object, leaving = false): Promise<Answer | null> {
    const { number, played, rate, position } = written;
    return send(this.place.reportUrl, { viewing: this.viewing, number, played, rate, position, ...more }, leaving);
  }

  private async resend(written: Written): Promise<Answer | null> {
    const { key, ticket, number, played, rate, position, viewingUrl, reportUrl } = written;
    let { viewing } = written;
    for (let tries = 0; ; tries += 1) {
      if (viewing === null) {
        const opened = await send(viewingUrl, { key, ticket, late: true });
        if (opened?.status !== 201) return opened;
        viewing = opened.body.viewing as number;
      }
      const answer = await send(reportUrl, { viewing, number, played, rate, position });
      if (answer?.status !== 404 || tries > 0) return answer;
      viewing = null;
    }
  }
}
