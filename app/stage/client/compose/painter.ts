/** Draws one frame of the programme: slides or a screen, faces with names, the question being answered, or a calm still. */
import { arrange, type Box, contain, cover, initialsOf, linesOf } from './layouts';
import type { Layout } from '../people/types';

export interface Face {
  key: string;
  name: string;
  picture: HTMLVideoElement | null;
  microphone: boolean;
}

export interface Scene {
  title: string;
  words: { soon: string; slide: string };
  layout: Layout;
  faces: Face[];
  loud: string | null;
  screen: HTMLVideoElement | null;
  slide: HTMLImageElement | null;
  question: { text: string; by: string } | null;
}

const INK = '#0a110e';
const TILE = '#1d2a24';
const QUIET = '#b4c2ba';
const SPEAKS = '#5cc79a';
const FONT = '"Plus Jakarta Sans Variable", "Plus Jakarta Sans", system-ui, sans-serif';

export class Painter {
  constructor(
    private readonly context: CanvasRenderingContext2D,
    private readonly width: number,
    private readonly height: number,
  ) {}

  paint(scene: Scene): void {
    this.fill(INK, { x: 0, y: 0, w: this.width, h: this.height });
    const main = scene.screen ?? scene.slide;
    const loud = Math.max(0, scene.faces.findIndex((face) => face.key === scene.loud));
    const places = arrange(scene.layout, scene.faces.length, main !== null, loud);
    if (places.main && main) this.whole(main, this.inPixels(places.main));
    scene.faces.forEach((face, at) => this.face(face, this.inPixels(places.faces[at] as Box), face.key === scene.loud));
    if (!scene.faces.length && !main) this.still(scene);
    if (scene.question) this.banner(scene.question);
  }

  private inPixels(box: Box): Box {
    return { x: box.x * this.width, y: box.y * this.height, w: box.w * this.width, h: box.h * this.height };
  }

  private fill(color: string, box: Box): void {
    this.context.fillStyle = color;
    this.context.fillRect(box.x, box.y, box.w, box.h);
  }

  private whole(picture: HTMLVideoElement | HTMLImageElement, box: Box): void {
    const [width, height] = sizeOf(picture);
    if (!width || !height) return;
    const there = contain(width, height, box);
    this.context.drawImage(picture, there.x, there.y, there.w, there.h);
  }

  private face(face: Face, box: Box, speaks: boolean): void {
    if (box.w < 2) return;
    const gap = 2;
    const inner = { x: box.x + gap, y: box.y + gap, w: box.w - 2 * gap, h: box.h - 2 * gap };
    this.fill(TILE, inner);
    const [width, height] = face.picture ? sizeOf(face.picture) : [0, 0];
    if (face.picture && width && height) {
      const part = cover(width, height, inner.w, inner.h);
      this.context.drawImage(face.picture, part.x, part.y, part.w, part.h, inner.x, inner.y, inner.w, inner.h);
    } else {
      this.initials(face.name, inner);
    }
    this.name(face, inner);
    if (speaks) this.frame(inner);
  }

  private initials(name: string, box: Box): void {
    const size = Math.min(box.w, box.h) * 0.28;
    this.write(initialsOf(name), box.x + box.w / 2, box.y + box.h * 0.42, size, QUIET, 'center', 600);
  }

  private name(face: Face, box: Box): void {
    const size = Math.max(16, Math.min(26, box.w / 18));
    const h = size * 1.6;
    this.fill('rgb(4 8 6 / .7)', { x: box.x, y: box.y + box.h - h, w: box.w, h });
    this.context.font = `600 ${size}px ${FONT}`;
    const [line = ''] = linesOf(face.name, box.w - size, 1, (text) => this.context.measureText(text).width);
    this.write(line, box.x + size / 2, box.y + box.h - h / 2, size, face.microphone ? '#fff' : QUIET, 'left', 600);
  }

  private frame(box: Box): void {
    this.context.strokeStyle = SPEAKS;
    this.context.lineWidth = 4;
    this.context.strokeRect(box.x + 2, box.y + 2, box.w - 4, box.h - 4);
  }

  private still(scene: Scene): void {
    const size = this.height / 14;
    this.context.font = `700 ${size}px ${FONT}`;
    const lines = linesOf(scene.title, this.width * 0.8, 3, (text) => this.context.measureText(text).width);
    const top = this.height / 2 - (lines.length * size * 1.2) / 2;
    lines.forEach((line, at) => this.write(line, this.width * 0.1, top + at * size * 1.2, size, '#fff', 'left', 700));
    this.write(scene.words.soon, this.width * 0.1, top + lines.length * size * 1.2 + size * 0.3, size * 0.5, QUIET, 'left', 500);
  }

  private banner(question: { text: string; by: string }): void {
    const size = this.height / 26;
    const pad = size * 0.7;
    const width = this.width * 0.72;
    this.context.font = `600 ${size}px ${FONT}`;
    const lines = linesOf(question.text, width - 2 * pad, 2, (text) => this.context.measureText(text).width);
    const h = pad * 1.6 + lines.length * size * 1.3 + (question.by ? size : 0);
    const box = { x: pad, y: this.height - h - pad * 3.4, w: width, h };
    this.fill('rgb(255 255 255 / .95)', box);
    lines.forEach((line, at) => this.write(line, box.x + pad, box.y + pad + size * (0.4 + at * 1.3), size, INK, 'left', 600));
    if (question.by) this.write(question.by, box.x + pad, box.y + h - pad * 0.9, size * 0.7, '#4d5a53', 'left', 500);
  }

  private write(text: string, x: number, y: number, size: number, color: string, align: CanvasTextAlign, weight: number): void {
    this.context.font = `${weight} ${size}px ${FONT}`;
    this.context.fillStyle = color;
    this.context.textAlign = align;
    this.context.textBaseline = 'middle';
    this.context.fillText(text, x, y);
  }
}

function sizeOf(picture: HTMLVideoElement | HTMLImageElement): [number, number] {
  if (picture instanceof HTMLVideoElement) return picture.readyState >= 2 ? [picture.videoWidth, picture.videoHeight] : [0, 0];
  return picture.complete ? [picture.naturalWidth, picture.naturalHeight] : [0, 0];
}
