import type { Answer } from '../../../room/client/parts/room';
import { timeOfDay } from '../../../ui/client/parts/time';
import { fill } from './clock';

const SPOKEN_AT = [30, 10]; // seconds left that a screen reader is told
const THANKS_MS = 1800;

/** Asks "still here?" for as long as a check-in is open: by mouse, keyboard and screen reader, silent. */
export class CheckInDialog {
  private number = 0;
  private closesAt = 0;
  private ticking: number | undefined;
  private sending = false;
  private putOff = new Set<number>();

  constructor(
    readonly element: HTMLDialogElement,
    private readonly now: () => number,
    private readonly answer: (number: number) => Promise<Answer>,
  ) {
    document.body.append(element); // it must be seen whatever panel is open
    element.addEventListener('close', () => {
      if (this.now() <= this.closesAt) this.putOff.add(this.number);
      window.clearInterval(this.ticking);
    });
    this.part<HTMLFormElement>('form').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.send();
    });
  }

  /** Open it, unless this check-in was put off; `again` opens it all the same. */
  ask(number: number, closesAt: number, again = false): void {
    if (this.element.open || (this.putOff.has(number) && !again)) return;
    this.number = number;
    this.closesAt = closesAt;
    this.part('said').textContent = '';
    this.part('spoken').textContent = '';
    this.part<HTMLButtonElement>('answer').disabled = false;
    this.element.showModal();
    this.part('answer').focus();
    this.tick();
    this.ticking = window.setInterval(() => this.tick(), 1000);
  }

  /** It was answered, here or on another device. */
  taken(number: number, at: string): void {
    if (number !== this.number || !this.element.open) return;
    window.clearInterval(this.ticking);
    const said = this.part('said');
    said.textContent = fill(said.dataset['wordsTaken'], { time: timeOfDay(at) });
    this.closesAt = 0;
    window.setTimeout(() => this.element.close(), THANKS_MS);
  }

  private async send(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    const told = await this.answer(this.number);
    this.sending = false;
    if (typeof told['at'] === 'string') return;
    const said = this.part('said');
    said.textContent = told.message ?? (said.dataset['wordsOffline'] as string);
  }

  private tick(): void {
    const left = Math.ceil((this.closesAt - this.now()) / 1000);
    if (left < 0) {
      window.clearInterval(this.ticking);
      if (this.part('said').textContent) this.part<HTMLButtonElement>('answer').disabled = true;
      else this.element.close();
      return;
    }
    this.part('left').textContent = String(left);
    if (SPOKEN_AT.includes(left)) {
      const spoken = this.part('spoken');
      spoken.textContent = fill(spoken.dataset['words'], { seconds: left });
    }
  }

  private part<T extends HTMLElement = HTMLElement>(name: string): T {
    return this.element.querySelector(`[data-part="${name}"]`) as T;
  }
}
