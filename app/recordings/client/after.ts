// The page of a webinar that has ended: opens by itself once the recording is there, and finds in questions and chat while one types.
const ASK_EVERY_MS = 3000;

function waitFor(box: HTMLElement): void {
  const words = box.querySelector('[data-words]');
  const ask = async (): Promise<void> => {
    try {
      const answer = await fetch(box.dataset.making ?? '', { headers: { Accept: 'application/json' } });
      if (answer.ok) {
        const told = (await answer.json()) as { state: string; words: string };
        if (words && words.textContent !== told.words) words.textContent = told.words;
        if (told.state !== 'MAKING') {
          location.reload();
          return;
        }
      }
    } catch {
      // no link for a moment: asked again below
    }
    window.setTimeout(() => void ask(), ASK_EVERY_MS);
  };
  window.setTimeout(() => void ask(), ASK_EVERY_MS);
}

function findIn(form: HTMLFormElement): void {
  const field = form.querySelector<HTMLInputElement>('input[type="search"]');
  const entries = [...document.querySelectorAll<HTMLElement>('[data-searched] > li')];
  const none = document.querySelector<HTMLElement>('[data-found]');
  if (!field || field.value) return; // the server has already chosen: the rest is not on this page
  form.querySelector('button')?.setAttribute('hidden', '');
  form.addEventListener('submit', (event) => event.preventDefault());
  field.addEventListener('input', () => {
    const asked = field.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const entry of entries) {
      const text = (entry.dataset.text ?? '').toLocaleLowerCase();
      entry.hidden = !asked.every((word) => text.includes(word));
      if (!entry.hidden) found += 1;
    }
    if (none) {
      none.hidden = found > 0 || asked.length === 0;
      none.textContent = none.dataset.none ?? '';
    }
  });
}

const making = document.querySelector<HTMLElement>('[data-making]');
if (making) waitFor(making);
const form = document.querySelector<HTMLFormElement>('[data-find]');
if (form) findIn(form);
