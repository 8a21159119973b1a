// The lesson page: goes back to where the reader stopped, remembers where they are, opens the "read" button when its time has come.
import { send } from './parts/send';

const lesson = document.querySelector<HTMLElement>('[data-lesson]');
const reading = document.querySelector<HTMLElement>('[data-reading]');

function part(text: HTMLElement): number {
  const box = text.getBoundingClientRect();
  return Math.min(1, Math.max(0, (window.innerHeight * 0.4 - box.top) / Math.max(1, box.height)));
}

function followReading(host: HTMLElement, text: HTMLElement): void {
  const stopped = (JSON.parse(host.dataset.position || '{}') as { part?: number }).part ?? 0;
  if (stopped > 0.03 && stopped < 0.97 && !location.hash) {
    const box = text.getBoundingClientRect();
    window.scrollTo({ top: window.scrollY + box.top + box.height * stopped - window.innerHeight * 0.4 });
  }
  let kept = stopped;
  let waiting = 0;
  const keep = (last: boolean): void => {
    const here = Math.round(part(text) * 1000) / 1000;
    if (Math.abs(here - kept) < 0.005) return;
    kept = here;
    void send(host.dataset.positionUrl as string, { part: here }, last);
  };
  window.addEventListener(
    'scroll',
    () => {
      window.clearTimeout(waiting);
      waiting = window.setTimeout(() => keep(false), 1500);
    },
    { passive: true },
  );
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') keep(true);
  });
}

function openWhenReadable(button: HTMLButtonElement): void {
  const note = document.querySelector<HTMLElement>('[data-readable-note]');
  const until = performance.now() + Number(button.dataset.readableIn) * 1000;
  const template = note?.textContent ?? '';
  button.disabled = true;
  const tick = (): void => {
    const left = Math.ceil((until - performance.now()) / 1000);
    if (left <= 0) {
      button.disabled = false;
      if (note) note.hidden = true;
      return;
    }
    if (note) note.textContent = template.replace(/\d+/, String(left));
    window.setTimeout(tick, 1000);
  };
  tick();
}

if (lesson && reading) followReading(lesson, reading);
const button = document.querySelector<HTMLButtonElement>('[data-readable-in]');
if (button && Number(button.dataset.readableIn) > 0) openWhenReadable(button);
