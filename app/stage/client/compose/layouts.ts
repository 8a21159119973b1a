/** Where each face and the slides stand in the picture, in shares of its width and height. Pure. */
import type { Layout } from '../people/types';

export interface Box {
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface Arrangement {
  main: Box | null;
  faces: Box[];
}

const WHOLE: Box = { x: 0, y: 0, w: 1, h: 1 };
const FACE_COLUMN = 0.24;

/** `faces`: how many; `hasMain`: whether slides or a screen are shown; `loud`: which face speaks. */
export function arrange(layout: Layout, faces: number, hasMain: boolean, loud = 0): Arrangement {
  if (faces === 0) return { main: hasMain ? WHOLE : null, faces: [] };
  if (layout === 'one') return { main: null, faces: Array.from({ length: faces }, (_, at) => (at === loud ? WHOLE : { x: 0, y: 0, w: 0, h: 0 })) };
  if (layout === 'slides_and_faces' && hasMain) return { main: { x: 0, y: 0, w: 1 - FACE_COLUMN, h: 1 }, faces: column(faces) };
  return { main: null, faces: grid(faces) };
}

function column(count: number): Box[] {
  const h = Math.min(1 / 3, 1 / count);
  return Array.from({ length: count }, (_, at) => ({ x: 1 - FACE_COLUMN, y: at * h, w: FACE_COLUMN, h }));
}

function grid(count: number): Box[] {
  const columns = count === 1 ? 1 : count <= 4 ? 2 : 3;
  const rows = Math.ceil(count / columns);
  const h = count === 2 ? 0.66 : 1 / rows;
  const top = (1 - rows * h) / 2;
  return Array.from({ length: count }, (_, at) => {
    const row = Math.floor(at / columns);
    const inRow = Math.min(columns, count - row * columns);
    return { x: (at % columns) / columns + (1 - inRow / columns) / 2, y: top + row * h, w: 1 / columns, h };
  });
}

/** The part of a picture of `width` x `height` that fills a box of this shape without being stretched. */
export function cover(width: number, height: number, boxWidth: number, boxHeight: number): Box {
  const scale = Math.max(boxWidth / width, boxHeight / height);
  const w = boxWidth / scale;
  const h = boxHeight / scale;
  return { x: (width - w) / 2, y: (height - h) / 2, w, h };
}

/** Where the whole of a picture stands in a box, with bands beside it where the shapes differ. */
export function contain(width: number, height: number, box: Box): Box {
  const scale = Math.min(box.w / width, box.h / height);
  const w = width * scale;
  const h = height * scale;
  return { x: box.x + (box.w - w) / 2, y: box.y + (box.h - h) / 2, w, h };
}

/** Of the name alone: "Dr. Siti Rahma, M.Si." is SR. */
export function initialsOf(name: string): string {
  const all = (name.split(',')[0] ?? '').split(/\s+/).filter(Boolean);
  const first = all.findIndex((word) => !word.endsWith('.'));
  const words = all.slice(Math.max(0, first));
  return ((words[0]?.[0] ?? '') + (words.length > 1 ? (words.at(-1)?.[0] ?? '') : '')).toUpperCase();
}

/** Text in lines of at most `width`, as `measure` says; the last one is shortened with an ellipsis when there would be more than `most`. */
export function linesOf(text: string, width: number, most: number, measure: (line: string) => number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const longer = line ? `${line} ${word}` : word;
    if (!line || measure(longer) <= width) {
      line = longer;
      continue;
    }
    lines.push(line);
    line = word;
  }
  if (line) lines.push(line);
  if (lines.length <= most) return lines;
  let last = lines[most - 1] ?? '';
  while (last && measure(`${last}…`) > width) last = last.slice(0, -1);
  return [...lines.slice(0, most - 1), `${last}…`];
}
