/**
 * Links to moments (transcript, chapters, what is still to be watched): `<a href="#t=212" data-seek="212">`, with `data-for` the player's id
 * when a page has several. A press jumps; in a list the running moment is marked, and a transcript scrolls along.
 */
export function follow(player: HTMLElement, seek: (seconds: number) => void): void {
  const mine = (link: HTMLElement): boolean => (link.dataset.for ?? player.id) === player.id;
  const lists = new Set([...document.querySelectorAll<HTMLElement>('ol a[data-seek]')].filter(mine).map((link) => link.closest('ol')));
  for (const list of lists) if (list) followIn(list, player);
  document.addEventListener('click', (event) => {
    const link = (event.target as Element).closest<HTMLElement>('a[data-seek]');
    if (!link || !mine(link)) return;
    event.preventDefault();
    seek(Number(link.dataset.seek));
  });
}

function followIn(list: HTMLElement, player: HTMLElement): void {
  const entries = [...list.querySelectorAll<HTMLElement>('a[data-seek]')];
  const moments = entries.map((entry) => Number(entry.dataset.seek));
  const toggle = list.parentElement?.querySelector<HTMLButtonElement>(`[data-following="${player.id}"]`) ?? null;
  let following = true;
  let current = -1;

  const show = (): void => {
    const entry = entries[current];
    if (!entry || !following || !('scroll' in list.dataset) || list.scrollHeight <= list.clientHeight) return;
    const below = entry.getBoundingClientRect().top - list.getBoundingClientRect().top; // whatever the list is positioned by
    list.scrollTo({
      top: list.scrollTop + below - list.clientHeight / 3,
      behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth',
    });
  };
  const setFollowing = (on: boolean): void => {
    following = on;
    toggle?.setAttribute('aria-pressed', String(on));
    show();
  };
  if (toggle) {
    toggle.hidden = false;
    toggle.addEventListener('click', () => setFollowing(!following));
    for (const name of ['wheel', 'touchmove'] as const) list.addEventListener(name, () => setFollowing(false), { passive: true });
  }
  player.addEventListener('gurindam:position', (event) => {
    const { seconds } = (event as CustomEvent<{ seconds: number }>).detail;
    let found = -1;
    while (found + 1 < moments.length && (moments[found + 1] ?? Infinity) <= seconds + 0.05) found += 1;
    if (found === current) return;
    entries[current]?.removeAttribute('aria-current');
    current = found;
    entries[current]?.setAttribute('aria-current', 'true');
    show();
  });
}
