/** Captions edited beside the player: a list of cues, tools for the chosen one, saved with a look at what others saved in between. */
import { type Cue, type Cues, change, cue, exact, insertAfter, mergeWithNext, plain, readTime, remove, runningAt, same, shift, split } from './cues';
import { type Draft, dropDraft, keepDraft, listDrafts, newDraftKey } from './draft';
import { Rows } from './rows';
import { timeOfDay, timeZone } from '../../../ui/client/parts/time';

interface Fault {
  cue: number;
  message: string;
}

interface Answer {
  version?: string;
  cues?: Omit<Cue, 'key'>[];
  remarks?: Fault[];
  error?: string;
  message?: string;
  facts?: { faults?: Fault[]; version?: string; by?: string | null; at?: string | null };
}

const KEEP_AFTER_MS = 400;
const TYPING_MS = 1500; // letters typed within so long are undone together

export class Editor {
  private cues: Cues = [];
  private saved: Cues = [];
  private version: string;
  private readonly past: Cues[] = [];
  private future: Cues[] = [];
  private chosen: number | null = null;
  private typing: { key: number; at: number } | null = null;
  private position = 0;
  private keeping = 0;
  private saving = false;
  private readonly words: Record<string, string>;
  private readonly rows: Rows;
  private readonly player: HTMLElement | null;
  private readonly duration: number;
  private readonly draft: string; // where this tab keeps what it has not saved

  constructor(private readonly box: HTMLElement) {
    this.words = JSON.parse(box.dataset.words ?? '{}') as Record<string, string>;
    this.rows = new Rows(this.part('[data-list]'), this.part<HTMLTemplateElement>('[data-row]'), this.words);
    this.player = box.querySelector('[data-player]');
    this.duration = Number(box.dataset.duration ?? 0);
    this.version = box.dataset.version ?? '';
    this.draft = newDraftKey(box.dataset.store ?? '');
    this.cues = this.saved = (JSON.parse(box.dataset.cues ?? '[]') as Omit<Cue, 'key'>[]).map(cue);
    box.hidden = false;
    document.querySelector<HTMLElement>('[data-plain]')?.setAttribute('hidden', '');
    this.listen();
    this.draw();
    this.offerDrafts(listDrafts(box.dataset.store ?? ''));
  }

  // ---- what is there ----

  private get at(): number {
    return this.cues.findIndex((one) => one.key === this.chosen);
  }

  private get isSaved(): boolean {
    return same(this.cues, this.saved);
  }

  private draw(): void {
    this.rows.draw(this.cues);
    if (this.at < 0) this.chosen = this.cues[0]?.key ?? null;
    this.rows.choose(this.chosen);
    this.part('[data-empty]').hidden = this.cues.length > 0;
    this.part('[data-count]').textContent = this.word('count', { n: this.cues.length });
    this.tool('undo').disabled = this.past.length === 0;
    this.tool('redo').disabled = this.future.length === 0;
    this.tell(this.isSaved ? '' : this.word('unsaved'));
    this.overlay();
  }

  /** Replace the cues by others. `typed`: a cue that is being written in, whose letters are undone together. */
  private put(next: Cues, typed: number | null = null): void {
    if (next === this.cues) return;
    const now = performance.now();
    const goesOn = typed !== null && this.typing?.key === typed && now - this.typing.at < TYPING_MS;
    if (!goesOn) this.past.push(this.cues);
    this.typing = typed === null ? null : { key: typed, at: now };
    this.future = [];
    this.cues = next;
    this.changed();
  }

  private changed(): void {
    this.draw();
    clearTimeout(this.keeping);
    this.keeping = window.setTimeout(() => this.keep(), KEEP_AFTER_MS);
  }

  private keep(): void {
    if (this.isSaved) dropDraft(this.draft);
    else keepDraft(this.draft, this.version, this.cues);
  }

  private undo(from: Cues[], to: Cues[], word: string): void {
    const before = from.pop();
    if (!before) return;
    const list = this.part('[data-list]');
    const writing = list.contains(document.activeElement);
    const { at } = this;
    to.push(this.cues);
    this.cues = before;
    this.typing = null;
    this.rows.forgive();
    if (this.at < 0) this.chosen = before[Math.min(Math.max(at, 0), before.length - 1)]?.key ?? null;
    this.changed();
    if (writing && !list.contains(document.activeElement)) this.focus(this.at, 0); // the row that was written in has gone
    this.say(this.word(word));
  }

  // ---- what a person does ----

