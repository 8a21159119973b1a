/** What was recorded and is not yet known to be written, by its place in the recording. */
const LARGEST_PIECE = 256 * 1024;
const SMALLEST_HEAD = 256; // Chromium's first piece is a single byte; the server looks at the whole beginning at once
const MOST_BYTES = 24 * 1024 * 1024; // three minutes of a link that is gone

interface Piece {
  at: number;
  bytes: Uint8Array;
  recorded: number; // performance.now()
}

export class Backlog {
  private pieces: Piece[] = [];
  private end = 0;

  add(bytes: Uint8Array): void {
    if (!bytes.length) return;
    this.pieces.push({ at: this.end, bytes, recorded: performance.now() });
    this.end += bytes.length;
  }

  get isEmpty(): boolean {
    return this.pieces.length === 0 || this.end < SMALLEST_HEAD;
  }

  get isTooLarge(): boolean {
    return this.end - (this.pieces[0]?.at ?? this.end) > MOST_BYTES;
  }

  get behindMs(): number {
    const first = this.pieces[0];
    return first ? Math.round(performance.now() - first.recorded) : 0;
  }

  /** What to send now: the oldest bytes, as many as go into one piece. */
  next(): { at: number; bytes: Uint8Array } {
    const first = this.pieces[0] as Piece;
    const taken: Uint8Array[] = [];
    let length = 0;
    for (const { bytes } of this.pieces) {
      if (length && length + bytes.length > LARGEST_PIECE) break;
      taken.push(bytes.subarray(0, LARGEST_PIECE));
      length += Math.min(bytes.length, LARGEST_PIECE);
      if (length >= LARGEST_PIECE) break;
    }
    return { at: first.at, bytes: taken.length === 1 ? (taken[0] as Uint8Array) : joined(taken, length) };
  }

  /** The server has everything before this place. False when what comes next is not kept any more. */
  goOnAt(place: number): boolean {
    const oldest = this.pieces[0]?.at ?? this.end;
    if (place < oldest || place > this.end) return false;
    this.pieces = this.pieces.filter((piece) => piece.at + piece.bytes.length > place);
    const first = this.pieces[0];
    if (first && first.at < place) {
      this.pieces[0] = { ...first, at: place, bytes: first.bytes.subarray(place - first.at) };
    }
    return true;
  }
}

function joined(parts: Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
