/** The programme as one stream: a canvas drawn by a worker's clock, which also beats while the tab is hidden, and the mix of the voices. */
import { Pace } from '../take/pace';
import { canSend } from '../take/take';
import type { Mix } from './mix';
import { Painter, type Scene } from './painter';

export const FULL = { width: 1280, height: 720 };
export const SMALL = { width: 640, height: 360 };

export class Composer {
  readonly stream: MediaStream;
  readonly pace = new Pace();
  private readonly picture: CanvasCaptureMediaStreamTrack;
  private readonly clock = new Worker(new URL('./ticks.ts', import.meta.url), { type: 'module' });
  private readonly painter: Painter;
  private frames = 0;
  private countedAt = performance.now();

  constructor(
    mix: Mix,
    private readonly scene: () => Scene,
    size = FULL,
    fps = 24,
  ) {
    const canvas = document.createElement('canvas');
    canvas.width = size.width;
    canvas.height = size.height;
    this.painter = new Painter(canvas.getContext('2d', { alpha: false, desynchronized: true }) as CanvasRenderingContext2D, size.width, size.height);
    const captured = canvas.captureStream(0);
    this.picture = captured.getVideoTracks()[0] as CanvasCaptureMediaStreamTrack;
    this.stream = new MediaStream([this.picture, mix.track]);
    this.clock.onmessage = () => this.draw();
    this.beat(fps);
  }

  /** So many frames a second from now on. */
  beat(fps: number): void {
    this.clock.postMessage(1000 / fps);
    this.draw();
  }

  /** Frames a second since it was last asked. */
  rate(): number {
    const now = performance.now();
    const rate = (this.frames * 1000) / Math.max(1, now - this.countedAt);
    this.frames = 0;
    this.countedAt = now;
    return Math.round(rate);
  }

  close(): void {
    this.clock.terminate();
    this.picture.stop();
  }

  private draw(): void {
    if (!this.pace.mayDraw) return;
    this.painter.paint(this.scene());
    this.picture.requestFrame();
    this.pace.drew();
    this.frames += 1;
  }
}

/** Whether this browser can send the programme: it records what the server can use, and it is no phone, which would get hot and sleep. */
export function canCompose(): boolean {
  const draws = 'captureStream' in HTMLCanvasElement.prototype && 'CanvasCaptureMediaStreamTrack' in window;
  return canSend() && draws && !matchMedia('(pointer: coarse) and (hover: none)').matches;
}