  private listen(): void {
    const { box } = this;
    box.addEventListener('click', (event) => {
      const act = (event.target as Element).closest<HTMLElement>('[data-act]')?.dataset.act;
      if (act) this.act(act);
      const play = (event.target as Element).closest('[data-part="play"]');
      const key = play ? this.rows.keyOf(play) : null;
      if (key !== null) this.playFrom(key);
    });
    box.addEventListener('focusin', (event) => {
      const key = this.rows.keyOf(event.target);
      if (key === null || key === this.chosen) return;
      this.chosen = key;
      this.rows.choose(key);
    });
    box.addEventListener('input', (event) => {
      const input = event.target as HTMLTextAreaElement;
      const key = this.rows.keyOf(input);
      if (key !== null && input.dataset.part === 'text') this.put(change(this.cues, this.place(key), { text: input.value }), key);
    });
    box.addEventListener('change', (event) => this.readTimeOf(event.target as HTMLInputElement));
    document.addEventListener('keydown', (event) => {
      if (event.target === document.body || box.contains(event.target as Node)) this.onKey(event);
    });
    this.part('[data-shift]').addEventListener('submit', (event) => {
      event.preventDefault();
      this.shift((event as SubmitEvent).submitter as HTMLButtonElement | null);
    });
    addEventListener('beforeunload', (event) => {
      if (!this.isSaved) event.preventDefault();
    });
    this.player?.addEventListener('gurindam:position', (event) => {
      this.position = (event as CustomEvent<{ seconds: number }>).detail.seconds;
      this.rows.run(this.cues[runningAt(this.cues, this.position)]?.key ?? null, this.part<HTMLInputElement>('[data-follow]').checked);
      this.overlay();
    });
  }

  private act(name: string): void {
    const { at } = this;
    if (name === 'save') void this.save();
    else if (name === 'undo') this.undo(this.past, this.future, 'undone');
    else if (name === 'redo') this.undo(this.future, this.past, 'redone');
    else if (name === 'insert') this.insert(at);
    else if (at < 0) return;
    else if (name === 'begin') this.put(change(this.cues, at, { begin: exact(this.now()) }));
    else if (name === 'end') this.put(change(this.cues, at, { end: exact(this.now()) }));
    else if (name === 'split') this.split(at);
    else if (name === 'merge') this.merge(at);
    else if (name === 'delete') this.remove(at);
  }

  private insert(at: number): void {
    this.put(insertAfter(this.cues, at, this.now(), this.duration));
    this.focus(at + 1, 0);
    this.say(this.word('inserted'));
  }

  private split(at: number): void {
    const one = this.cues[at] as Cue;
    const field = this.rows.part<HTMLTextAreaElement>(one.key, 'text');
    const caret = field?.selectionStart ?? 0;
    this.put(split(this.cues, at, caret > 0 && caret < one.text.length ? caret : middleOf(one.text)));
    this.focus(at + 1, 0);
    this.say(this.word('split'));
  }

  private merge(at: number): void {
    const before = this.cues;
    const caret = before[at]?.text.trim().length ?? 0;
    this.put(mergeWithNext(before, at));
    if (this.cues === before) return;
    this.focus(at, caret);
    this.say(this.word('merged'));
  }

  private remove(at: number): void {
    this.put(remove(this.cues, at));
    if (this.cues.length) this.focus(Math.min(at, this.cues.length - 1), 0);
    this.say(this.word('deleted'));
  }

  private shift(button: HTMLButtonElement | null): void {
    const field = this.part<HTMLInputElement>('[name=seconds]');
    const text = field.value.trim().replace(',', '.');
    const seconds = Number(text);
    const wrong = !text || !Number.isFinite(seconds);
    field.setAttribute('aria-invalid', String(wrong));
    const first = this.at;
    if (wrong || first < 0) {
      field.focus();
      return;
    }
    const end = button?.value === 'one' ? first + 1 : this.cues.length;
    this.put(shift(this.cues, first, end, seconds));
    this.say(this.word('shifted', { n: end - first, seconds: text.replace('.', document.documentElement.lang === 'en' ? '.' : ',') }));
  }

  private readTimeOf(input: HTMLInputElement): void {
    const key = this.rows.keyOf(input);
    const { part } = input.dataset;
    if (key === null || (part !== 'begin' && part !== 'end')) return;
    const seconds = readTime(input.value);
    input.setAttribute('aria-invalid', String(seconds === null));
    this.rows.complain(key, seconds === null ? this.word('badTime') : null);
    if (seconds !== null) this.put(change(this.cues, this.place(key), { [part]: exact(seconds) }));
  }

