/** One file on its way: tus in pieces that fit the link, again and again until the last byte is acknowledged. */
import { DetailedError, Upload, type HttpRequest } from 'tus-js-client';
import { digestOf, isReadable } from './reading';
import { refusal, type Refusal, type Server } from './server';

export type Trouble = 'changed' | 'signed_out' | Refusal;

export interface Listener {
  /** `sent` is what has left this device, `known` what the server has acknowledged. */
  moved(sent: number, known: number): void;
  became(state: 'sending' | 'checking' | 'offline' | 'retrying'): void;
  arrived(address: string): void;
  stopped(trouble: Trouble, final: boolean): void;
}

const SMALLEST = 128 << 10;
const LARGEST = 5 << 20; // a reverse proxy that lets 8 MiB through has room for its headers
const FIRST = 512 << 10;
const PIECE_SECONDS = 8; // what a cut may cost
const STALL_MS = 60_000;
const LONGEST_PAUSE_MS = 30_000;
/** Later may be better: nothing heard, wrong place, locked, damaged on the way, a server in trouble. */
const PASSING = new Set([0, 408, 409, 423, 425, 460, 500, 502, 503, 504]);
/** It can go on as it is, when the person has done something about it. */
const WAITING = new Set(['too_many_open', 'disk_full', 'QUOTA']);

export class Sending {
  private upload: Upload | null = null;
  private piece = FIRST;
  private pieceBegan = 0;
  private failures = 0;
  private known = 0;
  private heardAt = 0;
  private timer = 0;
  private watch = 0;
  private disguised = false;
  private readonly hashing: Promise<string | null>;
  private readonly stopHashing = new AbortController();

  constructor(
    private readonly file: File,
    private readonly fingerprint: string | null,
    private readonly server: Server,
    private readonly tell: Listener,
    public address: string | null,
  ) {
    this.hashing = digestOf(file, this.stopHashing.signal);
  }

  start(): void {
    addEventListener('online', this.tryNow);
    this.failures = 0;
    this.attempt();
  }

  /** Stop sending; what has arrived stays there. */
  pause(): void {
    this.rest();
    void this.upload?.abort();
    this.upload = null;
  }

  /** It will not be needed again. */
  end(): void {
    this.pause();
    this.stopHashing.abort();
  }

  private rest(): void {
    removeEventListener('online', this.tryNow);
    clearTimeout(this.timer);
    clearInterval(this.watch);
  }

  private readonly tryNow = (): void => {
    if (this.upload) return;
    clearTimeout(this.timer);
    this.attempt();
  };

  private attempt(): void {
    const upload = new Upload(this.file, {
      endpoint: this.address ? null : this.server.endpoint,
      uploadUrl: this.address,
      metadata: { filename: this.file.name, filetype: this.file.type, ...(this.fingerprint ? { fingerprint: this.fingerprint } : {}) },
      chunkSize: this.piece,
      overridePatchMethod: this.disguised,
      retryDelays: null,
      storeFingerprintForResuming: false,
      onBeforeRequest: (request) => this.prepare(request),
      onUploadUrlAvailable: () => {
        this.address = new URL(upload.url ?? '', location.href).pathname;
        this.heard();
      },
      onProgress: (sent) => {
        if (this.upload !== upload) return;
        this.heard();
        this.tell.moved(sent, this.known);
      },
      onChunkComplete: (bytes, accepted) => this.adapt(upload, bytes, accepted),
      onSuccess: () => {
        if (this.upload !== upload) return;
        this.rest();
        this.tell.arrived(this.address ?? '');
      },
      onError: (error) => {
        if (this.upload === upload) void this.fail(error);
      },
    });
    this.upload = upload;
    this.heard();
    this.tell.became('sending');
    clearInterval(this.watch);
    this.watch = window.setInterval(() => this.endStall(), 5000);
    upload.start();
  }

  private heard(): void {
    this.heardAt = performance.now();
  }

