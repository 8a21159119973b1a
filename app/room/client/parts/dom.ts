/** Small help with the page: molds from `<template data-mold>`, their parts by name, lists that keep what did not change. */
export function find<T extends HTMLElement = HTMLElement>(selector: string, root: ParentNode = document): T {
  const found = root.querySelector<T>(selector);
  if (!found) throw new Error(`this page has no ${selector}`);
  return found;
}

export function mold(name: string): HTMLElement {
  const made = find<HTMLTemplateElement>(`template[data-mold="${name}"]`).content.firstElementChild;
  if (!made) throw new Error(`the mold ${name} is empty`);
  return made.cloneNode(true) as HTMLElement;
}

export function part<T extends HTMLElement = HTMLElement>(root: ParentNode, name: string): T {
  return find<T>(`[data-part="${name}"]`, root);
}

export function show(element: HTMLElement, shown: boolean): void {
  if (element.hidden === shown) element.hidden = !shown;
}

/** Text, and nothing but text; untouched when it is the same, so that nothing is read aloud twice. */
export function say(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function press(button: HTMLElement, pressed: boolean): void {
  button.setAttribute('aria-pressed', String(pressed));
}

export interface Keyed {
  id: number | string;
}

/** Brings a list to these items in this order; an element stays itself as long as its item is there, and keeps the focus. */
export class KeyedList<T extends Keyed> {
  readonly elements = new Map<T['id'], HTMLElement>();

  constructor(
    private readonly list: HTMLElement,
    private readonly make: (item: T) => HTMLElement,
    private readonly update: (element: HTMLElement, item: T) => void,
  ) {
    list.replaceChildren();
  }

  draw(items: T[]): void {
    const wanted = new Set(items.map((item) => item.id));
    for (const [id, element] of this.elements) {
      if (wanted.has(id)) continue;
      element.remove();
      this.elements.delete(id);
    }
    let before: Element | null = null;
    for (const item of items) {
      const element: HTMLElement = this.elements.get(item.id) ?? this.make(item);
      this.elements.set(item.id, element);
      this.update(element, item);
      const next: Element | null = before ? before.nextElementSibling : this.list.firstElementChild;
      if (next !== element) moveBefore(this.list, element, next);
      before = element;
    }
  }
}

/** Moving takes the focus away: give it back. */
function moveBefore(list: HTMLElement, element: HTMLElement, next: Element | null): void {
  const held = element.contains(document.activeElement) ? (document.activeElement as HTMLElement) : null;
  list.insertBefore(element, next);
  held?.focus({ preventScroll: true });
}

/** A name for something sent, so that sending it again is the same thing. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** What a refusal says: of the first field that is wrong, else as a whole. */
export function reasonOf(answer: { message?: string; fields?: unknown }): string {
  const fields = Object.values((answer.fields ?? {}) as Record<string, string>).filter(Boolean);
  return fields[0] ?? answer.message ?? '';
}
