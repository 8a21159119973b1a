/** Following a notification marks it as read; the page that opens does not wait for it. */
const token = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? '';

document.addEventListener('click', (event) => {
  const link = (event.target as Element).closest<HTMLAnchorElement>('a[data-read]');
  const address = link?.dataset['read'];
  if (!link || !address) return;
  delete link.dataset['read'];
  fetch(address, { method: 'POST', keepalive: true, headers: { 'X-CSRFToken': token, Accept: 'application/json' } }).catch(() => {
    link.dataset['read'] = address; // still unread, and the button beside it says so
  });
});
