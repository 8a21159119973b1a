// The transcript stands beside the video where there is room, and behind a tab under it where there is not.
const ROOM = '(min-width: 60rem)';

export function placeTranscript(): void {
  const wide = document.querySelector<HTMLElement>('[data-transcript-wide]');
  const narrow = document.querySelector<HTMLElement>('[data-transcript-narrow]');
  const words = document.querySelector<HTMLElement>('.transcript');
  const tab = document.querySelector<HTMLAnchorElement>('[data-tabs] [data-narrow]');
  if (!wide || !narrow || !words || !tab) return;
  const room = matchMedia(ROOM);
  const place = (): void => {
    wide.hidden = !room.matches;
    tab.hidden = room.matches;
    (room.matches ? wide : narrow).append(words);
    if (room.matches && tab.getAttribute('aria-selected') === 'true') tab.parentElement?.querySelector<HTMLAnchorElement>('a:not([hidden])')?.click();
  };
  room.addEventListener('change', place);
  place();
}