  /** A link can die without a word. */
  private endStall(): void {
    if (!this.upload || performance.now() - this.heardAt < STALL_MS) return;
    void this.upload.abort();
    this.later(0);
  }

  /** The token, the piece's own checksum, and with the last piece that of the whole file. */
  private async prepare(request: HttpRequest): Promise<void> {
    const offset = request.getHeader('Upload-Offset');
    if (offset !== undefined) {
      const start = Number(offset);
      const end = Math.min(start + (this.upload?.options.chunkSize ?? this.piece), this.file.size);
      if (end === this.file.size) await this.waitForDigest(request);
      const sum = await pieceSum(this.file.slice(start, end));
      if (sum) request.setHeader('Upload-Checksum', `sha256 ${sum}`);
      this.pieceBegan = performance.now();
    }
    for (const [name, value] of Object.entries(this.server.headers)) request.setHeader(name, value);
  }

  private async waitForDigest(request: HttpRequest): Promise<void> {
    const slow = setTimeout(() => this.tell.became('checking'), 700);
    const alive = setInterval(() => this.heard(), 5000);
    const digest = await this.hashing;
    clearTimeout(slow);
    clearInterval(alive);
    if (digest) request.setHeader('Repr-Digest', `sha-256=:${base64(fromHex(digest))}:`);
  }

  /** Pieces of a few seconds each: large on a good link, small on a weak one, where every cut costs what was not acknowledged. */
  private adapt(upload: Upload, bytes: number, accepted: number): void {
    const seconds = Math.max(0.05, (performance.now() - this.pieceBegan) / 1000);
    const fitting = (bytes / seconds) * PIECE_SECONDS;
    this.piece = Math.round(Math.min(LARGEST, Math.max(SMALLEST, Math.min(fitting, this.piece * 4))));
    upload.options.chunkSize = this.piece;
    this.failures = 0;
    this.known = accepted;
    this.tell.moved(accepted, accepted);
  }

  private async fail(error: Error | DetailedError): Promise<void> {
    clearInterval(this.watch);
    this.upload = null;
    const answer = 'originalResponse' in error ? error.originalResponse : null;
    const status = answer?.getStatus() ?? 0;
    let said = refusal(status, answer?.getBody() ?? '');
    if (status === 0 && !(await isReadable(this.file))) return this.stop('changed', false);
    if (said.code === 'stale_form') {
      await this.server.look();
      return this.later(status);
    }
    if ((status === 405 || status === 501) && !this.disguised) {
      this.disguised = true; // a network that lets only GET and POST through
      return this.later(409);
    }
    if (PASSING.has(status) || (status === 429 && said.code !== 'too_many_open')) return this.later(status);
    if (status === 401) return this.stop('signed_out', false);
    if (!said.message && this.address) said = (await this.server.refusalOf(this.address)) ?? said;
    if ((status === 404 || status === 410) && this.address) {
      this.address = null; // it waited too long and was removed: begin anew
      this.known = 0;
      return this.later(409);
    }
    this.stop(said, !WAITING.has(said.code));
  }

  private stop(trouble: Trouble, final: boolean): void {
    this.rest();
    this.tell.stopped(trouble, final);
  }

  private later(status: number): void {
    this.upload = null;
    clearInterval(this.watch);
    if (status === 0) this.piece = Math.max(SMALLEST, Math.round(this.piece / 2));
    const pause = status === 409 && this.failures === 0 ? 0 : Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** this.failures) * (0.75 + Math.random() / 2);
    this.failures += 1;
    if (pause) this.tell.became(navigator.onLine ? 'retrying' : 'offline');
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.attempt(), pause);
  }
}

/** Null where the page is not in a secure context: the whole file's digest still tells. */
async function pieceSum(piece: Blob): Promise<string | null> {
  if (!globalThis.crypto?.subtle) return null;
  return base64(new Uint8Array(await crypto.subtle.digest('SHA-256', await piece.arrayBuffer())));
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
