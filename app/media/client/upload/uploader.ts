/** The whole uploader: choosing and dropping files, their list, whose turn it is, and what outlives the page. */
import { Item, type Surroundings } from './item';
import { Row } from './row';
import { Server, type Limits, type Overview, type Told } from './server';
import { fill, type Texts } from './words';

const AT_ONCE = 2;
const ASK_MS = [700, 1000, 1500, 2500, 4000];
const SPEAK_MS = 1500;

export class Uploader implements Surroundings {
  readonly server: Server;
  readonly texts: Texts;
  private room: Limits;
  private readonly items: Item[] = [];
  private readonly list: HTMLElement;
  private readonly mold: HTMLTemplateElement;
  private readonly spoken: HTMLElement;
  private readonly unsaid: string[] = [];
  private speaking = 0;
  private asked = 0;
  private asking = 0;
  private awake: WakeLockSentinel | null = null;

  constructor(private readonly box: HTMLElement) {
    const told = JSON.parse(box.dataset['told'] ?? '{}') as Overview & { texts: Texts };
    this.texts = told.texts;
    this.room = told.limits;
    this.server = new Server(box.dataset['endpoint'] ?? '');
    this.list = box.querySelector('[data-list]') as HTMLElement;
    this.mold = box.querySelector('template') as HTMLTemplateElement;
    this.spoken = box.querySelector('[data-spoken]') as HTMLElement;
    this.list.replaceChildren();
    for (const upload of told.uploads) if (upload.state !== 'DONE') this.add(Item.remembered(this.row(upload.name, upload.size), this, upload));
    this.listen();
    box.toggleAttribute('data-live', true);
  }

  private listen(): void {
    const form = this.box.querySelector('form') as HTMLFormElement;
    const input = form.querySelector('input[type=file]') as HTMLInputElement;
    form.addEventListener('submit', (event) => event.preventDefault(), { capture: true });
    input.required = false;
    input.addEventListener('change', () => {
      const files = [...(input.files ?? [])];
      input.value = '';
      void this.choose(files);
    });
    const target = this.box.querySelector('[data-drop]') as HTMLElement;
    const mark = (on: boolean) => target.toggleAttribute('data-over', on);
    this.box.addEventListener('dragover', (event) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      mark(true);
    });
    this.box.addEventListener('dragleave', (event) => mark(event.relatedTarget instanceof Node && this.box.contains(event.relatedTarget)));
    this.box.addEventListener('drop', (event) => {
      event.preventDefault();
      mark(false);
      void this.choose(dropped(event.dataTransfer));
    });
    addEventListener('offline', () => this.isBusy && this.say(this.texts['said_offline'] ?? ''));
    addEventListener('online', () => this.isBusy && this.say(this.texts['said_online'] ?? ''));
    addEventListener('beforeunload', (event) => this.isBusy && event.preventDefault());
    document.addEventListener('visibilitychange', () => void this.stayAwake());
    addEventListener('pageshow', (event) => event.persisted && location.reload());
  }

  private async choose(files: File[]): Promise<void> {
    for (const file of files) await this.take(file);
  }

  /** A file of which a part is on the server already goes on there; one that is being sent is not sent twice. */
  private async take(file: File): Promise<void> {
    if (this.items.some((item) => item.file && isSame(item.file, file) && !['done', 'refused'].includes(item.phase))) {
      this.say(fill(this.texts['known'], { name: file.name }));
      return;
    }
    const begun = this.items.filter((item) => item.phase === 'unfinished' && item.fingerprint);
    if (begun.length) {
      const { fingerprintOf } = await import('./reading');
      const mark = await fingerprintOf(file);
      const before = begun.find((item) => mark !== null && item.fingerprint === mark);
      if (before) {
        await before.take(file);
        return;
      }
    }
    const item = new Item(this.row(file.name, file.size), this, file, file.size);
    this.add(item);
    void item.prepare();
  }

  private row(name: string, bytes: number): Row {
    return new Row(this.mold, name, bytes, this.texts);
  }

  private add(item: Item): void {
    this.items.push(item);
    this.list.append(item.row.element);
    this.list.hidden = false;
  }

  // ---- what items ask ----

  limits(): Limits {
    return this.room;
  }

  turn(): void {
    const sending = this.items.filter((item) => item.phase === 'sending').length;
    for (const item of this.items.filter((item) => item.phase === 'queued').slice(0, Math.max(0, AT_ONCE - sending))) void item.start();
    void this.stayAwake();
  }

  gone(item: Item): void {
    const place = this.items.indexOf(item);
    const held = item.row.element.contains(document.activeElement);
    this.items.splice(place, 1);
    item.row.element.remove();
    this.list.hidden = !this.items.length;
    if (held) this.box.querySelector<HTMLInputElement>('form input[type=file]')?.focus();
  }

  arrived(): void {
    this.asked = 0;
    clearTimeout(this.asking);
    this.asking = window.setTimeout(() => void this.ask(), ASK_MS[0]);
  }

  done(item: Item, told: Told): void {
    const detail = { asset_id: told.asset_id, name: item.row.name, address: told.home?.address ?? null };
    this.box.dispatchEvent(new CustomEvent('gurindam:uploaded', { bubbles: true, detail }));
  }

  /** Ask how far the worker is, more and more rarely. */
  private async ask(): Promise<void> {
    const answer = await this.server.look();
    if (answer && 'uploads' in answer) {
      this.room = answer.limits;
      for (const item of this.items.filter((item) => item.phase === 'finishing')) {
        const told = answer.uploads.find((upload) => upload.address === item.address);
        if (told) item.hear(told);
      }
    }
    if (!this.items.some((item) => item.phase === 'finishing')) return;
    this.asked += 1;
    this.asking = window.setTimeout(() => void this.ask(), ASK_MS[Math.min(this.asked, ASK_MS.length - 1)]);
  }

  // ---- around ----

  private get isBusy(): boolean {
    return this.items.some((item) => item.phase === 'sending' || item.phase === 'queued');
  }

  /** Spoken one after the other, each long enough to be heard. */
  say(text: string): void {
    if (!text || this.unsaid.at(-1) === text) return;
    this.unsaid.push(text);
    if (!this.speaking) this.speakNext();
  }

  private speakNext(): void {
    const text = this.unsaid.shift();
    if (text === undefined) {
      this.speaking = 0;
      return;
    }
    this.spoken.textContent = text;
    this.speaking = window.setTimeout(() => this.speakNext(), SPEAK_MS);
  }

  /** A phone that falls asleep stops sending. */
  private async stayAwake(): Promise<void> {
    if (!('wakeLock' in navigator)) return;
    if (!this.isBusy) {
      await this.awake?.release();
      this.awake = null;
    } else if (document.visibilityState === 'visible' && (!this.awake || this.awake.released)) {
      this.awake = await navigator.wakeLock.request('screen').catch(() => null);
    }
  }
}

function isSame(one: File, other: File): boolean {
  return one.name === other.name && one.size === other.size && one.lastModified === other.lastModified;
}

/** Files only: a folder looks like a file that cannot be read. */
function dropped(transfer: DataTransfer | null): File[] {
  const items = [...(transfer?.items ?? [])].filter((item) => item.kind === 'file' && item.webkitGetAsEntry()?.isFile !== false);
  return items.map((item) => item.getAsFile()).filter((file) => file !== null);
}
