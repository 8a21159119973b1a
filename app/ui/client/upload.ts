/** A form with a file shows how far the sending is; the answer is the same page or redirect a plain form would get. */
import { release } from './behaviors/forms';

for (const form of document.querySelectorAll<HTMLFormElement>('form[data-upload]')) {
  const box = form.querySelector<HTMLElement>('[data-upload-progress]');
  const bar = box?.querySelector('progress');
  const words = box?.querySelector<HTMLElement>('[data-part=text]');
  const stop = box?.querySelector<HTMLButtonElement>('[data-part=stop]');
  const problem = form.querySelector<HTMLElement>('[data-upload-error]');
  if (!box || !bar || !words || !problem) continue;

  let busy = false;
  form.addEventListener('submit', (event) => {
    if (event.defaultPrevented) return;
    event.preventDefault();
    if (busy) return;
    busy = true;
    event.submitter?.setAttribute('aria-busy', 'true');
    const request = new XMLHttpRequest();
    const end = (): void => {
      busy = false;
      box.hidden = true;
      release(form);
    };
    const fail = (text: string | undefined): void => {
      end();
      problem.hidden = false;
      (problem.querySelector('[data-part=text]') ?? problem).textContent = text ?? '';
    };
    request.upload.addEventListener('progress', (step) => {
      if (!step.lengthComputable) return;
      bar.max = step.total;
      bar.value = step.loaded;
      words.textContent = `${Math.floor((100 * step.loaded) / step.total)} %`;
    });
    request.upload.addEventListener('load', () => {
      bar.removeAttribute('value');
      words.textContent = box.dataset['received'] ?? '';
    });
    request.addEventListener('load', () => {
      if (request.status < 400) {
        location.assign(placeOf(request));
        return;
      }
      fail(messageOf(request) ?? form.dataset['refused']);
    });
    request.addEventListener('error', () => fail(form.dataset['broken']));
    request.addEventListener('abort', end);
    stop?.addEventListener('click', () => request.abort(), { once: true });
    box.hidden = false;
    problem.hidden = true;
    bar.value = 0;
    request.open('POST', form.action);
    request.setRequestHeader('Accept', 'application/json, text/html;q=0.5');
    request.send(new FormData(form, event.submitter));
  });
}

/** Where to go next: `location` of a JSON answer, otherwise where the redirect led. */
function placeOf(request: XMLHttpRequest): string {
  return bodyOf(request)?.location ?? (request.responseURL || location.href);
}

/** The reason in the answer: `message` of a JSON body, or what the page marks as its reason. */
function messageOf(request: XMLHttpRequest): string | undefined {
  const body = bodyOf(request);
  if (body) return body.message;
  const page = new DOMParser().parseFromString(request.responseText, 'text/html');
  return page.querySelector('[data-reason], .error')?.textContent?.trim();
}

function bodyOf(request: XMLHttpRequest): { message?: string; location?: string } | undefined {
  if (!request.getResponseHeader('Content-Type')?.includes('json')) return undefined;
  return JSON.parse(request.responseText) as { message?: string; location?: string };
}
