// Keeps what the library shows up to date without loading the page anew, so that uploads under way go on: when a file has arrived or has
// been prepared, the parts marked `data-shelf` and `data-room` (the room taken) are fetched again. What was ticked there stays ticked, and where
// a file is to be chosen, the one that has just arrived is. On the page of one item a new state shows the page anew, unless a player is
// there, which looks after itself.
const shelf = document.querySelector<HTMLElement>('[data-shelf]');
const item = document.querySelector<HTMLElement>('[data-item]');
let asking = 0;

/** What is chosen in the shelf's form, as name and value of each box and button that can be ticked. */
function ticks(): Map<string, boolean> {
  const boxes = shelf?.querySelectorAll<HTMLInputElement>('input:is([type=radio], [type=checkbox])') ?? [];
  return new Map([...boxes].map((box) => [`${box.name} ${box.value}`, box.checked]));
}

async function refresh(arrived: string | null = null): Promise<void> {
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
    const ticked = ticks();
    shelf.replaceChildren(...document.adoptNode(files).childNodes);
    for (const box of shelf.querySelectorAll<HTMLInputElement>('input:is([type=radio], [type=checkbox])')) box.checked = ticked.get(`${box.name} ${box.value}`) ?? box.checked;
    const place = arrived?.split('/').pop();
    const choice = place ? shelf.querySelector<HTMLInputElement>(`input[type=radio][value="${CSS.escape(place)}"]`) : null;
    if (choice) choice.checked = true;
    if (focused) shelf.querySelector<HTMLElement>(`a[href="${focused}"]`)?.focus();
    document.dispatchEvent(new Event('gurindam:assets'));
  } catch {
    // Offline for a moment: what is shown stays, the next news asks again.
  }
}

document.addEventListener('gurindam:uploaded', (event) => void refresh((event as CustomEvent<{ address: string | null }>).detail.address));
document.addEventListener('gurindam:asset', (event) => {
  const { in_work } = (event as CustomEvent<{ in_work: boolean }>).detail;
  if (in_work) return;
  if (shelf) void refresh();
  else if (item?.hasAttribute('data-in-work') && !document.querySelector('[data-player]')) location.reload();
});
