/** The chat: lines as they come, replies, corrections; older lines on request. Everything is text. */
import { KeyedList, find, mold, part, say, show } from './dom';
import { timeOfDay } from '../../../ui/client/parts/time';
import { Field } from './fields';
import type { Outbox } from './outbox';
import type { Answer, Room } from './room';

export interface Line {
  id: number;
  deleted?: boolean;
  name: string;
  unit: string;
  role: string;
  text: string;
  reply_to: number | null;
  said_at: string;
  edited: boolean;
}

/** The line that another one answers, in short. */
export function quoteOf({ name, text }: Line): string {
  return `${name}: ${text.slice(0, 120)}`;
}

const EDITABLE_MS = 5 * 60_000;
const MOST_LINES = 600;

export class Chat {
  private readonly lines = new Map<number, Line>();
  private readonly mine = new Set<number>();
  private list: KeyedList<Line> | null = null;
  private field: Field | null = null;
  private replying: number | null = null;
  private editing: number | null = null;
  private open = true;
  private waitsUntil = 0; // by slow mode, on the page's clock; 0: nobody has to wait
  unread = 0;

  constructor(
    private readonly room: Room,
    private readonly outbox: Outbox,
    private readonly isShown: () => boolean,
    private readonly changed: (chat: Chat) => void,
  ) {
    room.onState(({ all, own }) => {
      this.lines.clear();
      for (const line of all.chat.lines as Line[]) this.lines.set(line.id, line);
      this.mine.clear();
      for (const id of own.chat as number[]) this.mine.add(id);
      this.setCustoms(all.chat.open, all.chat.slow);
      show(find('[data-older]'), this.lines.size >= 200);
      this.draw();
      this.toBottom();
    });
    room.on<{ message: Line }>('message_said', ({ message }) => this.take(message));
    room.on<{ id: number }>('message_deleted', ({ id }) => {
      const line = this.lines.get(id);
      if (line) this.lines.set(id, { ...line, deleted: true, text: '' });
      this.draw();
    });
    room.on<{ open: boolean; slow: number }>('chat_customs', ({ open, slow }) => this.setCustoms(open, slow));
    room.on<{ id: number }>('own_message', ({ id }) => {
      this.mine.add(id);
      this.draw();
    });
    this.prepareField();
    find('[data-older]').addEventListener('click', () => void this.loadOlder());
    setInterval(() => this.waitsUntil && this.drawWait(), 1000);
  }

  /** The panel came into sight. */
  seen(): void {
    this.unread = 0;
    this.toBottom();
    this.changed(this);
  }

  private get moderates(): boolean {
    return this.room.me.rights.includes('webinars.moderate');
  }

  private setCustoms(open: boolean, slow: number): void {
    this.open = open;
    const form = find('[data-say]');
    show(form, open || this.moderates);
    show(find('[data-chat-closed]'), !open);
    show(find('[data-slow]', form), slow > 0 && !this.moderates);
    say(part(find('[data-slow]', form), 'seconds'), String(slow));
    if (!slow) this.wait(0);
  }

  private refuse(answer: Answer | null): void {
    const isSlow = answer?.error === 'slow_mode';
    this.field?.refuse(isSlow ? null : answer);
    this.wait(isSlow ? Number((answer.facts as { seconds?: number } | undefined)?.seconds) : 0);
  }

  /** Slow mode asks for so many seconds more; they run down, and the words go when they are over. */
  private wait(seconds: number): void {
    this.waitsUntil = seconds && performance.now() + 1000 * seconds;
    this.drawWait();
  }

  private drawWait(): void {
    const left = Math.ceil((this.waitsUntil - performance.now()) / 1000);
    const note = find('[data-wait]');
    if (left <= 0) this.waitsUntil = 0;
    say(part(note, 'left'), String(Math.max(0, left)));
    show(note, left > 0);
  }

  private take(line: Line): void {
    const isNew = !this.lines.has(line.id);
    const atBottom = this.isAtBottom();
    this.lines.set(line.id, line);
    if (this.lines.size > MOST_LINES) this.lines.delete(Math.min(...this.lines.keys()));
    if (isNew && !this.isShown()) this.unread += 1;
    this.draw();
    if (isNew && atBottom) this.toBottom();
  }

