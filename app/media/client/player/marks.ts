/** What stands on the bar: where chapters begin, where there are notes, what is not there yet; and the name of the running chapter. */

const WIDTH = 1000;

/** A named second of a video. */
interface Moment {
  at: number;
  title: string;
}

export class Marks {
  private readonly drawing: SVGSVGElement | null;
  private readonly name: HTMLElement | null;
  private readonly chapters: Moment[];

  constructor(box: HTMLElement, private readonly duration: () => number) {
    this.drawing = box.querySelector<SVGSVGElement>('[data-marks]');
    this.name = box.querySelector('[data-chapter-name]');
    this.chapters = JSON.parse(box.dataset.chapters ?? '[]') as Moment[];
    box.addEventListener('gurindam:marks', (event) => this.draw('note', (event as CustomEvent<{ at: number[] }>).detail.at.map((at) => [at, 3 / WIDTH])));
  }

  /** The chapter that runs at this second. */
  at(seconds: number): void {
    if (!this.name) return;
    let title = '';
    for (const chapter of this.chapters) if (chapter.at <= seconds + 0.05) title = chapter.title;
    if (this.name.textContent !== title) this.name.textContent = title;
  }

  /** From this second on there is nothing to play yet; null when everything is there. */
  available(until: number | null): void {
    const whole = this.duration();
    this.draw('off', until === null || until >= whole ? [] : [[until, (whole - until) / whole]]);
  }

  /** `places`: second and share of the width. */
  private draw(kind: string, places: [number, number][]): void {
    const { drawing } = this;
    drawing?.querySelectorAll(`.${kind}`).forEach((old) => old.remove());
    for (const [seconds, share] of places) {
      const rect = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
      rect.setAttribute('class', kind);
      rect.setAttribute('x', ((WIDTH * seconds) / (this.duration() || 1)).toFixed(1));
      rect.setAttribute('width', (WIDTH * share).toFixed(1));
      rect.setAttribute('height', '10');
      drawing?.append(rect);
    }
  }
}
