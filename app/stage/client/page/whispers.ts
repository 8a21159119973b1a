/** Short texts behind the stage: to all who wait, or to one person. They are not kept. */
import type { Room } from '../../../room/client/parts/room';
import type { Seat } from '../people/types';
import { find, word } from './pieces';

interface Whispered {
  sender: string;
  name: string;
  text: string;
  to: string | null;
  at: string;
}

const MOST = 50;

export class Whispers {
  private readonly list = find('[data-whispers]') as HTMLElement;
  private readonly form = find<HTMLFormElement>('[data-whisper-form]') as HTMLFormElement;
  private readonly to = find<HTMLSelectElement>('[data-whisper-to]') as HTMLSelectElement;

  constructor(
    private readonly room: Room,
    private readonly notice: (text: string) => void,
  ) {
    this.form.addEventListener('submit', (event) => void this.send(event));
    room.on<Whispered>('whispered', (said) => this.add(said));
  }

  /** Whom one can write to. */
  offer(seats: Seat[]): void {
    const chosen = this.to.value;
    const others = seats.filter((seat) => seat.key !== this.room.me.key);
    this.to.replaceChildren(new Option(word('to-all'), ''), ...others.map((seat) => new Option(seat.name, seat.key)));
    this.to.value = others.some((seat) => seat.key === chosen) ? chosen : '';
  }

  begin(key: string): void {
    this.to.value = key;
    this.form.querySelector('input')?.focus();
  }

  private async send(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const field = this.form.elements.namedItem('text') as HTMLInputElement;
    const text = field.value.trim();
    if (!text) return;
    const answer = await this.room.send('whisper', this.to.value ? { text, to: this.to.value } : { text });
    if (answer.error) this.notice(answer.message ?? word('lost'));
    else field.value = '';
  }

  private add({ name, text, to }: Whispered): void {
    const item = document.createElement('li');
    const who = document.createElement('b');
    who.textContent = to ? `${name} (${word('private')})` : name;
    item.append(who, ` ${text}`);
    this.list.append(item);
    while (this.list.children.length > MOST) this.list.firstElementChild?.remove();
    this.list.scrollTop = this.list.scrollHeight;
  }
}
