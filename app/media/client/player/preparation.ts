/** A video that the worker is preparing: tells how far it is, and opens by itself. */
const ASK_EVERY_MS = 4000;

interface Standing {
  state: string;
  playable: boolean;
  percent: number;
  words: string;
}

export function watchPreparation(box: HTMLElement): void {
  const ask = async (): Promise<void> => {
    const standing = await fetch(box.dataset.preparing ?? '', { headers: { Accept: 'application/json' } })
      .then((answer) => (answer.ok ? (answer.json() as Promise<Standing>) : null))
      .catch(() => null); // offline: ask again later
    if (standing?.playable) {
      location.reload();
      return;
    }
    if (standing) {
      const words = box.querySelector('[data-words]');
      if (words && words.textContent !== standing.words) words.textContent = standing.words;
      const bar = box.querySelector('progress');
      if (bar) bar.value = standing.percent;
      if (standing.state === 'FAILED' || standing.state === 'CANCELED') {
        for (const promise of box.querySelectorAll<HTMLElement>('progress, .meta')) promise.hidden = true;
        return;
      }
    }
    setTimeout(() => void ask(), ASK_EVERY_MS);
  };
  setTimeout(() => void ask(), ASK_EVERY_MS);
}
