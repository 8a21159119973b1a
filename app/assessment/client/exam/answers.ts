/** What the fields of a question say, as the server wants it; and putting items in order. */

export function responseOf(form: HTMLFormElement): unknown {
  const fields = new FormData(form);
  const text = String(fields.get('jawaban') ?? '');
  switch (form.dataset['type']) {
    case 'multiple_choice':
      return fields.getAll('jawaban').map(String);
    case 'matching': {
      const pairs = [...fields].filter(([name, value]) => name.startsWith('pasangan-') && value);
      return pairs.length ? Object.fromEntries(pairs.map(([name, value]) => [name.slice(9), value])) : null;
    }
    case 'ordering':
      return isOrdered(form) ? items(form).map((item) => item.dataset['item']) : null;
    default:
      return text.trim() ? text : null;
  }
}

/** Put an answer into the fields: one that waits in the journal is the learner's latest, whatever the page came with. */
export function fillIn(form: HTMLFormElement, response: unknown): void {
  const chosen = Array.isArray(response) ? response.map(String) : [String(response ?? '')];
  const pairs = (response ?? {}) as Record<string, string>;
  for (const field of form.querySelectorAll<HTMLInputElement>('input[name=jawaban]')) {
    if (field.type === 'text') field.value = chosen[0] ?? '';
    else field.checked = chosen.includes(field.value);
  }
  for (const select of form.querySelectorAll<HTMLSelectElement>('select[name^=pasangan-]')) select.value = pairs[select.name.slice(9)] ?? '';
  const known = items(form);
  const wanted = chosen.map((name) => known.find((item) => item.dataset['item'] === name)).filter((item) => item !== undefined);
  if (known.length && wanted.length === known.length) {
    known[0]?.parentElement?.append(...wanted);
    number(form);
  }
}

function number(form: HTMLFormElement): void {
  items(form).forEach((item, index) => {
    const select = item.querySelector('select');
    if (select) select.value = String(index + 1);
  });
}

export function isAnswered(response: unknown): boolean {
  return response !== null && !(Array.isArray(response) && !response.length);
}

function items(form: HTMLFormElement): HTMLElement[] {
  return [...form.querySelectorAll<HTMLElement>('[data-item]')];
}

function isOrdered(form: HTMLFormElement): boolean {
  return items(form).every((item) => item.querySelector('select')?.value);
}

/** Arrows move an item by one; choosing a number moves it there. `changed` is called with the new place. */
export function prepareOrder(form: HTMLFormElement, changed: (place: number) => void): void {
  const list = form.querySelector<HTMLElement>('[data-order]');
  if (!list) return;
  for (const moves of list.querySelectorAll<HTMLElement>('[data-moves]')) moves.hidden = false;
  const place = (item: HTMLElement, wanted: number): void => {
    const others = items(form).filter((other) => other !== item);
    const at = Math.max(0, Math.min(wanted, others.length));
    const next = others[at];
    next ? next.before(item) : list.append(item);
    number(form);
    changed(at + 1);
  };
  list.addEventListener('click', (event) => {
    const button = (event.target as Element).closest<HTMLElement>('[data-move]');
    const item = button?.closest<HTMLElement>('[data-item]');
    if (!button || !item) return;
    place(item, items(form).indexOf(item) + Number(button.dataset['move']));
    button.focus();
  });
  list.addEventListener('change', (event) => {
    const select = event.target as HTMLSelectElement;
    const item = select.closest<HTMLElement>('[data-item]');
    if (!item || !select.value) return;
    place(item, Number(select.value) - 1);
    select.focus();
  });
}