  private onKey(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (target.closest('[data-player]')) return;
    const ctrl = event.ctrlKey || event.metaKey;
    const { key, altKey, shiftKey } = event;
    const timed = target.dataset.part === 'begin' || target.dataset.part === 'end';
    if (ctrl && key.toLowerCase() === 's') this.act('save');
    else if (ctrl && key.toLowerCase() === 'z') this.act(shiftKey ? 'redo' : 'undo');
    else if (ctrl && key.toLowerCase() === 'y') this.act('redo');
    else if (event.ctrlKey && event.code === 'Space') this.toggle();
    else if (event.ctrlKey && event.code === 'BracketLeft') this.act('begin');
    else if (event.ctrlKey && event.code === 'BracketRight') this.act('end');
    else if (ctrl && key === 'Enter') this.act(shiftKey ? 'insert' : 'split');
    else if (ctrl && shiftKey && key === 'Backspace') this.act('delete');
    else if (altKey && shiftKey && key === 'ArrowDown') this.act('merge');
    else if (altKey && key === 'ArrowDown') this.focus(Math.min(this.at + 1, this.cues.length - 1), 0);
    else if (altKey && key === 'ArrowUp') this.focus(Math.max(this.at - 1, 0), 0);
    else if (timed && !altKey && !ctrl && (key === 'ArrowUp' || key === 'ArrowDown')) this.step(target as HTMLInputElement, key === 'ArrowUp' ? 0.1 : -0.1);
    else return;
    event.preventDefault();
  }

  private step(input: HTMLInputElement, by: number): void {
    const key = this.rows.keyOf(input);
    const seconds = readTime(input.value);
    if (key === null || seconds === null) return;
    this.put(change(this.cues, this.place(key), { [input.dataset.part as 'begin' | 'end']: exact(seconds + by) }), key);
  }

  private place(key: number): number {
    return this.cues.findIndex((one) => one.key === key);
  }

  private focus(at: number, caret: number): void {
    const one = this.cues[at];
    if (!one) return;
    this.chosen = one.key;
    this.rows.choose(one.key);
    this.rows.focus(one.key, 'text', caret);
  }

  // ---- the video ----

  private now(): number {
    const video = this.player?.querySelector('video');
    return video && video.readyState > 0 ? video.currentTime : this.position;
  }

  private seek(at: number, play: boolean): void {
    this.player?.dispatchEvent(new CustomEvent('gurindam:seek', { detail: { at, play } }));
  }

  private playFrom(key: number): void {
    const one = this.cues[this.place(key)];
    if (!one) return;
    this.chosen = key;
    this.rows.choose(key);
    this.seek(one.begin, true);
  }

  private toggle(): void {
    const video = this.player?.querySelector('video');
    if (video && !video.paused) video.pause();
    else this.seek(this.now(), true);
  }

  /** The words as they stand in the list, over the picture. */
  private overlay(): void {
    const place = this.player?.querySelector<HTMLElement>('[data-caption]');
    if (!place) return;
    const lines = this.cues.filter((one) => one.begin <= this.position && this.position < one.end).flatMap((one) => plain(one.text).split('\n'));
    place.replaceChildren(...lines.flatMap((line, at) => (at ? [document.createElement('br'), line] : [line])));
    place.hidden = lines.length === 0;
  }

  // ---- keeping ----

