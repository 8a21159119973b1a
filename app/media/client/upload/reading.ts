/** What can be learned about a file before it is sent. */
import type { Asked, Found } from './digest.worker';

const PATIENCE_MS = 5000;

/** Null when the file cannot be read, or this browser has no workers. */
function compute(file: File, want: Asked['want'], stop?: AbortSignal): Promise<string | null> {
  return new Promise((resolve) => {
    let worker: Worker;
    const end = (hex: string | null): void => {
      worker.terminate();
      resolve(hex);
    };
    try {
      worker = new Worker(new URL('./digest.worker.ts', import.meta.url), { type: 'module' });
    } catch {
      resolve(null);
      return;
    }
    stop?.addEventListener('abort', () => end(null), { once: true });
    worker.addEventListener('message', (event: MessageEvent<Found>) => end(event.data.hex));
    worker.addEventListener('error', () => end(null));
    worker.postMessage({ file, want } satisfies Asked);
  });
}

export const fingerprintOf = (file: File): Promise<string | null> => compute(file, 'fingerprint');
export const digestOf = (file: File, stop: AbortSignal): Promise<string | null> => compute(file, 'digest', stop);

export async function isReadable(file: File): Promise<boolean> {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

export type Kind = 'moving' | 'document' | 'picture';

/** A guess by name and type, for telling a limit early; the server looks at the content. */
export function kindOf(file: File): Kind {
  if (file.type === 'application/pdf' || /\.pdf$/i.test(file.name)) return 'document';
  return file.type.startsWith('image/') ? 'picture' : 'moving';
}

/** Seconds of a video or sound, as far as this browser can tell. */
export function secondsOf(file: File): Promise<number | null> {
  return new Promise((resolve) => {
    const video = document.createElement('video');
    const address = URL.createObjectURL(file);
    const end = (seconds: number | null): void => {
      clearTimeout(timer);
      video.removeAttribute('src');
      video.load();
      URL.revokeObjectURL(address);
      resolve(seconds !== null && Number.isFinite(seconds) ? seconds : null);
    };
    const timer = setTimeout(() => end(null), PATIENCE_MS);
    video.preload = 'metadata';
    video.addEventListener('loadedmetadata', () => end(video.duration), { once: true });
    video.addEventListener('error', () => end(null), { once: true });
    video.src = address;
  });
}
