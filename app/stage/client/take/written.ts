/** Reads from a Matroska recording, as it comes in pieces, up to which moment its picture has been written. */
const SEGMENT = 0x18538067;
const CLUSTER = 0x1f43b675;
const TRACKS = 0x1654ae6b;
const ENTRY = 0xae;
const GROUP = 0xa0;
const NUMBER = 0xd7;
const TYPE = 0x83;
const TIMECODE = 0xe7;
const SIMPLE_BLOCK = 0xa3;
const BLOCK = 0xa1;
const OPEN = new Set([SEGMENT, CLUSTER, TRACKS, ENTRY, GROUP]); // what is looked into
const PICTURE = 1;
const HEAD = 12; // an identity of at most 4 bytes, a length of at most 8
const BLOCK_HEAD = 4; // the track in one byte, the moment in two, flags

export class Written {
  /** Milliseconds since the recording's first frame; null before the first. */
  ms: number | null = null;
  private rest = new Uint8Array(0);
  private skip = 0;
  private cluster = 0;
  private entry = 0;
  private picture = 0;

  feed(piece: Uint8Array): void {
    this.rest = joined(this.rest, piece);
    let at = 0;
    for (;;) {
      const skipped = Math.min(this.skip, this.rest.length - at);
      this.skip -= skipped;
      at += skipped;
      const next = this.skip ? at : this.step(at);
      if (next === at) break;
      at = next;
    }
    this.rest = this.rest.slice(at);
  }

  /** Past one element's head, and its content when that is needed; the same place when not enough is there. */
  private step(at: number): number {
    if (this.rest.length - at < HEAD + BLOCK_HEAD) return at;
    const identity = number(this.rest, at, lengthOf(this.rest[at]), false);
    const sizeAt = at + lengthOf(this.rest[at]);
    const size = number(this.rest, sizeAt, lengthOf(this.rest[sizeAt]), true);
    const content = sizeAt + lengthOf(this.rest[sizeAt]);
    if (identity === ENTRY) this.entry = 0;
    if (OPEN.has(identity)) return content;
    this.take(identity, content, size);
    this.skip = size;
    return content;
  }

  private take(identity: number, at: number, size: number): void {
    if (identity === TIMECODE) this.cluster = number(this.rest, at, size, false);
    else if (identity === NUMBER) this.entry = number(this.rest, at, size, false);
    else if (identity === TYPE && this.rest[at] === PICTURE) this.picture = this.entry;
    else if ((identity === SIMPLE_BLOCK || identity === BLOCK) && ((this.rest[at] as number) & 0x7f) === this.picture) {
      const since = ((this.rest[at + 1] as number) << 24 >> 16) | (this.rest[at + 2] as number);
      this.ms = this.cluster + since;
    }
  }
}

/** How many bytes a number takes, told by the zeros before its first bit. */
function lengthOf(first: number | undefined): number {
  return Math.clz32(first || 1) - 23;
}

function number(bytes: Uint8Array, at: number, length: number, marked: boolean): number {
  let value = bytes[at] as number;
  if (marked) value &= 0xff >> length;
  for (let next = 1; next < length; next += 1) value = value * 256 + (bytes[at + next] as number);
  return value;
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(one.length + other.length);
  whole.set(one);
  whole.set(other, one.length);
  return whole;
}
