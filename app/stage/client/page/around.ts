/** What stands around the people: the slide that is shown and its turning, the next three questions, and the one being answered. */
import type { Room } from '../../../room/client/parts/room';
import { type Deck, type Turn, Turning } from '../../../room/client/parts/slides';
import { copy, find, keep, part, say, word } from './pieces';

interface Question {
  id: number;
  text: string;
  votes: number;
  name: string;
  unit: string;
}

interface Next {
  now: Question | null;
  next: Question[];
  waiting: number;
}

export class Around {
  /** The page that is shown, as a picture for the programme. */
  slide: HTMLImageElement | null = null;
  private wanted = ''; // the address of the page that is up
  private decks: Deck[] = [];
  private current: Turn = { material: null, page: 0 };
  private next: Next = { now: null, next: [], waiting: 0 };

  private readonly turning: Turning;

  constructor(
    room: Room,
    private readonly changed: () => void,
  ) {
    this.turning = new Turning(room, () => this.current);
    room.onState(({ all, stage }) => {
      if (all.slides) ({ decks: this.decks, current: this.current } = all.slides as { decks: Deck[]; current: Turn });
      if (stage?.questions) this.next = stage.questions as Next;
      this.load();
    });
    room.on<Turn>('slide_turned', (turned) => {
      this.current = turned;
      this.load();
    });
    room.on<{ decks: Deck[] }>('decks_shown', ({ decks }) => {
      this.decks = decks;
      this.load();
    });
    room.on<Next>('next_questions', (next) => {
      this.next = next;
      this.changed();
    });
  }

  get question(): { text: string; by: string } | null {
    return this.next.now && { text: this.next.now.text, by: who(this.next.now) };
  }

  /** Turn the slides for everybody; the words when it is refused. */
  async turn(by: number): Promise<string> {
    const answer = await this.turning.by(by, this.deck ?? this.decks[0]);
    return answer?.error ? (answer.message ?? word('lost')) : '';
  }

  show(): void {
    this.showSlide();
    const place = find('[data-questions]');
    if (!place) return;
    find('[data-next]')?.removeAttribute('hidden');
    say(find('[data-queue]'), word('queued', { n: this.next.waiting }));
    const asked = [...(this.next.now ? [this.next.now] : []), ...this.next.next].slice(0, 3);
    keep(place, asked, (question) => String(question.id), () => copy('question'), (row, question) => {
      row.classList.toggle('now', question.id === this.next.now?.id);
      part(row, 'now').hidden = question.id !== this.next.now?.id;
      say(part(row, 'votes'), String(question.votes));
      say(part(row, 'text'), question.text);
      say(part(row, 'by'), who(question));
    });
    place.append(...asked.map((question) => place.querySelector(`[data-key="${question.id}"]`) as Element));
    find('[data-no-questions]')?.toggleAttribute('hidden', asked.length > 0);
  }

  private get deck(): Deck | undefined {
    return this.decks.find((deck) => deck.id === this.current.material);
  }

  private load(): void {
    const deck = this.deck;
    const page = deck?.pages[this.current.page - 1];
    const address = deck && page ? new URL(deck.at + page[1], location.href).href : '';
    if (!address) this.slide = null;
    if (address && address !== this.wanted) this.bring(address);
    this.wanted = address;
    this.changed();
  }

  /** The page before it stands until it is here; one that comes after the next was turned to is not shown any more. */
  private bring(address: string): void {
    const picture = new Image();
    picture.src = address;
    picture.onload = () => {
      if (this.wanted !== address) return;
      this.slide = picture;
      this.changed();
    };
    picture.onerror = () => {
      if (this.wanted === address) this.wanted = ''; // asked for again with the next change
    };
  }

  private showSlide(): void {
    const picture = find<HTMLImageElement>('[data-slide]');
    const screen = find<HTMLVideoElement>('[data-screen]');
    if (picture) {
      const shown = this.deck ? this.slide : null;
      picture.hidden = !shown || screen?.hidden === false;
      if (shown && picture.src !== shown.src) picture.src = shown.src;
      picture.alt = this.deck ? word('slide', { page: this.current.page, pages: this.deck.pages.length }) : '';
    }
    say(find('[data-slide-tag]'), this.deck ? word('slide', { page: this.current.page, pages: this.deck.pages.length }) : '');
    find('[data-deck]')?.toggleAttribute('hidden', !this.decks.length);
  }
}

function who(question: Question): string {
  return [question.name || word('anonymous'), question.unit].filter(Boolean).join(', ');
}
