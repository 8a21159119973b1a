/** The moderator's panels: on the stage page and on a page of their own. */
import { confirmForm } from '../../ui/client/behaviors/dialogs';
import { DeskPolls } from './parts/desk_polls';
import { DeskQuestions } from './parts/desk_questions';
import { KeyedList, find, mold, part, press, reasonOf, say, show } from './parts/dom';
import { clock, timeOfDay } from '../../ui/client/parts/time';
import { type Line, quoteOf } from './parts/chat';
import { Field } from './parts/fields';
import { type Answer, openRoom } from './parts/room';
import { type Deck, type Turn, Turning, drawPage } from './parts/slides';
import { prepareTabs } from './parts/tabs';

const room = openRoom();
const desk = find('[data-desk]');
const announcer = find('[data-desk-announce]', desk);
const customs = find<HTMLFormElement>('[data-customs]', desk);

/** Show what was refused; true when it was done. */
function tell(answer: Answer): boolean {
  const error = find('[data-desk-error]', desk);
  const isLost = answer.error === 'offline';
  show(error, answer.error !== undefined && !isLost);
  say(error, isLost ? '' : reasonOf(answer));
  if (isLost) show(find('[data-desk-link]', desk), true);
  return answer.error === undefined;
}

async function send(event: string, body: object = {}): Promise<boolean> {
  return tell(await room.send(event, body));
}

/** Ask first, in the words of the button. */
function confirm(button: HTMLElement): Promise<boolean> {
  return confirmForm(customs, button);
}

room.onLink((link) => show(find('[data-desk-link]', desk), link !== 'live'));
prepareTabs(find('[data-desk-tabs]', desk), () => undefined);

// ---- questions and polls ----

let waiting: number | null = null;
new DeskQuestions(room, desk, tell, (number) => {
  say(find('[data-desk-count=waiting]', desk), number ? String(number) : '');
  if (waiting !== null && number > waiting) say(announcer, `${announcer.dataset.sayWaiting} ${number}`);
  waiting = number;
});
new DeskPolls(room, desk, tell, confirm);

// ---- chat ----

const lines = new Map<number, Line>();
const lineList = new KeyedList<Line>(find('[data-desk-lines]', desk), (line) => makeLine(line.id), drawLine);

room.onState(({ all }) => {
  lines.clear();
  for (const line of all.chat.lines as Line[]) lines.set(line.id, line);
  drawCustoms(all.chat);
  drawLines();
});
room.on<{ message: Line }>('message_said', ({ message }) => {
  lines.set(message.id, message);
  drawLines();
});
room.on<{ id: number }>('message_deleted', ({ id }) => {
  const line = lines.get(id);
  if (line) lines.set(id, { ...line, deleted: true });
  drawLines();
});
room.on<{ open: boolean; slow: number }>('chat_customs', drawCustoms);
customs.addEventListener('change', () => {
  const open = find<HTMLInputElement>('[name=open]', customs).checked;
  const slow = Number(find<HTMLSelectElement>('[name=slow]', customs).value);
  void send('set_chat', { open, slow });
});

const field = new Field(find<HTMLFormElement>('[data-desk-say]', desk), async (text, key) => {
  const answer = await room.send('say', { key, text });
  field.refuse(answer.error ? answer : null);
  if (answer.error) {
    tell(answer);
    return;
  }
  field.taken(text, key);
});

function drawCustoms({ open, slow }: { open: boolean; slow: number }): void {
  find<HTMLInputElement>('[name=open]', customs).checked = open;
  const choice = find<HTMLSelectElement>('[name=slow]', customs);
  offer(choice, slow);
  choice.value = String(slow);
}

/** What was planned is one of the choices, even where it is none of the usual ones. */
function offer(choice: HTMLSelectElement, slow: number): void {
  const known = [...choice.options];
  if (known.some((option) => Number(option.value) === slow)) return;
  const longer = known.find((option) => Number(option.value) > slow);
  choice.add(new Option((choice.dataset.each ?? '').replace('0', String(slow)), String(slow)), longer ?? null);
}