  private async loadOlder(): Promise<void> {
    const first = Math.min(...this.lines.keys());
    const answer = await this.room.send('older_messages', { before: first });
    if (answer.error) return;
    for (const line of answer.messages as Line[]) this.lines.set(line.id, line);
    show(find('[data-older]'), Boolean(answer.more));
    this.draw();
  }

  // ---- writing ----

  private prepareField(): void {
    const form = find<HTMLFormElement>('[data-say]');
    const field = new Field(form, async (text, key) => {
      this.refuse(null);
      const editing = this.editing;
      const reply = this.replying === null ? {} : { reply_to: this.replying };
      const answer = await (editing === null
        ? this.outbox.send('say', { key, text, ...reply }, key)
        : this.outbox.send('edit_message', { message: editing, text }, `edit:${editing}`));
      if (answer.error && answer.error !== 'offline') {
        this.refuse(answer);
        return;
      }
      field.taken(text, key);
      this.turn(null, null);
      this.toBottom();
    });
    this.field = field;
    this.outbox.attend('say', find('[data-pending=say]'), (answer, body) => {
      if (!field.text.value) field.set(String(body.text));
      this.refuse(answer);
    });
    for (const note of ['[data-replying]', '[data-editing]']) part(find(note), 'stop').addEventListener('click', () => this.turn(null, null));
    show(form, this.open || this.moderates);
  }

  /** Reply to a line, or change one, or neither. */
  private turn(replying: number | null, editing: number | null): void {
    this.replying = replying;
    if (this.editing !== null && editing === null) this.field?.set('');
    this.editing = editing;
    const note = find('[data-replying]');
    const line = replying === null ? undefined : this.lines.get(replying);
    show(note, line !== undefined);
    say(part(note, 'name'), line?.name ?? '');
    say(part(note, 'text'), (line?.text ?? '').slice(0, 80));
    show(find('[data-editing]'), editing !== null);
    if (editing !== null) this.field?.set(this.lines.get(editing)?.text ?? '');
    if (replying !== null || editing !== null) this.field?.text.focus();
  }

  // ---- drawing ----

  private draw(): void {
    this.list ??= new KeyedList<Line>(find('[data-lines]'), (line) => this.make(line.id), (element, line) => this.update(element, line));
    const lines = [...this.lines.values()].sort((one, other) => one.id - other.id);
    this.list.draw(lines);
    show(find('[data-no-lines]'), !lines.length);
    this.changed(this);
  }

  private make(id: number): HTMLElement {
    const element = document.createElement('li');
    element.dataset.line = String(id);
    return element;
  }

  private update(element: HTMLElement, line: Line): void {
    const isMine = this.mine.has(line.id);
    const fresh = this.room.serverNow() - Date.parse(line.said_at) < EDITABLE_MS;
    const quoted = line.reply_to === null ? undefined : this.lines.get(line.reply_to);
    const face = JSON.stringify([line.deleted, line.text, line.edited, isMine, fresh, quoted?.deleted, quoted?.text]);
    if (element.dataset.face === face) return;
    element.dataset.face = face;
    const made = mold(line.deleted ? 'line-deleted' : 'line');
    element.className = made.className;
    element.replaceChildren(...made.childNodes);
    if (line.deleted) return;
    say(part(element, 'name'), line.name);
    say(part(element, 'unit'), line.unit);
    show(part(element, 'role-moderator'), line.role === 'moderator');
    show(part(element, 'role-speaker'), line.role === 'speaker');
    say(part(element, 'time'), timeOfDay(line.said_at));
    part(element, 'time').setAttribute('datetime', line.said_at);
    show(part(element, 'edited'), line.edited);
    say(part(element, 'text'), line.text);
    show(part(element, 'quote'), quoted !== undefined && !quoted.deleted);
    if (quoted && !quoted.deleted) say(part(element, 'quote'), quoteOf(quoted));
    show(part(element, 'edit'), isMine && fresh);
    show(part(element, 'delete'), isMine || this.moderates);
    part(element, 'reply').addEventListener('click', () => this.turn(line.id, null));
    part(element, 'edit').addEventListener('click', () => this.turn(null, line.id));
    part(element, 'delete').addEventListener('click', () => void this.room.send('delete_message', { message: line.id }));
  }

  private isAtBottom(): boolean {
    const place = find('[data-chat-scroll]');
    return place.scrollHeight - place.scrollTop - place.clientHeight < 80;
  }

  private toBottom(): void {
    const place = find('[data-chat-scroll]');
    place.scrollTop = place.scrollHeight;
  }
}
