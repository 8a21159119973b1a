/** The moderator's questions: the one on stage, the next three, those that wait for a decision, and the rest. */
import { KeyedList, find, mold, part, reasonOf, say, show } from './dom';
import { clock } from '../../../ui/client/parts/time';
import { type Question, byRank } from './questions';
import type { Answer, Room } from './room';

interface Kept extends Question {
  asker: string;
  alike: number[];
}

const NEXT = 3;
// What can be done with a question in each state, in the order of the buttons.
const DEEDS: Record<string, string[]> = {
  NEW: ['approve', 'merge', 'write', 'reject'],
  APPROVED: ['stage', 'merge', 'write', 'defer', 'reject'],
  ON_STAGE: ['answered', 'defer'],
  DEFERRED: ['stage', 'write'],
  ANSWERED: ['write'],
  WRITTEN: ['write'],
  REJECTED: ['approve'],
};

export type Tell = (answer: Answer) => boolean;

export class DeskQuestions {
  private readonly all = new Map<number, Kept>();
  private readonly lists: Record<'next' | 'waiting' | 'rest', KeyedList<Kept>>;
  private answering: number | null = null;

  constructor(
    private readonly room: Room,
    private readonly desk: HTMLElement,
    private readonly tell: Tell,
    private readonly changed: (waiting: number) => void,
  ) {
    const list = (place: string): KeyedList<Kept> =>
      new KeyedList<Kept>(find(place, desk), (question) => this.make(question.id), (element, question) => this.update(element, question));
    this.lists = { next: list('[data-next]'), waiting: list('[data-waiting]'), rest: list('[data-rest]') };
    room.onState(({ staff }) => {
      this.all.clear();
      for (const question of (staff?.questions ?? []) as Kept[]) this.all.set(question.id, question);
      this.draw();
    });
    room.on<{ question: Kept }>('question_kept', ({ question }) => {
      this.all.set(question.id, question);
      this.draw();
    });
    room.on<{ id: number; votes: number }>('question_counted', ({ id, votes }) => {
      const question = this.all.get(id);
      if (!question) return;
      question.votes = votes;
      this.draw();
    });
    document.addEventListener('keydown', (event) => this.takeKey(event));
    this.prepareAnswer();
    setInterval(() => this.tick(), 1000);
  }

  // ---- deciding ----

  private async decide(id: number, to: string): Promise<void> {
    const question = this.all.get(id);
    if (!question) return;
    if (to === 'write') {
      this.beginAnswer(question);
    } else if (to === 'merge') {
      const into = this.alikeOf(question);
      if (into) this.tell(await this.room.send('merge_questions', { question: id, into: into.id }));
    } else {
      this.tell(await this.room.send('decide_question', { question: id, to }));
    }
  }

  /** T accepts and X refuses what waits: the one that has the focus, else the first. Never while somebody writes. */
  private takeKey(event: KeyboardEvent): void {
    const to = { t: 'approve', x: 'reject' }[event.key.toLowerCase()];
    const target = event.target as HTMLElement;
    const writes = target.matches('input, textarea, select, [contenteditable]') || target.closest('dialog') !== null;
    if (!to || writes || event.ctrlKey || event.metaKey || event.altKey || find('#meja-tanya', this.desk).hidden) return;
    const waiting = [...this.lists.waiting.elements];
    const [id, element] = waiting.find(([, one]) => one.contains(document.activeElement)) ?? waiting[0] ?? [];
    if (id === undefined || !element) return;
    event.preventDefault();
    const hadFocus = element.contains(document.activeElement);
    const after = (element.nextElementSibling ?? element.previousElementSibling) as HTMLElement | null;
    void this.decide(Number(id), to).then(() => hadFocus && after?.focus());
  }

