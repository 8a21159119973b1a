/**
 * Live progress of files that are being prepared. Any element with `data-asset-progress="<id>"` on the page is kept up to date: its
 * `[data-words]` (or its own text), its `<progress>`, and `data-state`, `data-stage` on itself. It sends `gurindam:asset` (bubbling, with
 * the standing as detail) with each change. A page that adds such elements later sends `gurindam:assets` to the document.
 *
 * The server says the words. A screen reader hears them only when the stage changes and at each quarter.
 */
export interface Standing {
  id: number;
  state: string;
  stage: string;
  percent: number;
  seconds_left: number | null;
  in_work: boolean;
  playable: boolean;
  words: string;
}

const RENEW_EVERY_MS = 4 * 60_000;
const LONGEST_LIST = 100;
const TOO_MANY_MS = 20_000; // the server counts what one connection asks, anew after so long

class Progress {
  private readonly said = new Map<number, string>();
  private readonly voice = document.createElement('p');
  private subscribe: (() => void) | null = null;
  private starting = false;

  constructor() {
    this.voice.className = 'sr';
    this.voice.setAttribute('role', 'status');
    document.body.append(this.voice);
    document.addEventListener('gurindam:assets', () => void this.watch());
    void this.watch();
  }

  private async watch(): Promise<void> {
    if (this.subscribe) {
      this.subscribe();
      return;
    }
    if (this.starting || this.ids().length === 0) return;
    this.starting = true;
    const { io } = await import('socket.io-client');
    const socket = io('/media'); // begins with polling, so that it also works where WebSocket is shut
    this.subscribe = () => {
      const ids = this.ids();
      if (socket.connected && ids.length) {
        socket.emit('subscribe', ids, (answer: { assets?: Standing[]; error?: string }) => {
          if (answer.error === 'too_many') window.setTimeout(() => this.subscribe?.(), TOO_MANY_MS);
          for (const standing of answer.assets ?? []) this.show(standing, false);
        });
      }
    };
    socket.on('connect', this.subscribe);
    socket.on('progress', (standing: Standing) => this.show(standing, true));
    setInterval(this.subscribe, RENEW_EVERY_MS);
  }

  private ids(): number[] {
    const marked = [...document.querySelectorAll<HTMLElement>('[data-asset-progress]')];
    return [...new Set(marked.map((element) => Number(element.dataset.assetProgress)))].filter((id) => id > 0).slice(0, LONGEST_LIST);
  }

  private show(standing: Standing, aloud: boolean): void {
    for (const element of document.querySelectorAll<HTMLElement>(`[data-asset-progress="${standing.id}"]`)) {
      const words = element.querySelector('[data-words]') ?? (element.childElementCount ? null : element);
      if (words && words.textContent !== standing.words) words.textContent = standing.words;
      const bar = element.querySelector('progress');
      if (bar) {
        bar.value = standing.percent;
        bar.hidden = !standing.in_work;
      }
      const changed = element.dataset.state !== standing.state || element.dataset.stage !== standing.stage;
      element.dataset.state = standing.state;
      element.dataset.stage = standing.stage;
      if (aloud || changed) element.dispatchEvent(new CustomEvent('gurindam:asset', { detail: standing, bubbles: true }));
    }
    const moment = `${standing.state} ${standing.stage} ${Math.floor(standing.percent / 25)}`;
    if (aloud && this.said.get(standing.id) !== moment) this.voice.textContent = standing.words;
    this.said.set(standing.id, moment);
  }
}

new Progress();
