// Keeps what the library shows up to date without loading the page anew, so that uploads under way go on: when a file has arrived or has
// been prepared, the parts marked `data-shelf` and `data-room` (the room taken) are fetched again. On the page of one item a new state shows the page anew, unless a player
// is there, which looks after itself.
const shelf = document.querySelector<HTMLElement>('[data-shelf]');
const item = document.querySelector<HTMLElement>('[data-item]');
let asking = 0;

async function refresh(): Promise<void> {
  const mine = ++asking;
  try {
    const response = await fetch(location.href, { headers: { Accept: 'text/html' } });
    if (!response.ok || mine !== asking) return;
    const fresh = new DOMParser().parseFromString(await response.text(), 'text/html');
    const files = fresh.querySelector('[data-shelf]');
    if (!files || !shelf) return;
    const room = fresh.querySelector('[data-room]');
    if (room) document.querySelector('[data-room]')?.replaceWith(document.adoptNode(room));
    const focused = document.activeElement instanceof HTMLAnchorElement && shelf.contains(document.activeElement) ? document.activeElement.pathname : null;
    shelf.replaceChildren(...document.adoptNode(files).childNodes);
    if (focused) shelf.querySelector<HTMLElement>(`a[href="${focused}"]`)?.focus();
    document.dispatchEvent(new Event('gurindam:assets'));
  } catch {
    // Offline for a moment: what is shown stays, the next news asks again.
  }
}

document.addEventListener('gurindam:uploaded', () => void refresh());
document.addEventListener('gurindam:asset', (event) => {
  const { in_work } = (event as CustomEvent<{ in_work: boolean }>).detail;
  if (in_work) return;
  if (shelf) void refresh();
  else if (item?.hasAttribute('data-in-work') && !document.querySelector('[data-player], [data-preparing]')) location.reload();
});
