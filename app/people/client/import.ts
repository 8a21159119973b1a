/** The progress of work that goes on in the background; the page is loaded anew when its state changes. */
interface Progress {
  state: string;
  busy: boolean;
  step: string;
  done: number;
  total: number;
}

const EVERY_MS = 1000;

async function ask(box: HTMLElement, address: string, before: string): Promise<void> {
  try {
    const answer = await fetch(address, { headers: { Accept: 'application/json' } });
    if (answer.status === 401 || answer.status === 403 || answer.status === 404) return location.reload();
    if (answer.ok) {
      const now = (await answer.json()) as Progress;
      if (now.state !== before) return location.reload();
      show(box, now);
    }
  } catch {
    // Offline for a moment: the next question tries again.
  }
  setTimeout(() => void ask(box, address, before), EVERY_MS);
}

function show(box: HTMLElement, now: Progress): void {
  const bar = box.querySelector('progress');
  const step = box.querySelector('[data-part=step]');
  const count = box.querySelector('[data-part=count]');
  if (step && step.textContent !== now.step) step.textContent = now.step;
  if (!bar || !count || !now.total) return;
  bar.max = now.total;
  bar.value = now.done;
  count.textContent = `${now.done.toLocaleString(document.documentElement.lang)} / ${now.total.toLocaleString(document.documentElement.lang)}`;
}

for (const box of document.querySelectorAll<HTMLElement>('[data-import-state]')) {
  void ask(box, box.dataset['importState'] ?? '', box.dataset['state'] ?? '');
}
