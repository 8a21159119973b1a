/** The list of cues on the page: one row each, made once and only changed where its cue changed. */
import { type Cue, type Cues, showTime } from './cues';

type Part = 'play' | 'begin' | 'end' | 'text' | 'fault';
type Words = Record<string, string>;

export class Rows {
  private readonly rows = new Map<number, HTMLElement>();
  private readonly drawn = new Map<number, { cue: Cue; number: number }>();
  private running: HTMLElement | null = null;
  private chosen: HTMLElement | null = null;

  constructor(
    private readonly list: HTMLElement,
    private readonly mold: HTMLTemplateElement,
    private readonly words: Words,
  ) {}

  draw(cues: Cues): void {
    const wanted = new Set(cues.map((one) => one.key));
    for (const [key, row] of this.rows) {
      if (wanted.has(key)) continue;
      row.remove();
      this.rows.delete(key);
      this.drawn.delete(key);
    }
    let before: Element | null = null;
    for (const [place, one] of cues.entries()) {
      const row = this.rows.get(one.key) ?? this.make(one.key);
      const expected: Element | null = before ? before.nextElementSibling : this.list.firstElementChild;
      if (expected !== row) this.list.insertBefore(row, expected);
      this.fill(row, one, place + 1);
      before = row;
    }
  }

  keyOf(target: EventTarget | null): number | null {
    const row = target instanceof Element ? target.closest<HTMLElement>('[data-key]') : null;
    return row && this.list.contains(row) ? Number(row.dataset.key) : null;
  }

  part<E extends HTMLElement = HTMLElement>(key: number, name: Part): E | null {
    return this.rows.get(key)?.querySelector<E>(`[data-part="${name}"]`) ?? null;
  }

  /** Mark the cue that the video is at; scrolls there unless somebody is writing in the list. */
  run(key: number | null, follow: boolean): void {
    const row = key === null ? null : (this.rows.get(key) ?? null);
    if (row === this.running) return;
    this.running?.removeAttribute('aria-current');
    this.running = row;
    row?.setAttribute('aria-current', 'true');
    if (row && follow && !this.list.contains(document.activeElement)) this.show(row);
  }

  choose(key: number | null): void {
    const row = key === null ? null : (this.rows.get(key) ?? null);
    this.chosen?.classList.remove('cue-chosen');
    this.chosen = row;
    row?.classList.add('cue-chosen');
  }

  focus(key: number, name: Part = 'text', caret = 0): void {
    const target = this.part<HTMLTextAreaElement>(key, name);
    if (!target) return;
    target.focus({ preventScroll: true });
    if (name === 'text') target.setSelectionRange(caret, caret);
    const row = this.rows.get(key);
    if (row) this.show(row);
  }

  complain(key: number, text: string | null): void {
    const fault = this.part(key, 'fault');
    if (!fault) return;
    fault.hidden = text === null;
    (fault.querySelector('span') as HTMLElement).textContent = text ?? '';
    for (const name of ['begin', 'end', 'text'] as const) {
      const input = this.part(key, name);
      if (text === null) input?.removeAttribute('aria-describedby');
      else input?.setAttribute('aria-describedby', fault.id);
    }
  }

  /** The whole list is fine again. */
  forgive(): void {
    for (const key of this.rows.keys()) if (!this.part(key, 'fault')?.hidden) this.complain(key, null);
  }

  private show(row: HTMLElement): void {
    row.scrollIntoView({ block: 'nearest', behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' });
  }

  private make(key: number): HTMLElement {
    const row = (this.mold.content.cloneNode(true) as DocumentFragment).firstElementChild as HTMLElement;
    row.dataset.key = String(key);
    this.rows.set(key, row);
    (row.querySelector('[data-part="fault"]') as HTMLElement).id = `cue-fault-${key}`;
    return row;
  }

  private fill(row: HTMLElement, one: Cue, number: number): void {
    const before = this.drawn.get(one.key);
    if (before?.cue === one && before.number === number) return;
    this.drawn.set(one.key, { cue: one, number });
    const put = (name: Part, value: string): void => {
      const input = row.querySelector(`[data-part="${name}"]`) as HTMLInputElement;
      if (input.value === value) return;
      input.value = value;
      input.removeAttribute('aria-invalid');
    };
    put('begin', showTime(one.begin));
    put('end', showTime(one.end));
    put('text', one.text);
    if (before?.number === number) return;
    for (const name of ['play', 'begin', 'end', 'text'] as const) {
      (row.querySelector(`[data-part="${name}"]`) as HTMLElement).setAttribute('aria-label', (this.words[name] ?? '').replace('{n}', String(number)));
    }
    (row.querySelector('[data-part="play"]') as HTMLElement).textContent = String(number);
  }
}
