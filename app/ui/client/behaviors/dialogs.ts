/** Buttons that open and close dialogs, and the question asked before a form marked with data-confirm is sent. */
export function prepareDialogs(): void {
  document.addEventListener('click', (event) => {
    const target = event.target as Element;
    const opener = target.closest<HTMLElement>('[data-open-dialog]');
    if (opener) {
      const dialog = document.getElementById(opener.dataset['openDialog'] ?? '');
      if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal();
      return;
    }
    if (target.closest('[data-close-dialog]')) target.closest('dialog')?.close();
    // A press on the veil lands on the dialog element itself, outside its content.
    if (target instanceof HTMLDialogElement && target.matches(':modal') && !within(target, event)) target.close();
  });
}

function within(dialog: HTMLDialogElement, event: MouseEvent): boolean {
  const box = dialog.getBoundingClientRect();
  return event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
}

/** Ask; resolves true when the person confirms. The wording is in the form's data- attributes. */
export function confirmForm(form: HTMLFormElement, submitter: HTMLElement | null): Promise<boolean> {
  return ask(submitter?.dataset['confirm'] ? submitter.dataset : form.dataset);
}

/** Ask in these words: `confirm`, `confirmTitle`, `confirmLabel` and `confirmKind`, as in a form's data- attributes. */
export function ask(words: Record<string, string | undefined>): Promise<boolean> {
  const dialog = document.querySelector<HTMLDialogElement>('[data-confirm-dialog]');
  if (!dialog) return Promise.resolve(true);
  const part = (name: string): HTMLElement => dialog.querySelector(`[data-part=${name}]`) as HTMLElement;
  const accept = part('accept');
  part('title').textContent = words['confirmTitle'] ?? words['confirm'] ?? '';
  part('text').textContent = words['confirmTitle'] ? (words['confirm'] ?? '') : '';
  accept.textContent = words['confirmLabel'] ?? accept.dataset['label'] ?? '';
  accept.classList.toggle('btn-danger', words['confirmKind'] !== 'plain');
  accept.classList.toggle('btn-primary', words['confirmKind'] === 'plain');
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}
