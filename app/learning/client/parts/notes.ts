// Notes at a moment of a video: written into the browser's journal, sent in their order, shown as saved when the server has them.
import { newKey, openJournal, type Journal } from '../../../ui/client/offline/journal';
import { showToast } from '../../../ui/client/behaviors/toasts';
import { clock } from '../../../ui/client/parts/time';
import { isLater, send } from './send';

interface Operation {
  base: string;
  key: string;
  /** Null deletes. */
  note: { at: number; text: string } | null;
}

type State = 'saving' | 'waiting' | 'saved';

const RETRY_MS = 15_000;

class Notes {
  private readonly list: HTMLElement;
  private readonly form: HTMLFormElement;
  private readonly text: HTMLTextAreaElement;
  private readonly base: string;
  private readonly journal: Promise<Journal<Operation>>;
  private sending: Promise<void> | null = null;
  private again = false;
  private position = 0;
  private moment: number | null = null; // of what is being written
  private editing: HTMLElement | null = null;

  constructor(
    private readonly root: HTMLElement,
    private readonly player: HTMLElement | null,
  ) {
    this.list = this.part('[data-note-list]');
    this.form = this.part('[data-note-form]');
    this.text = this.part('[data-note-text]');
    this.base = root.dataset.notes ?? '';
    this.journal = openJournal<Operation>(`catatan:${root.dataset.user ?? ''}`);
    this.position = Number(player?.dataset.start ?? 0);
    for (const hidden of root.querySelectorAll<HTMLElement>('[data-scripted]')) hidden.hidden = false;
    this.listen();
    this.mark();
    void this.recall();
  }

