/** The green room: who waits, what their devices can do, and who is expected but not there yet. */
import { initialsOf } from '../compose/layouts';
import { timeOfDay } from '../../../ui/client/parts/time';
import type { Seat } from '../people/types';
import { Pictures } from './pictures';
import { copy, find, keep, part, say, speed, state, word } from './pieces';

export interface Expected {
  key: string;
  name: string;
  institution: string;
  session: string;
  starts_at: string | null;
  check: { browser?: string; camera?: string; microphone?: string; kbps?: number };
  checked_at: string | null;
}

export class Waiting {
  private readonly place = find('[data-green]') as HTMLElement;
  private readonly absent = find('[data-expected]');
  expected: Expected[] = [];
  removed: string[] = [];

  constructor(
    private readonly me: string,
    private readonly pictures: Pictures,
  ) {}

  show(seats: Seat[]): void {
    const waiting = seats.filter((seat) => seat.place === 'green');
    say(find('[data-count="green"]'), String(waiting.length));
    keep(this.place, waiting, (seat) => seat.key, () => copy('waiting'), (row, seat) => this.update(row, seat));
    if (!this.absent) return;
    const there = new Set(seats.map((seat) => seat.key));
    keep(this.absent, this.expected.filter((one) => !there.has(one.key)), (one) => one.key, () => copy('expected'), (row, one) => this.updateExpected(row, one));
  }

  private update(row: HTMLElement, seat: Seat): void {
    const planned = this.expected.find((one) => one.key === seat.key);
    const called = seat.key === this.me ? word('you', { name: seat.name }) : seat.name;
    this.person(row, seat.name, called, planned ? noteOf(planned) : seat.note || word(`role-${seat.role}`));
    Pictures.show(row.querySelector('video') as HTMLVideoElement, seat.camera ? this.pictures.of(seat.key, 'camera') : null);
    const live = seat.connected ? state(word('here'), 'ok', 'done') : state(word('cut'), 'warn', 'offline');
    part(row, 'checks').replaceChildren(live, ...(planned ? checksOf(planned) : []));
    for (const act of row.querySelectorAll<HTMLElement>('[data-do="remove_person_from_stage"], [data-whisper]')) act.hidden = seat.key === this.me;
    const mute = row.querySelector<HTMLElement>('[data-do="mute_person"]');
    if (mute) mute.hidden = !seat.microphone;
  }

  private updateExpected(row: HTMLElement, one: Expected): void {
    this.person(row, one.name, one.name, noteOf(one));
    part(row, 'checks').replaceChildren(...(one.checked_at ? checksOf(one) : [state(word('unchecked'), '', 'clock')]));
    const back = row.querySelector<HTMLElement>('[data-do="let_back_on_stage"]');
    if (back) back.hidden = !this.removed.includes(one.key);
  }

  private person(row: HTMLElement, name: string, called: string, note: string): void {
    say(part(row, 'initials'), initialsOf(name));
    say(part(row, 'name'), called);
    say(part(row, 'note'), note);
  }
}

function noteOf(one: Expected): string {
  const time = one.starts_at ? timeOfDay(one.starts_at) : '';
  return [one.institution, [one.session, time].filter(Boolean).join(' ')].filter(Boolean).join(', ');
}

function checksOf({ check }: Expected): HTMLElement[] {
  const found: HTMLElement[] = [];
  if (check.microphone) found.push(state(word(`mic-${check.microphone}`), check.microphone === 'good' ? 'ok' : check.microphone === 'unmeasured' ? 'warn' : 'late', ['good', 'unmeasured'].includes(check.microphone) ? 'mic' : 'mic-off'));
  if (check.camera) found.push(state(word(`cam-${check.camera}`), check.camera === 'good' ? 'ok' : 'late', 'cam'));
  if (check.kbps) found.push(state(speed(check.kbps), check.kbps >= 900 ? 'ok' : 'warn', 'signal'));
  if (check.browser && check.browser !== 'good') found.push(state(word(`browser-${check.browser}`), 'warn', 'alert'));
  return found;
}
