/** Words and pieces of the page, as the server drew them. */
const table = document.querySelector<HTMLElement>('[data-stage-words]');

/** `word('by', { name: 'Siti' })` fills `{name}`. Words have a prefix of their own, so that no place of the page is called like them. */
export function word(key: string, values: Record<string, string | number> = {}): string {
  const text = table?.getAttribute(`data-say-${key}`) ?? '';
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** A fresh copy of a piece. */
export function copy(piece: string): HTMLElement {
  const template = document.querySelector<HTMLTemplateElement>(`template[data-piece="${piece}"]`);
  return template?.content.firstElementChild?.cloneNode(true) as HTMLElement;
}

export function icon(name: string): Node {
  const template = document.querySelector<HTMLTemplateElement>('template[data-piece="icons"]');
  const drawn = template?.content.querySelector(`[data-icon="${name}"] svg`);
  return drawn ? drawn.cloneNode(true) : document.createTextNode('');
}

export function part(of: Element, name: string): HTMLElement {
  return of.querySelector(`[data-part="${name}"]`) as HTMLElement;
}

/** Change a text only when it differs, so that nothing is read out or selected away for nothing. */
export function say(element: Element | null, text: string): void {
  if (element && element.textContent !== text) element.textContent = text;
}

export function find<E extends HTMLElement = HTMLElement>(selector: string): E | null {
  return document.querySelector<E>(selector);
}

const numbers = new Intl.NumberFormat(document.documentElement.lang || 'id', { maximumFractionDigits: 1 });
export const number = (value: number): string => numbers.format(value);

export function speed(kbps: number): string {
  return kbps >= 1000 ? word('mbps', { n: number(kbps / 1000) }) : word('kbps', { n: number(Math.round(kbps)) });
}

export function state(text: string, kind: 'ok' | 'late' | 'warn' | '', sign: string): HTMLElement {
  const drawn = document.createElement('span');
  drawn.className = `state${kind ? ` state-${kind}` : ''}`;
  drawn.append(icon(sign), text);
  return drawn;
}

/** Keep the children of a list in step with `items`: made once for each key, updated, removed. */
export function keep<T>(list: Element, items: T[], keyOf: (item: T) => string, make: () => HTMLElement, update: (element: HTMLElement, item: T) => void): void {
  const there = new Map([...list.children].filter((one) => one instanceof HTMLElement && one.dataset['key']).map((one) => [(one as HTMLElement).dataset['key'], one as HTMLElement]));
  for (const item of items) {
    const key = keyOf(item);
    const element = there.get(key) ?? make();
    element.dataset['key'] = key;
    there.delete(key);
    if (!element.isConnected) list.append(element);
    update(element, item);
  }
  for (const element of there.values()) element.remove();
}
