/** Being offline is a state: say so, say what still works, and say when it is over. */
export function watchConnection(): void {
  const notice = document.querySelector<HTMLElement>('[data-connection]');
  if (!notice) return;
  const show = (): void => {
    const offline = !navigator.onLine;
    notice.hidden = !offline;
    document.documentElement.toggleAttribute('data-offline', offline);
  };
  addEventListener('online', show);
  addEventListener('offline', show);
  show();
}
