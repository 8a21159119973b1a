/** Tab panels within a page: arrows move, Home and End jump; the panels all show when there is no script. */
export function prepareTabs(root: ParentNode = document): void {
  for (const list of root.querySelectorAll<HTMLElement>('[data-tabs]')) {
    const tabs = [...list.querySelectorAll<HTMLAnchorElement>('a[href^="#"]')];
    const panels = tabs.map((tab) => document.getElementById(tab.hash.slice(1)));
    if (panels.some((panel) => panel === null)) continue;
    list.setAttribute('role', 'tablist');
    const show = (index: number, focus: boolean): void => {
      tabs.forEach((tab, at) => {
        tab.setAttribute('aria-selected', String(at === index));
        tab.tabIndex = at === index ? 0 : -1;
        (panels[at] as HTMLElement).hidden = at !== index;
      });
      if (focus) tabs[index]?.focus();
    };
    tabs.forEach((tab, at) => {
      const panel = panels[at] as HTMLElement;
      tab.id ||= `${panel.id}-tab`;
      tab.setAttribute('role', 'tab');
      tab.setAttribute('aria-controls', panel.id);
      panel.setAttribute('role', 'tabpanel');
      panel.setAttribute('aria-labelledby', tab.id);
      panel.tabIndex = 0;
      tab.addEventListener('click', (event) => {
        event.preventDefault();
        show(at, false);
      });
      tab.addEventListener('keydown', (event) => {
        const shown = tabs.filter((other) => !other.hidden); // one that this width has no use for is passed over
        const here = shown.indexOf(tab);
        const to: Record<string, HTMLAnchorElement | undefined> = {
          ArrowRight: shown[(here + 1) % shown.length],
          ArrowLeft: shown[(here + shown.length - 1) % shown.length],
          Home: shown[0],
          End: shown.at(-1),
        };
        const chosen = to[event.key];
        const next = chosen && tabs.indexOf(chosen);
        if (next === undefined) return;
        event.preventDefault();
        show(next, true);
      });
    });
    const named = tabs.findIndex((tab) => tab.hash === location.hash);
    const chosen = tabs.findIndex((tab) => tab.hasAttribute('data-selected'));
    show(Math.max(named, chosen, 0), false);
  }
}
