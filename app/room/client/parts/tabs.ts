/**
 * The tabs of the room. Beside the picture there is room for questions, polls and chat; on a narrow screen the other panels are tabs too,
 * and on a wide one those stand below the picture all the time.
 */
import { show } from './dom';

const WIDE = '(min-width: 60rem)';

export function prepareTabs(list: HTMLElement, changed: (name: string) => void): void {
  const wide = matchMedia(WIDE);
  const tabs = [...list.querySelectorAll<HTMLButtonElement>('[data-tab]')];
  const panels = new Map(tabs.map((tab) => [tab, document.getElementById(tab.dataset.tab ?? '')]));
  let wanted = tabs.find((tab) => `#${tab.dataset.tab}` === location.hash) ?? tabs[0];

  const draw = (): void => {
    const chosen = wide.matches && wanted?.dataset.narrow !== undefined ? tabs[0] : wanted; // what was wanted comes back with a narrow screen
    for (const tab of tabs) {
      const panel = panels.get(tab);
      if (!panel) continue;
      const asTab = !(wide.matches && tab.dataset.narrow !== undefined);
      show(tab, asTab);
      tab.setAttribute('aria-selected', String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
      show(panel, !asTab || tab === chosen);
      panel.setAttribute('role', asTab ? 'tabpanel' : 'region');
    }
    document.body.dataset.roomTab = chosen?.dataset.tab ?? '';
    changed(chosen?.dataset.tab ?? '');
  };

  list.setAttribute('role', 'tablist');
  for (const tab of tabs) {
    const panel = panels.get(tab);
    if (!panel) continue;
    tab.setAttribute('role', 'tab');
    tab.setAttribute('aria-controls', panel.id);
    tab.addEventListener('click', () => {
      wanted = tab;
      draw();
    });
    tab.addEventListener('keydown', (event) => {
      const shown = tabs.filter((one) => !one.hidden);
      const here = shown.indexOf(tab);
      const to: Record<string, HTMLButtonElement | undefined> = {
        ArrowRight: shown[(here + 1) % shown.length],
        ArrowLeft: shown[(here + shown.length - 1) % shown.length],
        Home: shown[0],
        End: shown.at(-1),
      };
      const next = to[event.key];
      if (!next) return;
      event.preventDefault();
      wanted = next;
      draw();
      next.focus();
    });
  }
  wide.addEventListener('change', draw);
  show(list, true);
  draw();
}
