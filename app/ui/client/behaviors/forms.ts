/** Forms are sent once: the pressed button is busy until the answer comes. Marked forms ask first; without a network a form waits for it. */
import { ask, confirmForm } from './dialogs';

const confirmed = new WeakSet<HTMLFormElement>();
const sent = new WeakSet<HTMLFormElement>();
const changed = new Set<HTMLFormElement>();

interface Held {
  form: HTMLFormElement;
  submitter: HTMLElement | null;
  note: HTMLElement;
}

/** The form that waits for the network: the one pressed last, because sending it leaves the page. */
let held: Held | null = null;

function asksFirst(form: HTMLFormElement, submitter: HTMLElement | null): boolean {
  return Boolean(submitter?.dataset['confirm'] ?? form.dataset['confirm']);
}

/** Another form on the page, marked with data-unsaved, whose content would be lost. */
function unsavedBeside(form: HTMLFormElement): HTMLFormElement | undefined {
  return [...changed].find((other) => other !== form && other.isConnected);
}

async function isAgreed(form: HTMLFormElement, submitter: HTMLElement | null): Promise<boolean> {
  if (asksFirst(form, submitter) && !(await confirmForm(form, submitter))) return false;
  const other = unsavedBeside(form);
  return !other || ask({ confirm: other.dataset['unsaved'] });
}

export function guardForms(): void {
  document.addEventListener('input', (event) => {
    const form = (event.target as Element).closest<HTMLFormElement>('form[data-unsaved]');
    if (form) changed.add(form);
  });
  document.addEventListener('submit', (event) => {
    const form = event.target as HTMLFormElement;
    const submitter = event.submitter;
    if (event.defaultPrevented || form.method === 'dialog' || form.hasAttribute('data-many')) return;
    if ((asksFirst(form, submitter) || (form.method === 'post' && unsavedBeside(form))) && !confirmed.delete(form)) {
      event.preventDefault();
      void isAgreed(form, submitter).then((yes) => {
        if (!yes) return;
        confirmed.add(form);
        form.requestSubmit(submitter);
      });
      return;
    }
    if (form.method === 'get' || form.target === '_blank') return;
    if (!navigator.onLine) {
      event.preventDefault();
      hold(form, submitter);
      return;
    }
    letGo();
    if (sent.has(form)) {
      event.preventDefault();
      return;
    }
    sent.add(form);
    (submitter ?? form.querySelector('[type=submit]'))?.setAttribute('aria-busy', 'true');
  });
  addEventListener('online', () => {
    const waiting = letGo();
    if (!waiting?.form.isConnected) return;
    confirmed.add(waiting.form);
    waiting.form.requestSubmit(waiting.submitter);
    confirmed.delete(waiting.form);
  });
  // Back from the history shows the page as it was left: let its forms be sent again.
  addEventListener('pageshow', (event) => {
    if (!event.persisted) return;
    for (const form of document.forms) release(form);
  });
}

/** Keep a form until the network is back, and say so at its button. Pressed again, it still waits once. */
function hold(form: HTMLFormElement, submitter: HTMLElement | null): void {
  letGo();
  const note = document.createElement('p');
  note.className = 'meta held';
  note.setAttribute('role', 'status');
  (submitter ?? form.querySelector('[type=submit]') ?? form.lastElementChild)?.after(note);
  note.textContent = document.body.dataset['held'] ?? '';
  held = { form, submitter, note };
  addEventListener('beforeunload', askBeforeLeaving);
}

/** Leaving the page would drop what waits: the browser asks in its own words. */
function askBeforeLeaving(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

function letGo(): Held | null {
  const waiting = held;
  held = null;
  waiting?.note.remove();
  removeEventListener('beforeunload', askBeforeLeaving);
  return waiting;
}

/** Let a form be sent again, for scripts that send it themselves and get a refusal. */
export function release(form: HTMLFormElement): void {
  sent.delete(form);
  for (const button of form.querySelectorAll('[aria-busy]')) button.removeAttribute('aria-busy');
}
