/** Short confirmations. Errors stay in the page, at their field; see the alert component. */
const SHOWN_FOR = 8000; // milliseconds; longer while the pointer or the focus is on it

export interface ToastAction {
  label: string;
  run: () => void;
}

export function showToast(text: string, action?: ToastAction): void {
  const region = document.querySelector<HTMLElement>('[data-toasts]');
  const mold = document.querySelector<HTMLTemplateElement>('[data-toast-template]');
  if (!region || !mold) return;
  const toast = (mold.content.cloneNode(true) as DocumentFragment).firstElementChild as HTMLElement;
  (toast.querySelector('[data-part=text]') as HTMLElement).textContent = text;
  let timer = 0;
  const remove = (): void => toast.remove();
  const start = (): void => {
    timer = window.setTimeout(remove, SHOWN_FOR);
  };
  const stop = (): void => clearTimeout(timer);
  if (action) {
    const button = document.createElement('button');
    button.className = 'btn btn-quiet btn-sm';
    button.type = 'button';
    button.textContent = action.label;
    button.addEventListener('click', () => {
      remove();
      action.run();
    });
    toast.querySelector('[data-part=text]')?.after(button);
  }
  toast.querySelector('[data-dismiss]')?.addEventListener('click', remove);
  for (const name of ['pointerenter', 'focusin']) toast.addEventListener(name, stop);
  for (const name of ['pointerleave', 'focusout']) toast.addEventListener(name, start);
  region.append(toast);
  start();
}

/** Confirmations the server left in the page become toasts; any alert with a dismiss button can be closed. */
export function prepareToasts(): void {
  for (const flash of document.querySelectorAll<HTMLElement>('[data-flash=toast]')) {
    showToast(flash.textContent?.trim() ?? '');
    flash.remove();
  }
  document.addEventListener('click', (event) => {
    (event.target as Element).closest('[data-dismiss]')?.closest('.alert, .toast')?.remove();
  });
  document.addEventListener('gurindam:toast', (event) => showToast(String((event as CustomEvent).detail)));
}
