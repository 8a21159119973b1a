/** The page of the live room for who attends. */
import { Chat } from './parts/chat';
import { find, press, say, show, part } from './parts/dom';
import { clock } from '../../ui/client/parts/time';
import { Outbox } from './parts/outbox';
import { Polls } from './parts/polls';
import { Questions } from './parts/questions';
import { openRoom } from './parts/room';
import { Slides } from './parts/slides';
import { prepareTabs } from './parts/tabs';

const room = openRoom();
const outbox = new Outbox(room, find('#room').dataset.webinar ?? '');
const announcer = find('[data-announce]');
let told = ''; // what was announced last, so that it is said once
let tab = 'tanya';

function announce(words: string, text = ''): void {
  const sentence = `${announcer.getAttribute(`data-say-${words}`) ?? ''} ${text}`.trim();
  if (sentence === told) return;
  told = sentence;
  say(announcer, sentence);
}

// ---- questions, and the one on screen ----

let onStage: number | null = null;
let atFirst = true;
new Questions(room, outbox, (questions) => {
  const now = questions.current;
  show(find('[data-asked]'), now !== undefined);
  say(find('[data-asked-text]'), now?.text ?? '');
  count('questions', questions.waiting);
  if (now && now.id !== onStage && !atFirst) announce('on-stage', now.text);
  onStage = now?.id ?? null;
  atFirst = false;
});

// ---- polls ----

let polled: string | null = null;
new Polls(room, outbox, (polls) => {
  const newest = polls.open ?? [...polls.all.values()].sort((one, other) => (other.closed_at ?? '').localeCompare(one.closed_at ?? ''))[0];
  const standing = newest ? `${newest.id}:${newest.round}:${newest.state}` : '';
  if (newest && polled !== null && polled !== standing) announce(newest.state === 'OPEN' ? 'poll-open' : 'poll-closed', newest.text);
  polled = standing;
  count('polls', polls.open ? 1 : 0);
});

// ---- chat and slides ----

const chat = new Chat(
  room,
  outbox,
  () => tab === 'obrolan',
  (one) => count('lines', one.unread),
);
new Slides(room);

prepareTabs(find('[data-room-tabs]'), (name) => {
  tab = name;
  if (name === 'obrolan') chat.seen();
});

function count(name: string, number: number): void {
  say(find(`[data-count="${name}"]`), number ? String(number) : '');
}

// ---- presence, agenda, breaks, begin and end ----

interface OnAir {
  state: string;
  live_at: string | null;
}
interface Agenda {
  items?: { id: number; title: string }[];
  item: number | null;
  break_until: string | null;
}
let agenda: Agenda = { item: null, break_until: null };
let onAir: OnAir = { state: '', live_at: null };

room.onState(({ all }) => {
  onAir = all.on_air as OnAir;
  takeAgenda(all.agenda as Agenda);
  say(find('[data-people]'), String(all.presence.people));
  drawCurtains();
});
room.on<{ people: number }>('people_counted', ({ people }) => say(find('[data-people]'), String(people)));
room.on<Agenda>('agenda_changed', (changed) => {
  if (changed.break_until && !agenda.break_until) announce('break');
  takeAgenda(changed);
  drawCurtains();
});
room.on<{ live_at: string }>('webinar_began', ({ live_at }) => {
  onAir = { state: 'LIVE', live_at };
  drawCurtains();
});
room.on('webinar_ended', () => {
  onAir = { ...onAir, state: 'ENDED' };
  announce('ended');
  drawCurtains();
});

function takeAgenda(changed: Agenda): void {
  agenda = { ...agenda, ...changed };
  const title = agenda.items?.find((item) => item.id === agenda.item)?.title;
  show(find('[data-at-hand]'), title !== undefined);
  say(find('[data-at-hand]'), title ?? '');
  for (const item of document.querySelectorAll<HTMLElement>('[data-agenda] [data-item]')) {
    if (item.dataset.item === String(agenda.item)) item.setAttribute('aria-current', 'step');
    else item.removeAttribute('aria-current');
  }
}

function drawCurtains(): void {
  const over = onAir.state === 'ENDED';
  const paused = !over && breakLeft() > 0;
  show(find('[data-curtain=ended]'), over);
  show(find('[data-curtain=break]'), paused);
  show(find('[data-curtain=waiting]'), !over && !paused && onAir.state === 'PUBLISHED');
  if (over) for (const taken of ['[data-hand]', '[data-ask]', '[data-say]']) show(find(taken), false); // nobody takes them any more
}

function breakLeft(): number {
  return agenda.break_until ? (Date.parse(agenda.break_until) - room.serverNow()) / 1000 : 0;
}

setInterval(() => {
  if (breakLeft() > 0) say(find('[data-break-left]'), clock(Math.ceil(breakLeft())));
  const until = find('[data-until]');
  const left = (Date.parse(until.dataset.until ?? '') - room.serverNow()) / 1000;
  say(until, left > 0 ? clock(Math.ceil(left)) : '');
}, 1000);

// ---- a hand ----

const hand = find('[data-hand]');
let up = false;
show(hand, !room.me.rights.includes('webinars.moderate') && !room.me.rights.includes('webinars.speak'));
function drawHand(raised: boolean): void {
  up = raised;
  press(hand, up);
  show(part(hand, 'up'), up);
  show(part(hand, 'down'), !up);
}
hand.addEventListener('click', () => {
  const wanted = !up;
  void room.send('raise_hand', { up: wanted }).then((answer) => !answer.error && drawHand(wanted));
});
room.onState(({ own }) => drawHand(own.hands.up));
room.on<{ up: boolean }>('own_hand', ({ up: raised }) => drawHand(raised));

// ---- the link ----

let linked = false;
room.onLink((link, words) => {
  show(find('[data-link]'), link === 'lost');
  const refused = find('[data-refused]');
  show(refused, link === 'refused');
  say(refused, link === 'refused' ? (words ?? '') : '');
  if (link === 'lost' && linked) announce('lost');
  if (link === 'live' && told === announcer.dataset.sayLost) announce('back');
  linked = link === 'live';
});
