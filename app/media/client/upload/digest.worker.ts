/** Reads a file in slices beside the page: its fingerprint at once, its SHA-256 while it is being sent. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

const SLICE = 4 << 20;
const SAMPLE = 1 << 20;

export interface Asked {
  file: File;
  want: 'fingerprint' | 'digest';
}

export interface Found {
  want: Asked['want'];
  hex: string | null;
}

async function bytes(file: File, start: number, end: number): Promise<Uint8Array> {
  return new Uint8Array(await file.slice(start, end).arrayBuffer());
}

/** Size, and one MiB each of the beginning, the middle and the end. Not the name or the date: some phones invent both at every choice. */
async function fingerprint(file: File): Promise<string> {
  const hash = sha256.create().update(new TextEncoder().encode(`gurindam 1 ${file.size}\n`));
  const middle = Math.max(0, Math.floor((file.size - SAMPLE) / 2));
  for (const start of new Set([0, middle, Math.max(0, file.size - SAMPLE)])) hash.update(await bytes(file, start, start + SAMPLE));
  return bytesToHex(hash.digest());
}

async function digest(file: File): Promise<string> {
  const hash = sha256.create();
  for (let start = 0; start < file.size; start += SLICE) hash.update(await bytes(file, start, start + SLICE));
  return bytesToHex(hash.digest());
}

addEventListener('message', (event: MessageEvent<Asked>) => {
  const { file, want } = event.data;
  (want === 'digest' ? digest(file) : fingerprint(file)).then(
    (hex) => postMessage({ want, hex } satisfies Found),
    () => postMessage({ want, hex: null } satisfies Found),
  );
});