  private async save(over?: string): Promise<void> {
    if (this.saving) return;
    const wrong = this.box.querySelector<HTMLElement>('[data-list] [aria-invalid=true]');
    if (wrong) {
      wrong.focus();
      return;
    }
    this.saving = true;
    const { cues } = this;
    this.busy(true);
    this.trouble('');
    this.tell(this.word('saving'));
    try {
      const token = document.querySelector<HTMLMetaElement>('meta[name=csrf-token]')?.content ?? '';
      const response = await fetch(this.box.dataset.url ?? '', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'X-CSRFToken': token },
        body: JSON.stringify({ version: over ?? this.version, cues: cues.map(({ key: _key, ...one }) => one) }),
      });
      this.hear(response.status, (await response.json()) as Answer, cues, over !== undefined);
    } catch {
      this.tell(this.word('unsaved'));
      this.trouble(this.word('offline'));
    } finally {
      this.saving = false;
      this.busy(false);
    }
  }

  private hear(status: number, answer: Answer, sent: Cues, over: boolean): void {
    if (status === 200) {
      this.version = answer.version ?? '';
      this.saved = sent;
      this.rows.forgive();
      this.hideNote();
      this.changed();
      const time = timeOfDay(new Date());
      const remarks = answer.remarks ?? [];
      this.tell(over ? this.word('overwritten') : remarks.length ? this.word('remarks', { n: remarks.length }) : this.word('saved', { time }));
      return;
    }
    this.tell(this.word('unsaved'));
    const { faults = [], version = '', by, at } = answer.facts ?? {};
    if (status === 409 && answer.error === 'captions_changed') {
      const time = at ? timeOfDay(at) : '';
      this.note(by ? this.word('conflictBy', { name: by, time }) : this.word('conflict', { time }), [
        [this.box.dataset.overwrite ?? '', () => void this.save(version)],
        [this.box.dataset.load ?? '', () => void this.loadSaved()],
      ]);
    } else if (faults.length) {
      this.rows.forgive();
      for (const fault of [...faults].reverse()) {
        const one = sent[fault.cue - 1];
        if (one) this.rows.complain(one.key, fault.message);
      }
      this.trouble(this.word('refused', { n: new Set(faults.map((fault) => fault.cue)).size }));
      const first = sent[(faults[0]?.cue ?? 0) - 1];
      if (first) this.focus(this.place(first.key), 0);
    } else {
      this.trouble(status === 401 ? this.word('signedOut') : (answer.message ?? this.word('offline')));
    }
  }

  /** What others saved takes the place of what stands here; undoing brings that back. */
  private async loadSaved(): Promise<void> {
    try {
      const response = await fetch(this.box.dataset.url ?? '', { headers: { Accept: 'application/json' } });
      const answer = (await response.json()) as Answer;
      if (!response.ok || !answer.cues) throw new Error(`captions ${response.status}`);
      this.version = answer.version ?? '';
      this.saved = answer.cues.map(cue);
      this.put(this.saved);
      this.hideNote();
      this.tell(this.word('loaded'));
    } catch {
      this.trouble(this.word('offline'));
    }
  }

  /** What was not saved at other times, one after the other. What is taken up becomes this tab's own; what is not answered stays kept. */
  private offerDrafts(drafts: readonly Draft[]): void {
    const [draft, ...older] = drafts;
    if (!draft) return;
    if (same(draft.cues, this.saved)) {
      dropDraft(draft.key);
      this.offerDrafts(older);
      return;
    }
    this.note(this.word('draft', { time: draft.at.toLocaleString(document.documentElement.lang, { dateStyle: 'medium', timeStyle: 'short', timeZone }) }), [
      [
        this.box.dataset.resume ?? '',
        () => {
          this.version = draft.version; // saving then tells of what others saved since
          this.put(draft.cues);
          this.keep();
          dropDraft(draft.key);
          this.hideNote();
        },
      ],
      [
        this.box.dataset.discard ?? '',
        () => {
          dropDraft(draft.key);
          this.hideNote();
          this.offerDrafts(older);
        },
      ],
    ]);
  }

  // ---- telling ----

  private note(text: string, choices: [string, () => void][]): void {
    const note = this.part('.caption-note');
    (note.querySelector('[data-part=text]') as HTMLElement).textContent = text;
    for (const [place, name] of (['yes', 'no'] as const).entries()) {
      const button = note.querySelector(`[data-part=${name}]`) as HTMLButtonElement;
      const [label, run] = choices[place] as [string, () => void];
      button.textContent = label;
      button.onclick = run;
    }
    note.toggleAttribute('data-shown', true);
  }

  private hideNote(): void {
    this.part('.caption-note').removeAttribute('data-shown');
  }

  private trouble(text: string): void {
    const place = this.part('[data-problem]');
    place.hidden = text === '';
    (place.querySelector('span') as HTMLElement).textContent = text;
  }

  private tell(text: string): void {
    const place = this.part('[data-state]');
    if (place.textContent !== text) place.textContent = text;
  }

  private say(text: string): void {
    this.part('[data-said]').textContent = text;
  }

  private word(name: string, values: Record<string, string | number> = {}): string {
    return Object.entries(values).reduce((text, [key, value]) => text.replace(`{${key}}`, String(value)), this.words[name] ?? '');
  }

  private busy(on: boolean): void {
    for (const button of this.box.querySelectorAll('[data-act=save]')) {
      if (on) button.setAttribute('aria-busy', 'true');
      else button.removeAttribute('aria-busy');
    }
  }

  private tool(name: string): HTMLButtonElement {
    return this.part<HTMLButtonElement>(`button[data-act=${name}]`);
  }

  private part<E extends HTMLElement = HTMLElement>(selector: string): E {
    const found = this.box.querySelector<E>(selector);
    if (!found) throw new Error(`the caption editor has no ${selector}`);
    return found;
  }
}

function middleOf(text: string): number {
  const middle = Math.floor(text.length / 2);
  const space = text.indexOf(' ', middle);
  return space > 0 ? space : middle;
}

