/** Polls as the audience sees them: one's choice while it is open, the result once it is closed; folded to a line after voting on a phone. */
import { KeyedList, find, mold, part, press, reasonOf, say, show } from './dom';
import { clock } from '../../../ui/client/parts/time';
import type { Outbox } from './outbox';
import type { Room } from './room';

export interface Poll {
  id: number;
  kind: string;
  text: string;
  options: string[];
  state: string;
  round: number;
  position: number;
  several: boolean;
  closes_at: string | null;
  closed_at: string | null;
  voters: number;
  counts: number[] | null;
  right: number[] | null;
}

interface Vote {
  id: number;
  round: number;
  choices: number[];
}

const RESULT_STAYS_MS = 90_000; // beside the questions, after the close
const NARROW = '(max-width: 59.99rem)';

export function sharesOf(poll: Poll): number[] {
  return poll.options.map((_option, at) => (poll.voters ? Math.round((100 * (poll.counts?.[at] ?? 0)) / poll.voters) : 0));
}

export class Polls {
  readonly all = new Map<number, Poll>();
  private readonly votes = new Map<number, Vote>();
  private readonly lists: KeyedList<Poll>[] = [];
  private readonly errors = new Map<number, string>();

  constructor(
    private readonly room: Room,
    private readonly outbox: Outbox,
    private readonly changed: (polls: Polls) => void,
  ) {
    room.onState(({ all, own }) => {
      this.all.clear();
      for (const poll of all.polls as Poll[]) this.all.set(poll.id, poll);
      this.votes.clear();
      for (const vote of own.polls as Vote[]) this.votes.set(vote.id, vote);
      this.draw();
    });
    room.on<{ poll: Poll }>('poll_shown', ({ poll }) => {
      this.all.set(poll.id, poll);
      this.draw();
    });
    room.on<{ id: number }>('poll_gone', ({ id }) => {
      this.all.delete(id);
      this.draw();
    });
    room.on<{ id: number; round: number; voters: number }>('poll_counted', ({ id, round, voters }) => {
      const poll = this.all.get(id);
      if (poll?.round !== round || poll.state !== 'OPEN') return;
      poll.voters = voters;
      this.draw();
    });
    room.on<Vote>('own_vote', (vote) => {
      this.votes.set(vote.id, vote);
      this.draw();
    });
    setInterval(() => this.tick(), 1000);
  }

  get open(): Poll | undefined {
    return [...this.all.values()].find((poll) => poll.state === 'OPEN');
  }

  private get now(): Poll | undefined {
    const recent = (poll: Poll): boolean => poll.closed_at !== null && this.room.serverNow() - Date.parse(poll.closed_at) < RESULT_STAYS_MS;
    return this.open ?? [...this.all.values()].find((poll) => poll.state === 'CLOSED' && recent(poll));
  }

  private draw(): void {
    if (!this.lists.length) {
      for (const place of ['[data-poll-now]', '[data-polls]']) {
        this.lists.push(new KeyedList<Poll>(find(place), (poll) => this.make(poll), (element, poll) => this.update(element, poll)));
      }
    }
    const polls = [...this.all.values()].sort((one, other) => Number(other.state === 'OPEN') - Number(one.state === 'OPEN') || other.position - one.position);
    this.lists[0]?.draw(this.now ? [this.now] : []);
    this.lists[1]?.draw(polls);
    show(find('[data-no-polls]'), !polls.length);
    this.changed(this);
  }

  /** The time left, and a result that has stood long enough. */
  private tick(): void {
    const open = this.open;
    for (const list of this.lists) {
      const element = open && list.elements.get(open.id);
      if (element) this.drawLeft(element, open);
    }
    const shown = this.lists[0]?.elements.keys().next().value;
    if (shown !== undefined && shown !== this.now?.id) this.draw();
  }

  private drawLeft(element: HTMLElement, poll: Poll): void {
    const left = poll.closes_at && poll.state === 'OPEN' ? (Date.parse(poll.closes_at) - this.room.serverNow()) / 1000 : null;
    show(part(element, 'left'), left !== null);
    if (left !== null) say(part(element, 'left-time'), clock(Math.ceil(left)));
  }

