// A document's pages: goes back to the page where the reader stopped and remembers which one they are at.
import { send } from './parts/send';

const lesson = document.querySelector<HTMLElement>('[data-lesson]');
const reading = document.querySelector<HTMLElement>('[data-document]');

function numberOf(page: Element): number {
  return Number(page.id.replace('halaman-', ''));
}

function follow(positionUrl: string, host: HTMLElement): void {
  const place = Number(host.dataset.place ?? 0);
  if (place > 1 && !location.hash) document.getElementById(`halaman-${place}`)?.scrollIntoView();
  const visible = new Map<number, number>();
  let here = 0;
  let kept = place;
  let waiting = 0;
  const keep = (last: boolean): void => {
    if (!here || here === kept) return;
    kept = here;
    void send(positionUrl, { page: here }, last);
  };
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) visible.set(numberOf(entry.target), entry.intersectionRect.height);
      here = [...visible].reduce((best, one) => (one[1] > best[1] ? one : best), [0, 0])[0];
      window.clearTimeout(waiting);
      waiting = window.setTimeout(() => keep(false), 1500);
    },
    { threshold: [0, 0.25, 0.5, 0.75, 1] },
  );
  for (const page of host.querySelectorAll('[id^="halaman-"]')) watcher.observe(page);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') keep(true);
  });
}

if (lesson?.dataset.positionUrl && reading) follow(lesson.dataset.positionUrl, reading);
