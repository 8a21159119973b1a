/**
 * "Hadir": minutes so far, check-ins with their moments, and the dialog that asks whether somebody is still there. Time is the server's. When
 * there is no link to the room, check-ins are asked about and answered over plain HTTP.
 */
import { openRoom, type Answer } from '../../room/client/parts/room';
import { timeOfDay } from '../../ui/client/parts/time';
import { fill, minutesOf, PresenceClock } from './parts/clock';
import { type Count, drawCounts } from './parts/counts';
import { CheckInDialog } from './parts/dialog';

interface CheckIn {
  number: number;
  opened_at?: string;
  closes_at: string;
}
interface Shown {
  live_at: string | null;
  ended_at: string | null;
  checkins: CheckIn[];
}
interface Own {
  present_ms: number;
  at: string;
  answered: Record<string, string>;
}

const DRAW_EVERY_MS = 15_000;
const ASK_EVERY_MS = 12_000; // without a link: often enough for a minute that is open

const host = document.querySelector<HTMLElement>('[data-attendance]');
if (host) attend(host);

function attend(place: HTMLElement): void {
  const room = openRoom();
  const words = place.dataset;
  const part = <T extends Element = HTMLElement>(name: string, within: ParentNode = place): T | null => within.querySelector<T>(`[data-part="${name}"]`);
  const clock = new PresenceClock(() => room.serverNow());
  const checkins = new Map<number, CheckIn>();
  const answered = new Map<number, string>();
  const counts = new Map<number, Count>();
  let asking: number | undefined;

  const dialog = new CheckInDialog(part<HTMLDialogElement>('dialog') as HTMLDialogElement, () => room.serverNow(), answer);

  room.onState((state) => {
    const shown = state.all.attendance as Shown | undefined;
    const own = state.own.attendance as Own | undefined;
    if (!shown || !own) return;
    clock.set(shown.live_at, shown.ended_at);
    clock.count(own.present_ms, Date.parse(own.at));
    checkins.clear();
    answered.clear();
    for (const one of shown.checkins) checkins.set(one.number, one);
    for (const [number, at] of Object.entries(own.answered)) answered.set(Number(number), at);
    for (const one of (state.staff?.attendance?.counts ?? []) as Count[]) counts.set(one.number, one);
    draw();
    askIfOpen();
  });
  room.on<Omit<Shown, 'checkins'>>('attendance_clock', (body) => {
    clock.set(body.live_at, body.ended_at);
    drawMinutes();
  });
  room.on<CheckIn>('checkin_opened', (body) => {
    checkins.set(body.number, body);
    draw();
    askIfOpen();
  });
  room.on<{ number: number }>('checkin_closed', () => draw());
  room.on<{ number: number; at: string }>('checkin_answered', (body) => note(body.number, body.at));
  room.on<Count>('checkin_counted', (body) => {
    counts.set(body.number, body);
    countAnswers();
  });
  room.onLink((link) => {
    if (link === 'live') clock.goOn();
    else clock.pause();
    window.clearInterval(asking);
    if (link !== 'live') asking = window.setInterval(() => void askOverHttp(), ASK_EVERY_MS);
    drawMinutes();
  });
  part('ask')?.addEventListener('click', () => void askEverybody());
  window.setInterval(drawMinutes, DRAW_EVERY_MS);
  drawMinutes();

  // ---- asking and answering ----

  function isOpen(one: CheckIn): boolean {
    return room.serverNow() <= Date.parse(one.closes_at) && !answered.has(one.number);
  }

  function askIfOpen(): void {
    for (const one of checkins.values()) if (isOpen(one)) dialog.ask(one.number, Date.parse(one.closes_at));
  }

  async function answer(number: number): Promise<Answer> {
    const told = await room.send('answer_checkin', { number });
    const taken = told.error === 'offline' ? await answerOverHttp(number) : told;
    if (typeof taken['at'] === 'string') note(number, taken['at']);
    return taken;
  }

  async function answerOverHttp(number: number): Promise<Answer> {
    const form = new FormData(part<HTMLFormElement>('form', dialog.element) as HTMLFormElement);
    form.set('number', String(number));
    try {
      const response = await fetch(words['answer'] as string, { method: 'POST', body: form, headers: { Accept: 'application/json' } });
      return (await response.json()) as Answer;
    } catch {
      return { error: 'offline' };
    }
  }

  async function askOverHttp(): Promise<void> {
    try {
      const response = await fetch(words['answer'] as string, { headers: { Accept: 'application/json' } });
      const told = (await response.json()) as { open: CheckIn | null; answered?: string | null };
      if (!told.open) return;
      checkins.set(told.open.number, told.open);
      if (told.answered) note(told.open.number, told.answered);
      draw();
      askIfOpen();
    } catch {
      // No network at all: the next turn asks again.
    }
  }

  function note(number: number, at: string): void {
    answered.set(number, at);
    dialog.taken(number, at);
    draw();
  }

  async function askEverybody(): Promise<void> {
    const said = part('asked');
    const told = await room.send('open_checkin');
    if (said) said.textContent = told.message ?? '';
  }

  // ---- drawing ----

  function draw(): void {
    drawMinutes();
    drawCheckIns();
    countAnswers();
  }

  function drawMinutes(): void {
    const have = part('have');
    if (!have) return;
    const now = clock.presentMs();
    const planned = clock.plannedMs(Date.parse(words['starts'] as string), Date.parse(words['ends'] as string));
    const need = (planned * Number(words['percent'])) / 100;
    const mine = minutesOf(now);
    have.textContent = String(mine);
    (part('of') as HTMLElement).textContent = fill(words['wordsMinutes'], { planned: Math.round(planned / 60_000) });
    const needed = Math.ceil(need / 60_000);
    const said = part('need') as HTMLElement;
    const enough = now >= need;
    said.textContent = clock.isOver
      ? (words['wordsOver'] as string)
      : clock.hasBegun
        ? enough
          ? (words['wordsEnough'] as string)
          : fill(words['wordsNeed'], { need: needed })
        : `${words['wordsBefore']} ${fill(words['wordsNeed'], { need: needed })}`;
    const bar = part<SVGElement>('bar') as SVGElement;
    bar.setAttribute('aria-label', fill(words['wordsBar'], { have: mine, need: needed }));
    part<SVGElement>('done')?.setAttribute('width', String(Math.min(1000, (1000 * now) / planned)));
    part<SVGElement>('mark')?.setAttribute('x', String(Math.min(994, (1000 * need) / planned)));
  }

  function drawCheckIns(): void {
    const list = part('checkins') as HTMLElement;
    const mold = part<HTMLTemplateElement>('row') as HTMLTemplateElement;
    const rows = [...checkins.values()].sort((a, b) => a.number - b.number).map((one) => {
      const row = (mold.content.cloneNode(true) as DocumentFragment).firstElementChild as HTMLElement;
      const at = answered.get(one.number);
      row.className = at ? 'yes' : 'no';
      part(at ? 'sign-no' : 'sign-yes', row)?.remove();
      (part('label', row) as HTMLElement).textContent = fill(words['wordsCheckin'], { number: one.number });
      const state = part('state', row) as HTMLElement;
      if (isOpen(one)) state.append(wayBack(one));
      else state.textContent = at ? fill(words['wordsAnswered'], { time: timeOfDay(at) }) : (words['wordsMissed'] as string);
      return row;
    });
    list.replaceChildren(...rows);
    (part('none') as HTMLElement).hidden = rows.length > 0;
  }

  /** To the question that was put off. */
  function wayBack(one: CheckIn): HTMLButtonElement {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'link';
    button.textContent = words['wordsOpen'] as string;
    button.addEventListener('click', () => dialog.ask(one.number, Date.parse(one.closes_at), true));
    return button;
  }

  function countAnswers(): void {
    const list = part('counts');
    if (list) drawCounts(list, counts, words);
  }
}
