/** A field at the bottom of a panel: grows with its text, sends on Enter (Shift and Enter begins a line), keeps its text until it was taken. */
import { find, newKey, reasonOf, say, show } from './dom';
import type { Answer } from './room';

export class Field {
  readonly text: HTMLTextAreaElement;
  private readonly error: HTMLElement;
  onRefused: () => void = () => undefined;
  /** The same text pressed again is the same thing; another text is another, also while the first is on its way. */
  private sent = { key: newKey(), text: '' };

  constructor(
    readonly form: HTMLFormElement,
    take: (text: string, key: string) => Promise<void>,
  ) {
    this.text = find<HTMLTextAreaElement>('textarea', form);
    this.error = find('[data-error]', form);
    show(form, true);
    this.text.addEventListener('input', () => this.grow());
    this.text.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const text = this.text.value.trim();
      if (!text) return this.refuseEmpty();
      if (text !== this.sent.text) this.sent = { key: newKey(), text };
      void take(text, this.sent.key);
    });
  }

  set(text: string): void {
    this.text.value = text;
    this.grow();
  }

  /** This text was taken: the field is empty for the next one, unless that is being written already. */
  taken(text: string, key: string): void {
    if (this.sent.key === key) this.sent = { key: newKey(), text: '' };
    if (this.text.value.trim() === text) this.clear();
  }

  clear(): void {
    this.set('');
    this.refuse(null);
  }

  refuse(answer: Answer | null): void {
    say(this.error, answer ? reasonOf(answer) : '');
    show(this.error, answer !== null);
    if (answer) this.text.setAttribute('aria-invalid', 'true');
    else this.text.removeAttribute('aria-invalid');
    if (answer) this.onRefused();
  }

  private refuseEmpty(): void {
    this.refuse({ error: 'empty', message: this.form.dataset.sayEmpty ?? '' });
    this.text.focus();
  }

  private grow(): void {
    const lines = this.text.value.split('\n').length + Math.floor(this.text.value.length / 60);
    this.text.rows = Math.min(5, Math.max(1, lines));
  }
}