  private make(poll: Poll): HTMLElement {
    const element = mold('poll');
    const mine = this.mineOf(poll);
    part<HTMLDetailsElement>(element, 'fold').open = !(mine.length && poll.state === 'OPEN' && matchMedia(NARROW).matches);
    return element;
  }

  private mineOf(poll: Poll): number[] {
    const vote = this.votes.get(poll.id);
    return vote?.round === poll.round ? vote.choices : [];
  }

  private update(element: HTMLElement, poll: Poll): void {
    const mine = this.mineOf(poll);
    const closed = poll.state === 'CLOSED';
    say(part(element, 'text'), poll.text);
    say(part(element, 'voters'), String(poll.voters));
    show(part(element, 'kind-open'), !closed);
    show(part(element, 'kind-closed'), closed);
    show(part(element, 'several'), poll.several && !closed);
    show(part(element, 'hidden-note'), !closed);
    show(part(element, 'mine'), mine.length > 0);
    say(part(element, 'mine-text'), mine.map((at) => poll.options[at]).join(', '));
    const error = part(element, 'error');
    say(error, this.errors.get(poll.id) ?? '');
    show(error, this.errors.has(poll.id));
    this.drawLeft(element, poll);
    this.drawOptions(element, poll, mine);
  }

  private drawOptions(element: HTMLElement, poll: Poll, mine: number[]): void {
    const list = part(element, 'options');
    const face = `${poll.round}:${poll.state}`;
    if (list.dataset.face !== face) {
      list.dataset.face = face;
      list.className = poll.kind === 'SCALE' && poll.state === 'OPEN' ? 'scale' : '';
      list.replaceChildren(...poll.options.map((_option, at) => (poll.state === 'OPEN' ? this.makeOption(poll, at) : mold('result'))));
      if (poll.state === 'CLOSED') part<HTMLDetailsElement>(element, 'fold').open = true;
    }
    const shares = sharesOf(poll);
    [...list.children].forEach((item, at) => {
      say(part(item, 'label'), poll.options[at] ?? '');
      item.classList.toggle('mine', mine.includes(at));
      if (poll.state === 'OPEN') press(part(item, 'choose'), mine.includes(at));
      else drawResult(item, poll, at, shares[at] ?? 0);
    });
  }

  private makeOption(poll: Poll, at: number): HTMLElement {
    const item = mold('option');
    part(item, 'choose').addEventListener('click', () => void this.choose(poll.id, at, item));
    return item;
  }

  private async choose(id: number, at: number, item: HTMLElement): Promise<void> {
    const poll = this.all.get(id);
    if (!poll) return;
    const before = this.votes.get(id);
    const mine = this.mineOf(poll);
    const chosen = poll.several ? (mine.includes(at) ? mine.filter((one) => one !== at) : [...mine, at].sort()) : [at];
    if (!chosen.length) return;
    this.votes.set(id, { id, round: poll.round, choices: chosen });
    this.errors.delete(id);
    this.draw();
    const answer = await this.outbox.send('vote', { poll: id, round: poll.round, choices: chosen }, `vote:${id}`);
    if (answer.error && answer.error !== 'offline') {
      if (before) this.votes.set(id, before);
      else this.votes.delete(id);
      this.errors.set(id, reasonOf(answer));
      this.draw();
      return;
    }
    const fold = item.closest<HTMLDetailsElement>('details');
    if (fold && !poll.several && matchMedia(NARROW).matches) fold.open = false;
  }
}

function drawResult(item: Element, poll: Poll, at: number, share: number): void {
  say(part(item, 'share'), `${share}\u00a0%`);
  const bar = part<HTMLProgressElement>(item, 'bar');
  bar.value = share;
  bar.setAttribute('aria-label', `${poll.options[at]}: ${share} %`);
  const label = part(item, 'label');
  if (poll.right?.includes(at) && !label.querySelector('.state')) label.append(' ', mold('right'));
}
