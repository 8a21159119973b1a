// What a lesson's page says about how far its reader is, in the words of the server: the conditions, the outline, the next step, the heading.
let renewing: Promise<void> | null = null;

/** Take these parts from the page as it would be loaded now, all of them or none. The rest, such as a video that plays, stays as it is. */
export function renewStanding(): Promise<void> {
  renewing ??= renew()
    .catch(() => undefined) // without a connection the page stays as it was; the next report asks again
    .finally(() => (renewing = null));
  return renewing;
}

async function renew(): Promise<void> {
  const response = await fetch(location.pathname, { headers: { Accept: 'text/html' } });
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  if (!response.ok || !page.querySelector('[data-lesson]')) return;
  for (const part of document.querySelectorAll<HTMLElement>('[data-standing]')) {
    const now = page.querySelector<HTMLElement>(`[data-standing="${part.dataset.standing}"]`);
    if (now) replace(part, now);
    else part.remove();
  }
}

/** Modules that the reader had opened or shut stay so. */
function replace(part: HTMLElement, now: HTMLElement): void {
  const before = [...part.querySelectorAll('details')];
  now.querySelectorAll('details').forEach((module, place) => {
    const old = before[place];
    if (old) module.open = old.open;
  });
  part.replaceWith(now);
}