  private listen(): void {
    const { root, form, text, player } = this;
    player?.addEventListener('gurindam:position', (event) => {
      this.position = (event as CustomEvent<{ seconds: number }>).detail.seconds;
      if (this.moment === null) this.label();
    });
    player?.addEventListener('gurindam:bookmark', () => this.bookmark());
    text.addEventListener('input', () => {
      if (!this.editing) this.moment = text.value.trim() ? (this.moment ?? this.position) : null;
      this.label();
      this.complain('');
    });
    text.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit();
      if (event.key === 'Escape' && this.editing) this.clear();
    });
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.submit();
    });
    this.part('[data-bookmark-now]').addEventListener('click', () => this.bookmark());
    this.part('[data-note-cancel]').addEventListener('click', () => this.clear());
    root.addEventListener('click', (event) => {
      const target = event.target as Element;
      const row = target.closest<HTMLElement>('[data-note]');
      if (row && target.closest('[data-edit]')) this.edit(row);
      if (row && target.closest('[data-delete]')) this.remove(row);
    });
    addEventListener('online', () => void this.flush());
    setInterval(() => void this.flush(), RETRY_MS);
  }

  /** What waits in the journal from before stands in the list too. */
  private async recall(): Promise<void> {
    for (const { operation } of await (await this.journal).list()) {
      if (operation.base !== this.base) continue;
      if (operation.note) this.show(operation.key, operation.note.at, operation.note.text, 'waiting');
      else this.find(operation.key)?.remove();
    }
    this.mark();
    await this.flush();
  }

  private submit(): void {
    const text = this.text.value.trim();
    if (!text && !this.editing) return;
    const key = this.editing?.dataset.note ?? newKey();
    const at = this.moment ?? this.position;
    this.clear();
    this.save(key, at, text);
  }

  private bookmark(): void {
    this.save(newKey(), this.position, '');
    showToast(`${this.words('marked')} ${clock(this.position)}`);
  }

  private save(key: string, seconds: number, text: string): void {
    const at = Math.round(seconds * 10) / 10;
    this.show(key, at, text, 'saving');
    this.mark();
    void this.enter({ base: this.base, key, note: { at, text } });
  }

  private remove(row: HTMLElement): void {
    const key = row.dataset.note ?? '';
    const [at, text] = [Number(row.dataset.at), this.textOf(row)];
    const neighbor = (row.nextElementSibling ?? row.previousElementSibling)?.querySelector<HTMLElement>('[data-delete]');
    row.remove();
    (neighbor ?? this.text).focus();
    if (this.editing === row) this.clear();
    this.mark();
    void this.enter({ base: this.base, key, note: null });
    showToast(this.words('deleted'), { label: this.words('undo'), run: () => this.save(newKey(), at, text) });
  }

  private edit(row: HTMLElement): void {
    this.editing = row;
    this.moment = Number(row.dataset.at);
    this.text.value = this.textOf(row);
    this.part('[data-note-cancel]').hidden = false;
    this.label();
    this.text.focus();
  }

  private clear(): void {
    this.editing = this.moment = null;
    this.text.value = '';
    this.part('[data-note-cancel]').hidden = true;
    this.complain('');
    this.label();
  }

  private async enter(operation: Operation): Promise<void> {
    await (await this.journal).add(operation);
    await this.flush();
  }

  private flush(): Promise<void> {
    if (this.sending) this.again = true;
    this.sending ??= this.alone().finally(() => {
      this.sending = null;
      if (this.again) {
        this.again = false;
        void this.flush();
      }
    });
    return this.sending;
  }

  /** One tab of a browser at a time, so that the order holds. */
  private async alone(): Promise<void> {
    if (navigator.locks) await navigator.locks.request('gurindam-catatan', () => this.drain());
    else await this.drain();
  }

  private async drain(): Promise<void> {
    const journal = await this.journal;
    const kept = await journal.list();
    for (const { id, operation } of kept) {
      const answer = await send(`${operation.base}/${operation.key}`, operation.note ?? {}, false, operation.note ? 'PUT' : 'DELETE');
      if (answer === null || isLater(answer)) {
        for (const { operation } of await journal.list()) this.tell(operation.key, 'waiting');
        return;
      }
      await journal.remove([id]);
      if (operation.base !== this.base || !operation.note) continue;
      if (answer.status === 200) this.tell(operation.key, 'saved');
      else this.refuse(operation, String(answer.body.message ?? answer.status));
    }
  }

  /** Refused for good: what was written goes back into the field. */
  private refuse({ key, note }: Operation, reason: string): void {
    this.find(key)?.remove();
    this.mark();
    if (note && !this.text.value) {
      this.text.value = note.text;
      this.moment = note.at;
      this.label();
    }
    this.complain(reason);
  }

  private show(key: string, at: number, text: string, state: State): void {
    const known = this.find(key);
    const row = known ?? (this.part<HTMLTemplateElement>('[data-note-mold]').content.cloneNode(true) as DocumentFragment).firstElementChild;
    if (!(row instanceof HTMLElement)) return;
    Object.assign(row.dataset, { note: key, at: String(at) });
    for (const hidden of row.querySelectorAll<HTMLElement>('[data-scripted]')) hidden.hidden = false;
    const link = row.querySelector<HTMLAnchorElement>('[data-seek]');
    if (link) {
      link.href = `#t=${at}`;
      link.dataset.seek = String(at);
      link.textContent = clock(at);
    }
    const words = row.querySelector<HTMLElement>('[data-part=text]');
    if (words) {
      words.textContent = text || this.words('bookmark');
      words.classList.toggle('quiet', !text);
    }
    const later = [...this.list.children].find((other) => other !== row && Number((other as HTMLElement).dataset.at) > at);
    this.list.insertBefore(row, later ?? null);
    this.tell(key, state);
  }

  private tell(key: string, state: State): void {
    const place = this.find(key)?.querySelector<HTMLElement>('[data-part=state]');
    if (!place) return;
    place.hidden = false;
    place.setAttribute('role', 'status');
    place.textContent = this.words(state);
  }

  /** How many there are, and where: the heading and the player's bar show it. */
  private mark(): void {
    const rows = [...this.list.querySelectorAll<HTMLElement>('[data-note]')];
    this.part('[data-note-none]').hidden = rows.length > 0;
    this.part('[data-note-export]').hidden = rows.length === 0;
    const count = document.querySelector('[data-tabs] a[href="#catatan"] .count');
    if (count) count.textContent = String(rows.length);
    this.player?.dispatchEvent(new CustomEvent('gurindam:marks', { detail: { at: rows.map((row) => Number(row.dataset.at)) } }));
  }

  private label(): void {
    const words = this.editing ? this.words('editing') : this.words('label');
    this.part('[data-note-label]').textContent = words.replace('{time}', clock(this.moment ?? this.position));
  }

  private complain(reason: string): void {
    const place = this.part('[data-note-error]');
    place.hidden = !reason;
    place.textContent = reason;
  }

  private textOf(row: HTMLElement): string {
    const words = row.querySelector('[data-part=text]');
    return words?.classList.contains('quiet') ? '' : (words?.textContent ?? '');
  }

  private find(key: string): HTMLElement | null {
    return this.list.querySelector(`[data-note="${CSS.escape(key)}"]`);
  }

  private words(name: string): string {
    return this.root.dataset[name] ?? '';
  }

  private part<E extends HTMLElement = HTMLElement>(selector: string): E {
    const found = this.root.querySelector<E>(selector);
    if (!found) throw new Error(`the notes have no ${selector}`);
    return found;
  }
}

export function prepareNotes(): void {
  const root = document.querySelector<HTMLElement>('[data-notes]');
  if (root) new Notes(root, document.querySelector<HTMLElement>('[data-player]'));
}
