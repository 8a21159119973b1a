// Watch evidence: tells the server every 15 seconds, at pause and on leaving, which seconds were really played.
// What cannot be sent is kept in the browser and sent again; the server's clock decides how much of it counts.
import { clock } from '../../ui/client/parts/time';
import { prepareNotes } from './parts/notes';
import { Sitting } from './parts/sitting';
import { renewStanding } from './parts/standing';
import { placeTranscript } from './parts/transcript';

const EVERY_MS = 15000;

const host = document.querySelector<HTMLElement>('[data-watching]');

class Reporter {
  private readonly note = document.querySelector<HTMLElement>('[data-watching-note]');
  private readonly sitting: Sitting;

  constructor(private readonly host: HTMLElement) {
    const { watching = '', ticket = '', viewingUrl = '', reportUrl = '' } = host.dataset;
    const sitting = new Sitting(
      { user: watching, ticket, viewingUrl, reportUrl },
      { counted: (state) => this.show(state), status: (status) => this.tell(status), replayed: () => this.say(this.note?.dataset.replayed ?? '') },
    );
    this.sitting = sitting;
    host.addEventListener('gurindam:played', (event) => {
      const { from, to, rate } = (event as CustomEvent<{ from: number; to: number; rate?: number }>).detail;
      sitting.add(from, to, rate ?? 1);
    });
    host.addEventListener('gurindam:position', (event) => (sitting.position = (event as CustomEvent<{ seconds: number }>).detail.seconds));
    host.addEventListener('gurindam:pause', () => void sitting.tell(true));
    host.addEventListener('gurindam:ended', () => void sitting.tell());
    host.addEventListener('play', () => void sitting.open(), true);
    window.setInterval(() => void sitting.tell(), EVERY_MS);
    window.addEventListener('online', () => void sitting.tell().then(() => sitting.replay()));
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'hidden') void sitting.tell(true);
    });
    window.addEventListener('pagehide', () => sitting.leave());
    void sitting.replay();
  }

  private tell(status: number): void {
    const note = this.note?.dataset;
    this.say((status === 0 || status === 429 || status >= 500 ? note?.lost : status === 401 ? note?.signedOut : '') ?? '');
  }

  private say(words: string): void {
    if (!this.note) return;
    this.note.hidden = !words;
    this.note.textContent = words;
  }

  private show(state: Record<string, unknown>): void {
    const covered = Math.floor(state.covered as number);
    const text = document.querySelector('[data-covered]');
    if (text) text.textContent = clock(covered);
    const share = document.querySelector('[data-share]');
    if (share) share.textContent = `${String(state.percent)} %`;
    drawStrip(Number(this.host.dataset.duration), state.once as [number, number][], state.again as [number, number][], this.sitting.position);
    showChapters(Number(this.host.dataset.duration), state.once as [number, number][]);
    const finished = document.querySelector<HTMLElement>('[data-finished]');
    if (!state.complete || !finished?.hidden) showMissing(state.missing as Missing[]);
    else if ('standing' in finished.dataset) void renewStanding();
    else finished.hidden = false;
  }
}

interface Missing {
  done: boolean;
  label: string;
  amount: string;
  reason: string;
}

/** How much of each chapter was watched. */
function showChapters(length: number, once: [number, number][]): void {
  const signs = [...document.querySelectorAll<HTMLElement>('.chapters [data-watched]')];
  const starts = signs.map((sign) => Number(sign.closest<HTMLElement>('[data-seek]')?.dataset.seek));
  signs.forEach((sign, place) => {
    const [from, to] = [starts[place] ?? 0, starts[place + 1] ?? length];
    const seen = once.reduce((sum, [start, end]) => sum + Math.max(0, Math.min(end, to) - Math.max(start, from)), 0);
    const state = seen === 0 ? 'todo' : seen >= to - from - 1 ? 'done' : 'half';
    const use = sign.querySelector('use');
    use?.setAttribute('href', (use.getAttribute('href') ?? '').replace(/#.*/, `#i-${state}`));
    const words = sign.querySelector('.sr');
    if (words) words.textContent = `, ${{ todo: sign.dataset.wordsTodo, half: sign.dataset.wordsHalf, done: sign.dataset.wordsDone }[state] ?? ''}`;
  });
}

/** The same list the page was drawn with, as the server sees it now. */
function showMissing(missing: Missing[]): void {
  const rows = document.querySelectorAll('[data-conditions] .missing li');
  missing.forEach((condition, place) => {
    const row = rows[place];
    if (!row) return;
    row.className = condition.done ? 'yes' : 'no';
    const put = (selector: string, text: string): void => {
      const part = row.querySelector(selector);
      if (part) part.textContent = text;
    };
    put('span:not(.n)', condition.label);
    put('.n', condition.amount);
    put('small', condition.reason);
  });
}

function drawStrip(length: number, once: [number, number][], again: [number, number][], position: number): void {
  const strip = document.querySelector<SVGSVGElement>('[data-strip] svg');
  if (!strip || !length) return;
  strip.querySelectorAll('.s1, .s2, .head').forEach((old) => old.remove());
  const { words = '', span = '', again: more = '' } = strip.parentElement?.dataset ?? {};
  const parts = once.map(([start, end]) => span.replace('{start}', clock(start)).replace('{end}', clock(end))).join(', ');
  if (parts) strip.setAttribute('aria-label', words.replace('{parts}', parts) + (again.length ? more.replace('{n}', String(again.length)) : ''));
  const cut = strip.querySelector('.cut');
  const bar = (kind: string, from: number, width: number, y = 0, height = 20): void => {
    const rect = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
    rect.setAttribute('class', kind);
    rect.setAttribute('x', from.toFixed(1));
    rect.setAttribute('width', Math.max(1, width).toFixed(1));
    rect.setAttribute('y', String(y));
    rect.setAttribute('height', String(height));
    strip.insertBefore(rect, kind === 'head' ? null : cut);
  };
  for (const [start, end] of once) bar('s1', (start / length) * 800, ((end - start) / length) * 800);
  for (const [start, end] of again) bar('s2', (start / length) * 800, ((end - start) / length) * 800);
  bar('head', (Math.min(position, length) / length) * 800, 4, -5, 30);
}

if (host) new Reporter(host);
placeTranscript();
prepareNotes();
