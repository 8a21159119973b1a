/** Forms are sent once: the pressed button is busy until the answer comes. Marked forms ask first. */
import { confirmForm } from './dialogs';

const confirmed = new WeakSet<HTMLFormElement>();
const sent = new WeakSet<HTMLFormElement>();

function asksFirst(form: HTMLFormElement, submitter: HTMLElement | null): boolean {
  return Boolean(submitter?.dataset['confirm'] ?? form.dataset['confirm']);
}

export function guardForms(): void {
  document.addEventListener('submit', (event) => {
    const form = event.target as HTMLFormElement;
    const submitter = event.submitter;
    if (event.defaultPrevented || form.method === 'dialog' || form.hasAttribute('data-many')) return;
    if (asksFirst(form, submitter) && !confirmed.delete(form)) {
      event.preventDefault();
      void confirmForm(form, submitter).then((yes) => {
        if (!yes) return;
        confirmed.add(form);
        form.requestSubmit(submitter);
      });
      return;
    }
    if (form.method === 'get' || form.target === '_blank') return;
    if (sent.has(form)) {
      event.preventDefault();
      return;
    }
    sent.add(form);
    (submitter ?? form.querySelector('[type=submit]'))?.setAttribute('aria-busy', 'true');
  });
  // Back from the history shows the page as it was left: let its forms be sent again.
  addEventListener('pageshow', (event) => {
    if (!event.persisted) return;
    for (const form of document.forms) release(form);
  });
}

/** Let a form be sent again, for scripts that send it themselves and get a refusal. */
export function release(form: HTMLFormElement): void {
  sent.delete(form);
  for (const button of form.querySelectorAll('[aria-busy]')) button.removeAttribute('aria-busy');
}
