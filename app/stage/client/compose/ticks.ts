/** A clock in a worker: it goes on while the tab is hidden, where the page's own clocks stand still. */
let timer: ReturnType<typeof setInterval> | undefined;

self.onmessage = ({ data: everyMs }: MessageEvent<number>): void => {
  clearInterval(timer);
  if (everyMs > 0) timer = setInterval(() => self.postMessage(0), everyMs);
};
