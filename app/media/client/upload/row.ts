/** One line of the list: a name, a state in words, a bar, and what can be done now. */
import { fill, share, size, time, type Texts } from './words';

export type Mood = 'wait' | 'send' | 'pause' | 'offline' | 'check' | 'done' | 'bad' | 'rest';
type Deed = 'pause' | 'resume' | 'cancel' | 'dismiss' | 'choose';

const SIGNS: Record<Mood, string> = { wait: 'clock', send: 'up', pause: 'pause', offline: 'offline', check: 'clock', done: 'done', bad: 'alert', rest: 'half' };
const COLORS: Partial<Record<Mood, string>> = { done: 'state-ok', bad: 'state-late', offline: 'state-warn', rest: 'state-warn' };

export class Row {
  readonly element: HTMLLIElement;
  private readonly icons: string;

  constructor(
    mold: HTMLTemplateElement,
    readonly name: string,
    private readonly bytes: number,
    private readonly texts: Texts,
  ) {
    this.element = (mold.content.cloneNode(true) as DocumentFragment).firstElementChild as HTMLLIElement;
    this.icons = (this.element.querySelector('use')?.getAttribute('href') ?? '').split('#')[0] ?? '';
    this.part('name').textContent = name;
    this.part('size').textContent = size(bytes, texts);
    this.bar.setAttribute('aria-label', name);
    for (const button of this.element.querySelectorAll<HTMLElement>('[data-do]')) button.setAttribute('aria-label', `${button.textContent?.trim() ?? ''}: ${name}`);
    const input = this.element.querySelector<HTMLInputElement>('input[type=file]');
    if (input) input.setAttribute('aria-label', `${input.parentElement?.textContent?.trim() ?? ''}: ${name}`);
  }

  on(deed: Exclude<Deed, 'choose'>, act: () => void): void {
    this.element.querySelector(`[data-do=${deed}]`)?.addEventListener('click', act);
  }

  onChoice(act: (file: File) => void): void {
    const input = this.element.querySelector<HTMLInputElement>('input[type=file]');
    input?.addEventListener('change', () => {
      const file = input.files?.[0];
      input.value = '';
      if (file) act(file);
    });
  }

  /** The state in words, and which buttons make sense in it. A button that had the focus hands it on. */
  show(mood: Mood, words: string, deeds: Deed[], detail = ''): void {
    const state = this.part('state');
    state.className = `state upload-state ${COLORS[mood] ?? ''}`;
    state.querySelector('use')?.setAttribute('href', `${this.icons}#i-${SIGNS[mood]}`);
    (state.querySelector('[data-part=words]') as HTMLElement).textContent = words;
    this.detail(detail);
    const held = this.element.contains(document.activeElement) && document.activeElement instanceof HTMLElement ? document.activeElement : null;
    for (const box of this.element.querySelectorAll<HTMLElement>('[data-deed]')) box.hidden = !deeds.includes(box.dataset['deed'] as Deed);
    if (held?.closest('[hidden]')) this.element.querySelector<HTMLElement>('[data-deed]:not([hidden]):is(button), [data-deed]:not([hidden]) input')?.focus();
    const over = mood === 'done' || mood === 'bad';
    this.bar.hidden = over;
    if (over) this.part('size').textContent = size(this.bytes, this.texts);
    if (mood !== 'send') this.part('pace').textContent = '';
  }

  detail(text: string): void {
    const detail = this.part('detail');
    detail.textContent = text;
    detail.hidden = !text;
  }

  /** A sentence in place of the detail, with a link where it says `{title}`. */
  lead(text: string, title: string, address: string): void {
    const [before = '', after = ''] = text.split('{title}');
    const link = document.createElement('a');
    link.href = address;
    link.textContent = title;
    const detail = this.part('detail');
    detail.replaceChildren(before, link, after);
    detail.hidden = false;
  }

  measure(sent: number, whole: number, speed: number | null, left: number | null): void {
    this.bar.max = whole;
    this.bar.value = sent;
    const parts = [`${share(sent, whole)} %`, fill(this.texts['of'], { sent: size(sent, this.texts), size: size(whole, this.texts) })];
    this.part('size').textContent = parts.join(' · ');
    const pace = [];
    if (speed !== null) pace.push(fill(this.texts['speed'], { rate: size(speed, this.texts) }));
    if (left !== null) pace.push(fill(this.texts['left'], { time: time(left, this.texts) }));
    this.part('pace').textContent = pace.join(' · ');
  }

  /** A bar without an end: nobody knows how long this takes. */
  ponder(): void {
    this.bar.removeAttribute('value');
  }

  private get bar(): HTMLProgressElement {
    return this.element.querySelector('progress') as HTMLProgressElement;
  }

  private part(name: string): HTMLElement {
    return this.element.querySelector(`[data-part=${name}]`) as HTMLElement;
  }
}
