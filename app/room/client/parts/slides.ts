/** Slides: the page the speaker shows, or another one that a viewer looks back to without moving anybody else. */
import { find, say, show } from './dom';
import type { Answer, Room } from './room';

export interface Deck {
  id: number;
  title: string;
  at: string;
  pages: [small: string, large: string, width: number, height: number][];
}

export interface Turn {
  material: number | null;
  page: number;
}

/** Turns the slides for everybody. Who presses twice before the first answer is back turns two pages. */
export class Turning {
  private asked: Turn | null = null; // sent, and not yet seen

  constructor(
    private readonly room: Room,
    private readonly current: () => Turn,
  ) {
    room.onState(() => (this.asked = null));
    room.on<Turn>('slide_turned', ({ material, page }) => {
      if (this.asked?.material === material && this.asked.page === page) this.asked = null;
    });
  }

  /** From the page that is shown, or the first of `deck` when none is; null where there is no such page. */
  async by(pages: number, deck: Deck | undefined): Promise<Answer | null> {
    const { material, page } = this.asked ?? this.current();
    const next = material === null ? 1 : page + pages;
    if (!deck || next < 1 || next > deck.pages.length) return null;
    return this.to({ material: deck.id, page: next });
  }

  async to(turn: Turn): Promise<Answer> {
    this.asked = turn.material === null ? null : turn;
    const answer = await this.room.send('turn_slide', turn.material === null ? {} : turn);
    if (answer.error) this.asked = null;
    return answer;
  }
}

export class Slides {
  decks: Deck[] = [];
  current: Turn = { material: null, page: 0 };
  private looking: Turn | null = null; // a page of one's own choice

  constructor(
    room: Room,
    private readonly changed: (slides: Slides) => void = () => undefined,
  ) {
    room.onState(({ all }) => {
      this.decks = all.slides.decks;
      this.current = all.slides.current;
      this.draw();
    });
    room.on<Turn>('slide_turned', (turn) => {
      this.current = turn;
      this.draw();
    });
    room.on<{ decks: Deck[] }>('decks_shown', ({ decks }) => {
      this.decks = decks;
      this.draw();
    });
    find('[data-page-back]').addEventListener('click', () => this.look(-1));
    find('[data-page-on]').addEventListener('click', () => this.look(1));
    find('[data-follow-speaker]').addEventListener('click', () => {
      this.looking = null;
      this.draw();
      find('[data-page-back]').focus();
    });
  }

  private get shown(): Turn {
    return this.looking ?? this.current;
  }

  private look(by: number): void {
    const { material, page } = this.shown;
    const deck = this.decks.find((one) => one.id === material);
    if (!deck) return;
    const next = Math.min(deck.pages.length, Math.max(1, page + by));
    const isSpeakers = material === this.current.material && next === this.current.page;
    this.looking = isSpeakers ? null : { material, page: next };
    this.draw();
  }

  private draw(): void {
    const { material, page } = this.shown;
    const deck = this.decks.find((one) => one.id === material);
    const picture = deck?.pages[page - 1];
    show(find('[data-deck]'), picture !== undefined);
    show(find('[data-no-deck]'), picture === undefined);
    show(find('[data-follow-speaker]'), this.looking !== null);
    if (deck && picture) drawPage(find<HTMLImageElement>('[data-page]'), deck, page, picture);
    const number = find('[data-page-no]');
    if (deck) say(number, `${number.dataset.words} ${page} / ${deck.pages.length}`);
    find<HTMLButtonElement>('[data-page-back]').disabled = page <= 1;
    find<HTMLButtonElement>('[data-page-on]').disabled = !deck || page >= deck.pages.length;
    this.changed(this);
  }
}

export function drawPage(image: HTMLImageElement, deck: Deck, page: number, [small, large, width, height]: Deck['pages'][number]): void {
  const address = deck.at + large;
  if (image.getAttribute('src') === address) return;
  image.width = width;
  image.height = height;
  image.srcset = `${deck.at}${small} 800w, ${address} ${width}w`;
  image.sizes = '(min-width: 60rem) 50vw, 100vw';
  image.src = address;
  image.alt = `${deck.title} ${page}`;
}
