/** The page of the slides that is shown now, for those who get no picture. */
import type { Room } from '../../../room/client/parts/room';

interface Deck {
  id: number;
  at: string;
  pages: [small: string, large: string, width: number, height: number][];
}
interface Turn {
  material: number | null;
  page: number;
}

export class SlideView {
  private decks: Deck[] = [];
  private current: Turn = { material: null, page: 0 };
  private wanted = false;

  constructor(
    private readonly image: HTMLImageElement,
    room: Room,
  ) {
    room.onState(({ all }) => {
      this.decks = all.slides?.decks ?? [];
      this.turn(all.slides?.current ?? this.current);
    });
    room.on<Turn>('slide_turned', (turn) => this.turn(turn));
    room.on<{ decks: Deck[] }>('decks_shown', ({ decks }) => {
      this.decks = decks;
      this.draw();
    });
  }

  get isThere(): boolean {
    return this.address !== null;
  }

  show(wanted: boolean): void {
    if (wanted === this.wanted) return;
    this.wanted = wanted;
    this.draw();
  }

  private turn(turn: Turn): void {
    this.current = turn;
    this.draw();
  }

  private get address(): string | null {
    const deck = this.decks.find((one) => one.id === this.current.material);
    const page = deck?.pages[this.current.page - 1];
    return deck && page ? deck.at + page[1] : null;
  }

  private draw(): void {
    const { address, image } = this;
    image.hidden = !this.wanted || address === null;
    if (!image.hidden && address && image.getAttribute('src') !== address) image.src = address;
  }
}
