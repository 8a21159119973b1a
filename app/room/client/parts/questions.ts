/** Questions as the audience sees them: the one being answered, those that wait by votes, one's own, and those that are done. */
import { KeyedList, find, mold, part, press, say, show } from './dom';
import { Field } from './fields';
import type { Outbox } from './outbox';
import type { Room } from './room';

export interface Question {
  id: number;
  text: string;
  state: string;
  votes: number;
  anonymous: boolean;
  name: string;
  unit: string;
  staged_at: string | null;
  answered_at: string | null;
  answer: string;
  merged_into?: number | null;
}

const SHOWN = ['ON_STAGE', 'APPROVED', 'DEFERRED', 'ANSWERED', 'WRITTEN'];
const SENT_STAYS_MS = 6000;
const OPEN = ['ON_STAGE', 'APPROVED', 'DEFERRED'];

export function byRank(one: Question, other: Question): number {
  const rank = (question: Question): number => (SHOWN.includes(question.state) ? Math.min(SHOWN.indexOf(question.state), 3) : 4);
  return rank(one) - rank(other) || other.votes - one.votes || one.id - other.id;
}

export class Questions {
  readonly all = new Map<number, Question>();
  private readonly mine = new Map<number, Question>();
  private readonly votes = new Set<number>();
  private readonly follows = new Set<number>();
  private list: KeyedList<Question> | null = null;
  private ownList: KeyedList<Question> | null = null;
  private sentNote = 0;

  constructor(
    room: Room,
    private readonly outbox: Outbox,
    private readonly changed: (questions: Questions) => void,
  ) {
    room.onState(({ all, own }) => {
      this.all.clear();
      for (const question of all.questions as Question[]) this.all.set(question.id, question);
      this.mine.clear();
      for (const question of own.questions.mine as Question[]) this.mine.set(question.id, question);
      refill(this.votes, own.questions.votes);
      refill(this.follows, own.questions.follows);
      this.draw();
    });
    room.on<{ question: Question }>('question_shown', ({ question }) => this.take(question));
    room.on<{ id: number }>('question_gone', ({ id }) => {
      this.all.delete(id);
      this.draw();
    });
    room.on<{ id: number; votes: number }>('question_counted', ({ id, votes }) => {
      const question = this.all.get(id);
      if (!question) return;
      question.votes = votes;
      this.draw();
    });
    room.on<{ question: Question }>('own_question', ({ question }) => {
      this.mine.set(question.id, question);
      this.draw();
    });
    room.on<{ id: number; votes: boolean | null; follows: boolean | null }>('own_wish', ({ id, votes, follows }) => {
      if (votes !== null) toggle(this.votes, id, votes);
      if (follows !== null) toggle(this.follows, id, follows);
      this.draw();
    });
    this.prepareField();
  }

  get current(): Question | undefined {
    return [...this.all.values()].find((question) => question.state === 'ON_STAGE');
  }

  get waiting(): number {
    return [...this.all.values()].filter((question) => OPEN.includes(question.state)).length;
  }

  private take(question: Question): void {
    this.all.set(question.id, question);
    this.draw();
  }

  // ---- asking ----

  private prepareField(): void {
    const form = find<HTMLFormElement>('[data-ask]');
    const anonymous = form.querySelector<HTMLInputElement>('[name=anonymous]');
    const field = new Field(form, async (text, key) => {
      field.refuse(null);
      const answer = await this.outbox.send('ask', { key, text, anonymous: anonymous?.checked ?? false }, key);
      if (answer.error && answer.error !== 'offline') {
        field.refuse(answer);
        return;
      }
      field.taken(text, key);
      if (!answer.error) this.showSent(form, true);
    });
    field.onRefused = () => this.showSent(form, false);
    this.outbox.attend('ask', find('[data-pending=ask]'), (answer, body) => {
      if (!field.text.value) field.set(String(body.text));
      field.refuse(answer);
    });
  }

