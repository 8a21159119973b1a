// An assignment on its way to many people: shows how far it is, and shows the page anew when it has arrived.
export {};
const carrying = document.querySelector<HTMLElement>('[data-carrying]');

async function look(host: HTMLElement): Promise<void> {
  try {
    const response = await fetch(host.dataset.carrying as string, { headers: { Accept: 'application/json' } });
    if (response.ok) {
      const told = (await response.json()) as { people: number; carried: number; pending: number };
      const bar = host.querySelector('progress');
      const number = host.querySelector<HTMLElement>('[data-carried]');
      if (bar) bar.value = told.carried;
      if (number) number.textContent = told.carried.toLocaleString(document.documentElement.lang);
      if (told.pending === 0) {
        location.reload();
        return;
      }
    }
  } catch {
    // Offline for a moment: ask again.
  }
  window.setTimeout(() => void look(host), 2000);
}

if (carrying) window.setTimeout(() => void look(carrying), 1500);
