/** What people write while the link is lost waits here, also over a reload, and is sent when it is back: in order, each by its own key. */
import { KeyedList, mold, part, say } from './dom';
import type { Answer, Room } from './room';

interface Waiting {
  id: string;
  event: string;
  body: Record<string, unknown>;
}

export class Outbox {
  private readonly place: string;
  private waiting: Waiting[];
  private sending = false;
  private readonly lists = new Map<string, KeyedList<Waiting>>();
  private readonly refusals = new Map<string, (answer: Answer, body: Record<string, unknown>) => void>();

  constructor(
    private readonly room: Room,
    webinar: string,
  ) {
    this.place = `gurindam:room:${webinar}:${room.me.key}`;
    this.waiting = this.read();
    room.onLink((link) => link === 'live' && void this.flush());
  }

  /** Where the waiting texts of an event are shown, and what happens when one of them is refused after all. */
  attend(event: string, list: HTMLElement, refused: (answer: Answer, body: Record<string, unknown>) => void): void {
    this.lists.set(event, new KeyedList<Waiting>(list, () => mold('pending'), (element, one) => say(part(element, 'text'), String(one.body.text ?? ''))));
    this.refusals.set(event, refused);
    this.draw();
  }

  /** Send now, or keep it until there is a link. `id` names what it is about: a later wish takes the place of an earlier one. */
  async send(event: string, body: Record<string, unknown>, id: string): Promise<Answer> {
    const answer = this.waiting.length ? { error: 'offline' } : await this.room.send(event, body);
    if (answer.error !== 'offline') return answer;
    this.waiting = [...this.waiting.filter((one) => one.id !== id), { id, event, body }];
    this.keep();
    return answer;
  }

  private async flush(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    try {
      for (let first = this.waiting[0]; first; first = this.waiting[0]) {
        const answer = await this.room.send(first.event, first.body);
        if (answer.error === 'offline') return;
        if (answer.error === 'too_many') {
          await new Promise((done) => setTimeout(done, 1000 * Number((answer.facts as { seconds?: number } | undefined)?.seconds ?? 5)));
          continue;
        }
        this.waiting = this.waiting.filter((one) => one !== first);
        this.keep();
        if (answer.error) this.refusals.get(first.event)?.(answer, first.body);
      }
    } finally {
      this.sending = false;
    }
  }

  private read(): Waiting[] {
    try {
      return JSON.parse(sessionStorage.getItem(this.place) ?? '[]') as Waiting[];
    } catch {
      return [];
    }
  }

  private keep(): void {
    try {
      sessionStorage.setItem(this.place, JSON.stringify(this.waiting));
    } catch {
      /* A browser that keeps nothing still sends what stands on the page. */
    }
    this.draw();
  }

  private draw(): void {
    for (const [event, list] of this.lists) list.draw(this.waiting.filter((one) => one.event === event));
  }
}