  private prepareAnswer(): void {
    const form = find<HTMLFormElement>('[data-answer]', this.desk);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.sendAnswer(form);
    });
  }

  private beginAnswer(question: Kept): void {
    this.answering = question.id;
    say(find('[data-answer-question]', this.desk), question.text);
    find<HTMLTextAreaElement>('[data-answer] textarea', this.desk).value = question.answer;
    show(find('[data-answer] [data-error]', this.desk), false);
    find<HTMLDialogElement>('#jawab-tertulis', this.desk).showModal();
  }

  private async sendAnswer(form: HTMLFormElement): Promise<void> {
    const text = find<HTMLTextAreaElement>('textarea', form).value.trim();
    if (!text || this.answering === null) return;
    const answer = await this.room.send('answer_question', { question: this.answering, text });
    const error = find('[data-error]', form);
    say(error, reasonOf(answer));
    show(error, answer.error !== undefined);
    if (answer.error) this.tell(answer);
    else find<HTMLDialogElement>('#jawab-tertulis', this.desk).close();
  }

  // ---- drawing ----

  private draw(): void {
    const all = [...this.all.values()].sort(byRank);
    const waiting = all.filter((one) => one.state === 'NEW').sort((one, other) => one.id - other.id);
    const queue = all.filter((one) => one.state === 'APPROVED');
    const next = [...all.filter((one) => one.state === 'ON_STAGE'), ...queue.slice(0, NEXT)];
    const shown = new Set([...next, ...waiting]);
    const rest = all.filter((one) => !shown.has(one) && one.state !== 'MERGED');
    this.lists.next.draw(next);
    this.lists.waiting.draw(waiting);
    this.lists.rest.draw(rest);
    say(find('[data-desk-queue]', this.desk), String(queue.length));
    say(find('[data-desk-waiting]', this.desk), waiting.length ? String(waiting.length) : '');
    say(find('[data-desk-rest]', this.desk), rest.length ? String(rest.length) : '');
    show(find('[data-no-next]', this.desk), !next.length);
    show(find('[data-no-waiting]', this.desk), !waiting.length);
    this.changed(waiting.length);
  }

  private make(id: number): HTMLElement {
    const element = mold('desk-question');
    for (const button of element.querySelectorAll<HTMLElement>('[data-do]')) {
      button.addEventListener('click', () => void this.decide(id, button.dataset.do ?? ''));
    }
    return element;
  }

  private alikeOf(question: Kept): Kept | undefined {
    const open = question.alike.map((id) => this.all.get(id)).filter((one) => one !== undefined);
    return open.find((one) => ['APPROVED', 'ON_STAGE', 'DEFERRED', 'NEW'].includes(one.state) && one.id !== question.id);
  }

  private update(element: HTMLElement, question: Kept): void {
    element.className = question.state === 'ON_STAGE' ? 'now' : '';
    const alike = this.alikeOf(question);
    say(part(element, 'votes'), String(question.votes));
    say(part(element, 'text'), question.text);
    say(part(element, 'who'), question.unit ? `${question.name}, ${question.unit}` : question.name);
    show(part(element, 'anonymous'), question.anonymous);
    show(part(element, 'on-stage'), question.state === 'ON_STAGE');
    show(part(element, 'put-off'), question.state === 'DEFERRED');
    show(part(element, 'refused'), question.state === 'REJECTED');
    show(part(element, 'alike'), alike !== undefined && (question.state === 'NEW' || question.state === 'APPROVED'));
    say(part(element, 'alike-text'), alike?.text ?? '');
    const deeds = DEEDS[question.state] ?? [];
    for (const button of element.querySelectorAll<HTMLElement>('[data-do]')) {
      const deed = button.dataset.do ?? '';
      show(button, deeds.includes(deed) && (deed !== 'merge' || alike !== undefined));
    }
    this.drawTime(element, question);
  }

  private drawTime(element: HTMLElement, question: Kept): void {
    if (question.state !== 'ON_STAGE' || !question.staged_at) return;
    say(part(element, 'time'), clock((this.room.serverNow() - Date.parse(question.staged_at)) / 1000));
  }

  private tick(): void {
    for (const [id, element] of this.lists.next.elements) {
      const question = this.all.get(Number(id));
      if (question) this.drawTime(element, question);
    }
  }
}

