/** Menus are details elements: Escape or a press elsewhere closes them, opening one closes the others. */
const OPEN = 'details[data-menu][open]';

function close(menu: HTMLDetailsElement, giveFocusBack: boolean): void {
  menu.open = false;
  if (giveFocusBack) menu.querySelector('summary')?.focus();
}

export function prepareMenus(): void {
  document.addEventListener('click', (event) => {
    for (const menu of document.querySelectorAll<HTMLDetailsElement>(OPEN)) {
      if (!menu.contains(event.target as Node)) close(menu, false);
    }
  });
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    const menu = document.querySelector<HTMLDetailsElement>(OPEN);
    if (menu) close(menu, menu.contains(document.activeElement));
  });
  document.addEventListener('focusout', (event) => {
    // A press on words inside the menu, such as those of a choice, gives the focus to what surrounds the menu: nobody has left.
    // Closing here would take the choice away from under the press (and ends the tab of Chromium 156).
    const menu = (event.target as Element).closest<HTMLDetailsElement>(OPEN);
    const to = event.relatedTarget as Node | null;
    if (menu && to && !menu.contains(to) && !to.contains(menu)) close(menu, false);
  });
  openWhatTheAddressNames();
  addEventListener('hashchange', openWhatTheAddressNames);
}

/** A link to something inside a closed disclosure opens it first. */
function openWhatTheAddressNames(): void {
  const target = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
  for (let box = target?.closest('details'); box; box = box.parentElement?.closest('details')) box.open = true;
}
