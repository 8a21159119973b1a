// A course on its way to its next version: when the worker has published or refused it, the page is shown anew.
const waiting = document.querySelector<HTMLElement>('[data-change]');

async function look(host: HTMLElement): Promise<void> {
  try {
    const response = await fetch(host.dataset.change as string, { headers: { Accept: 'application/json' } });
    if (response.ok && ((await response.json()) as { state: string }).state !== 'WAITING') {
      location.reload();
      return;
    }
  } catch {
    // Offline for a moment: ask again.
  }
  window.setTimeout(() => void look(host), 1500);
}

if (waiting) window.setTimeout(() => void look(waiting), 800);