function drawLines(): void {
  const place = find('[data-desk-lines]', desk);
  const atBottom = place.scrollHeight - place.scrollTop - place.clientHeight < 80;
  lineList.draw([...lines.values()].sort((one, other) => one.id - other.id).slice(-200));
  if (atBottom) place.scrollTop = place.scrollHeight;
}

function makeLine(id: number): HTMLElement {
  const element = mold('desk-line');
  const remove = part(element, 'delete');
  remove.addEventListener('click', () => void confirm(remove).then((yes) => yes && send('delete_message', { message: id })));
  return element;
}

function drawLine(element: HTMLElement, line: Line): void {
  if (line.deleted) {
    if (!element.classList.contains('gone')) element.replaceChildren(mold('desk-line-gone'));
    element.className = 'gone';
    return;
  }
  say(part(element, 'name'), line.name);
  say(part(element, 'unit'), line.unit);
  say(part(element, 'time'), timeOfDay(line.said_at));
  const quoted = line.reply_to === null ? undefined : lines.get(line.reply_to);
  show(part(element, 'quote'), quoted !== undefined && !quoted.deleted);
  if (quoted && !quoted.deleted) say(part(element, 'quote'), quoteOf(quoted));
  say(part(element, 'text'), line.text);
}

// ---- hands ----

interface Hand {
  id: string;
  key: string;
  name: string;
  unit: string;
  since: string;
  invited: boolean;
}
let raised: number | null = null;
const handList = new KeyedList<Hand>(find('[data-hands]', desk), makeHand, drawHand);

room.onState(({ staff }) => drawHands(staff?.hands ?? []));
room.on<{ queue: Hand[] }>('hands', ({ queue }) => drawHands(queue));
find('[data-clear-hands]', desk).addEventListener('click', () => void send('clear_hands'));

function drawHands(queue: Hand[]): void {
  handList.draw(queue.map((hand) => ({ ...hand, id: hand.key })));
  say(find('[data-desk-count=hands]', desk), queue.length ? String(queue.length) : '');
  show(find('[data-clear-hands]', desk), queue.length > 1);
  show(find('[data-no-hands]', desk), !queue.length);
  if (raised !== null && queue.length > raised) say(announcer, `${announcer.dataset.sayHands} ${queue.at(-1)?.name ?? ''}`);
  raised = queue.length;
}

function makeHand(hand: Hand): HTMLElement {
  const element = mold('desk-hand');
  find('[data-do=invite]', element).addEventListener('click', () => void send('invite_hand', { person: hand.key }));
  find('[data-do=lower]', element).addEventListener('click', () => void send('clear_hands', { person: hand.key }));
  return element;
}

function drawHand(element: HTMLElement, hand: Hand): void {
  say(part(element, 'name'), hand.name);
  say(part(element, 'unit'), hand.unit);
  say(part(element, 'time'), timeOfDay(hand.since));
  show(part(element, 'invited'), hand.invited);
  show(find('[data-do=invite]', element), !hand.invited);
}

// ---- agenda, breaks, presence, begin and end ----

interface Item {
  id: number;
  title: string;
  starts_at: string;
}
let agenda: { items: Item[]; item: number | null; break_until: string | null } = { items: [], item: null, break_until: null };
const itemList = new KeyedList<Item>(find('[data-desk-agenda]', desk), makeItem, (element, item) => {
  say(part(element, 'time'), timeOfDay(item.starts_at));
  say(part(element, 'title'), item.title);
  press(part(element, 'go'), item.id === agenda.item);
});

room.onState(({ all, stage }) => {
  agenda = all.agenda;
  drawAgenda();
  drawState(all.on_air.state);
  say(find('[data-desk-people]', desk), String(all.presence.people));
  drawRungs(stage?.presence?.rungs ?? {});
});
room.on<Partial<typeof agenda>>('agenda_changed', (changed) => {
  agenda = { ...agenda, ...changed };
  drawAgenda();
});
room.on<{ people: number }>('people_counted', ({ people }) => say(find('[data-desk-people]', desk), String(people)));
room.on<{ rungs: Record<string, number> }>('watching_counted', ({ rungs }) => drawRungs(rungs));
room.on('webinar_began', () => drawState('LIVE'));
room.on('webinar_ended', () => drawState('ENDED'));

