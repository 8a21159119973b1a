/** How each person's link does: the last minute as bars, and the figures of just now. */
import type { Quality, Seat } from '../people/types';
import { copy, find, keep, number, part, say, speed, word } from './pieces';

const BARS = 30; // of two seconds each
const WEAK = { loss: 50, rtt: 400, kbps: 120 };

export class Links {
  private readonly place = find('[data-links]') as HTMLElement;
  private readonly past = new Map<string, number[]>();

  constructor(private readonly me: string) {}

  /** A new reading of somebody's link. */
  note(key: string, quality: Quality): void {
    this.past.set(key, [...(this.past.get(key) ?? []), quality.kbps].slice(-BARS));
    if (key === this.me) find('[data-weak-link]')?.toggleAttribute('hidden', !isWeak(quality));
  }

  show(seats: Seat[]): void {
    const measured = seats.filter((seat) => seat.quality.kbps !== undefined);
    keep(this.place, measured, (seat) => seat.key, () => copy('link'), (row, seat) => this.update(row, seat));
  }

  private update(row: HTMLElement, seat: Seat): void {
    const quality = seat.quality as Quality;
    say(part(row, 'name'), seat.name);
    say(part(row, 'kbps'), speed(quality.kbps));
    say(part(row, 'loss'), `${number(quality.loss / 10)} %`);
    say(part(row, 'rtt'), word('ms', { n: quality.rtt }));
    row.classList.toggle('bad', isWeak(quality));
    draw(row.querySelector('svg') as SVGSVGElement, this.past.get(seat.key) ?? []);
  }
}

function isWeak({ loss, rtt }: Quality): boolean {
  return loss >= WEAK.loss || rtt >= WEAK.rtt;
}

function draw(svg: SVGSVGElement, past: number[]): void {
  const most = Math.max(1, ...past);
  const bars = past.map((value, at) => {
    const bar = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
    const height = Math.max(1, (value / most) * 19);
    for (const [name, size] of Object.entries({ x: at * 4, y: 20 - height, width: 3, height })) bar.setAttribute(name, String(size));
    return bar;
  });
  svg.replaceChildren(...bars);
}
