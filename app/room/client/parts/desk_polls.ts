/** The moderator's polls: prepared, opened, counted live, closed, begun again. */
import { KeyedList, find, mold, newKey, part, reasonOf, say, show } from './dom';
import { clock } from '../../../ui/client/parts/time';
import { type Poll, sharesOf } from './polls';
import type { Tell } from './desk_questions';
import type { Answer, Room } from './room';

const DEEDS: Record<string, string[]> = { DRAFT: ['open_poll', 'drop_poll'], OPEN: ['close_poll', 'reset_poll'], CLOSED: ['reset_poll'] };

export class DeskPolls {
  private readonly all = new Map<number, Poll>();
  private readonly list: KeyedList<Poll>;

  constructor(
    private readonly room: Room,
    private readonly desk: HTMLElement,
    private readonly tell: Tell,
    private readonly confirm: (button: HTMLElement) => Promise<boolean>,
  ) {
    this.list = new KeyedList<Poll>(find('[data-desk-polls]', desk), (poll) => this.make(poll.id), (element, poll) => this.update(element, poll));
    room.onState(({ staff }) => {
      this.all.clear();
      for (const poll of (staff?.polls ?? []) as Poll[]) this.all.set(poll.id, poll);
      this.draw();
    });
    room.on<{ poll: Poll }>('poll_kept', ({ poll }) => {
      this.all.set(poll.id, poll);
      this.draw();
    });
    room.on<{ id: number }>('poll_dropped', ({ id }) => {
      this.all.delete(id);
      this.draw();
    });
    room.on<{ id: number; round: number; counts: number[]; voters: number }>('poll_tallied', ({ id, round, counts, voters }) => {
      const poll = this.all.get(id);
      if (poll?.round !== round || poll.state !== 'OPEN') return;
      Object.assign(poll, { counts, voters });
      this.draw();
    });
    this.prepareForm();
    setInterval(() => this.draw(), 1000);
  }

  private draw(): void {
    this.list.draw([...this.all.values()].sort((one, other) => one.position - other.position || one.id - other.id));
  }

  private make(id: number): HTMLElement {
    const element = mold('desk-poll');
    for (const button of element.querySelectorAll<HTMLElement>('[data-do]')) {
      button.addEventListener('click', () => void this.act(id, button, element));
    }
    return element;
  }

  private async act(id: number, button: HTMLElement, element: HTMLElement): Promise<void> {
    const deed = button.dataset.do ?? '';
    if (button.dataset.confirm && !(await this.confirm(button))) return;
    const seconds = Number(part<HTMLSelectElement>(element, 'seconds').value);
    this.tell(await this.room.send(deed, deed === 'open_poll' && seconds ? { poll: id, seconds } : { poll: id }));
  }

  private update(element: HTMLElement, poll: Poll): void {
    say(part(element, 'text'), poll.text);
    say(part(element, 'voters'), String(poll.voters));
    for (const state of ['DRAFT', 'OPEN', 'CLOSED']) show(part(element, state), poll.state === state);
    const left = poll.closes_at && poll.state === 'OPEN' ? (Date.parse(poll.closes_at) - this.room.serverNow()) / 1000 : null;
    say(part(element, 'left'), left === null ? '' : clock(Math.ceil(left)));
    show(part(element, 'time-label'), poll.state === 'DRAFT');
    for (const button of element.querySelectorAll<HTMLElement>('[data-do]')) {
      const deed = button.dataset.do ?? '';
      show(button, (DEEDS[poll.state] ?? []).includes(deed) && !(deed === 'drop_poll' && poll.round > 1));
    }
    const results = part(element, 'results');
    if (results.childElementCount !== poll.options.length) results.replaceChildren(...poll.options.map(() => mold('desk-result')));
    const shares = sharesOf(poll);
    [...results.children].forEach((item, at) => {
      say(part(item, 'label'), poll.options[at] ?? '');
      say(part(item, 'count'), String(poll.counts?.[at] ?? 0));
      const bar = part<HTMLProgressElement>(item, 'bar');
      bar.value = shares[at] ?? 0;
      bar.setAttribute('aria-label', poll.options[at] ?? '');
    });
  }

  // ---- a new one ----

  private prepareForm(): void {
    const form = find<HTMLFormElement>('[data-new-poll]', this.desk);
    const kind = find<HTMLSelectElement>('[name=kind]', form);
    const rows = [...form.querySelectorAll<HTMLElement>('.option-row')];
    const more = find('[data-more-options]', form);
    let key = newKey();
    const drawKind = (): void => {
      show(find('[data-options]', form), kind.value !== 'SCALE');
      for (const box of form.querySelectorAll<HTMLElement>('[name=right]')) show(box, kind.value === 'QUIZ');
    };
    kind.addEventListener('change', drawKind);
    more.addEventListener('click', () => {
      const next = rows.find((row) => row.hidden);
      if (next) {
        show(next, true);
        find<HTMLInputElement>('[name=option]', next).focus();
      }
      show(more, rows.some((row) => row.hidden));
    });
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.sendPoll(form, rows, kind.value, key).then((made) => {
        if (!made) return;
        key = newKey();
        form.reset();
        drawKind();
        form.closest('details')?.removeAttribute('open');
      });
    });
    drawKind();
  }

  private async sendPoll(form: HTMLFormElement, rows: HTMLElement[], kind: string, key: string): Promise<boolean> {
    const filled = rows
      .map((row) => ({ text: find<HTMLInputElement>('[name=option]', row).value.trim(), right: find<HTMLInputElement>('[name=right]', row).checked }))
      .filter((row) => row.text);
    const text = find<HTMLInputElement>('[name=text]', form).value.trim();
    const options = kind === 'SCALE' ? [] : filled.map((row) => row.text);
    const right = kind === 'QUIZ' ? filled.flatMap((row, at) => (row.right ? [at] : [])) : [];
    const answer: Answer = text ? await this.room.send('make_poll', { key, kind, text, options, right }) : { error: 'empty', message: form.dataset.sayEmpty ?? '' };
    const error = find('[data-error]', form);
    say(error, reasonOf(answer));
    show(error, answer.error !== undefined);
    if (answer.error === 'offline') this.tell(answer);
    return answer.error === undefined;
  }
}