function drawRungs(rungs: Record<string, number>): void {
  say(find('[data-desk-audio]', desk), String(rungs.audio ?? 0));
}

function drawState(state: string): void {
  for (const words of desk.querySelectorAll<HTMLElement>('[data-desk-state]')) show(words, words.dataset.deskState === state);
  for (const button of desk.querySelectorAll<HTMLElement>('[data-begin], [data-end]')) {
    show(button, state === (button.dataset.begin === undefined ? 'LIVE' : 'PUBLISHED'));
  }
}

function makeItem(item: Item): HTMLElement {
  const element = mold('desk-item');
  part(element, 'go').addEventListener('click', () => void send('set_agenda_item', agenda.item === item.id ? {} : { item: item.id }));
  return element;
}

function drawAgenda(): void {
  itemList.draw(agenda.items);
  show(find('[data-no-agenda]', desk), !agenda.items.length);
  tick();
}

function tick(): void {
  const left = agenda.break_until ? (Date.parse(agenda.break_until) - room.serverNow()) / 1000 : 0;
  show(find('[data-break-now]', desk), left > 0);
  show(find('[data-break]', desk), left <= 0);
  say(find('[data-desk-break]', desk), clock(Math.ceil(left)));
}
setInterval(tick, 1000);

find('[data-break]', desk).addEventListener('submit', (event) => {
  event.preventDefault();
  void send('start_break', { minutes: Number(find<HTMLInputElement>('[data-break] [name=minutes]', desk).value) });
});
find('[data-end-break]', desk).addEventListener('click', () => void send('end_break'));
for (const [name, event] of [
  ['[data-begin]', 'go_on_air'],
  ['[data-end]', 'end_webinar'],
] as const) {
  const button = desk.querySelector<HTMLElement>(name); // the stage page has its own
  button?.addEventListener('click', () => void confirm(button).then((yes) => yes && send(event)));
}

// ---- slides ----

let decks: Deck[] = [];
let turn: Turn = { material: null, page: 0 };
const choice = find<HTMLSelectElement>('[data-deck-choice]', desk);

room.onState(({ all }) => {
  decks = all.slides.decks;
  turn = all.slides.current;
  drawDeck();
});
room.on<{ decks: Deck[] }>('decks_shown', (shown) => {
  decks = shown.decks;
  drawDeck();
});
room.on<Turn>('slide_turned', (turned) => {
  turn = turned;
  drawDeck();
});
const turning = new Turning(room, () => turn);
choice.addEventListener('change', () => void turning.to({ material: Number(choice.value), page: 1 }).then(tell));
find('[data-no-slide]', desk).addEventListener('click', () => void turning.to({ material: null, page: 0 }).then(tell));
for (const button of desk.querySelectorAll<HTMLElement>('[data-turn]')) {
  button.addEventListener('click', () => {
    const deck = decks.find((one) => one.id === (turn.material ?? Number(choice.value)));
    void turning.by(Number(button.dataset.turn), deck).then((answer) => answer && tell(answer));
  });
}

function drawDeck(): void {
  show(find('[data-desk-deck]', desk), decks.length > 0);
  show(find('[data-desk-no-deck]', desk), !decks.length);
  if (choice.options.length !== decks.length) choice.replaceChildren(...decks.map((deck) => new Option(deck.title, String(deck.id))));
  const deck = decks.find((one) => one.id === turn.material);
  if (deck) choice.value = String(deck.id);
  const picture = deck?.pages[turn.page - 1];
  const image = find<HTMLImageElement>('[data-desk-page]', desk);
  show(image, picture !== undefined);
  if (deck && picture) drawPage(image, deck, turn.page, picture);
  say(find('[data-desk-page-no]', desk), deck ? `${turn.page} / ${deck.pages.length}` : '');
  show(find('[data-no-slide]', desk), turn.material !== null);
}