  private showSent(form: HTMLFormElement, sent: boolean): void {
    const note = form.querySelector<HTMLElement>('[data-sent]');
    if (!note) return;
    show(note, sent);
    clearTimeout(this.sentNote);
    if (sent) this.sentNote = window.setTimeout(() => show(note, false), SENT_STAYS_MS);
  }

  // ---- drawing ----

  private draw(): void {
    this.list ??= new KeyedList<Question>(find('[data-questions]'), (question) => this.make(question.id), (element, question) => this.update(element, question));
    this.ownList ??= new KeyedList<Question>(find('[data-mine-first]'), (question) => this.make(question.id), (element, question) => this.update(element, question));
    const hidden = [...this.mine.values()].filter((question) => !this.all.has(question.id) && !SHOWN.includes(question.state));
    const questions = [...this.all.values()].sort(byRank);
    this.ownList.draw(hidden.sort((one, other) => other.id - one.id));
    this.list.draw(questions);
    show(find('[data-mine-first]'), hidden.length > 0);
    show(find('[data-no-questions]'), !questions.length && !hidden.length);
    this.changed(this);
  }

  private make(id: number): HTMLElement {
    const element = mold('question');
    part(element, 'vote').addEventListener('click', () => this.wish('upvote', this.votes, id));
    part(element, 'follow').addEventListener('click', () => this.wish('follow', this.follows, id));
    return element;
  }

  private update(element: HTMLElement, question: Question): void {
    const isMine = this.mine.has(question.id);
    const isOpen = OPEN.includes(question.state);
    element.className = question.state === 'ON_STAGE' ? 'now' : isOpen || !SHOWN.includes(question.state) ? '' : 'past';
    const vote = part<HTMLButtonElement>(element, 'vote');
    vote.disabled = isMine || !isOpen;
    press(vote, this.votes.has(question.id));
    say(part(element, 'votes'), String(question.votes));
    say(part(element, 'text'), question.text);
    this.drawState(part(element, 'state'), question);
    part(element, 'who').replaceChildren(...this.who(question, isMine));
    const follow = part(element, 'follow');
    show(follow, isOpen && !isMine);
    press(follow, this.follows.has(question.id));
    show(part(element, 'follow-on'), this.follows.has(question.id));
    show(part(element, 'follow-off'), !this.follows.has(question.id));
    const answer = part(element, 'answer');
    say(answer, question.answer);
    show(answer, question.answer !== '');
  }

  private drawState(place: HTMLElement, question: Question): void {
    const name = question.state === 'APPROVED' && this.isNext(question) ? 'NEXT' : question.state;
    if (place.dataset.drawn === name) return;
    place.dataset.drawn = name;
    place.replaceChildren(mold(`state-${name}`));
  }

  private isNext(question: Question): boolean {
    const queue = [...this.all.values()].filter((one) => one.state === 'APPROVED').sort(byRank);
    return queue[0] === question && question.votes > 0;
  }

  private who(question: Question, isMine: boolean): (Node | string)[] {
    const name: (Node | string)[] = question.name ? [question.unit ? `${question.name}, ${question.unit}` : question.name] : [mold('word-anonymous')];
    return isMine ? [mold('word-you'), ...(question.anonymous ? [' (', mold('word-anonymous'), ')'] : [])] : name;
  }

  private wish(event: 'upvote' | 'follow', mine: Set<number>, id: number): void {
    const on = !mine.has(id);
    toggle(mine, id, on);
    const question = this.all.get(id);
    if (event === 'upvote' && question) question.votes += on ? 1 : -1;
    this.draw();
    void this.outbox.send(event, { question: id, on }, `${event}:${id}`).then((answer) => {
      if (!answer.error || answer.error === 'offline') return;
      toggle(mine, id, !on);
      if (event === 'upvote' && question) question.votes -= on ? 1 : -1;
      this.draw();
    });
  }
}

function toggle(set: Set<number>, id: number, on: boolean): void {
  if (on) set.add(id);
  else set.delete(id);
}

function refill(set: Set<number>, ids: number[]): void {
  set.clear();
  for (const id of ids) set.add(id);
}
