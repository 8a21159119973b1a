/** The stage's page: device check, then green room and stage. */
import { openRoom } from '../../room/client/parts/room';
import { confirmForm } from '../../ui/client/behaviors/dialogs';
import { DeviceCheck } from './check/check';
import { canCompose } from './compose/composer';
import type { Scene } from './compose/painter';
import { Actor } from './page/actor';
import { Around } from './page/around';
import { type Audience, Gauges } from './page/gauges';
import { Links } from './page/links';
import { Pause } from './page/pause';
import { Pictures } from './page/pictures';
import { find, icon, say, speed, word } from './page/pieces';
import { Tiles } from './page/tiles';
import { type Expected, Waiting } from './page/waiting';
import { Whispers } from './page/whispers';
import { Devices } from './people/devices';
import type { Quality, Seated, Shown } from './people/types';

interface Uplink {
  kbps: number;
  behind: number;
  fps: number;
}

const REPORT_EVERY_MS = 2000;
const CALM = new Set(['off', 'unmute', 'readmitted']); // what is told, not warned of
const OVER_WHEN_SPEAKING = new Set(['unmute', 'muted']);

const room = openRoom();
const devices = new Devices();
const pictures = new Pictures();
const tiles = new Tiles(room.me.key, pictures);
const waiting = new Waiting(room.me.key, pictures);
const links = new Links(room.me.key);
const gauges = new Gauges(room);
const moderates = room.me.rights.includes('webinars.moderate');
let shown: Shown = { people: [], layout: 'slides_and_faces', loud: null, still: null, live: false, live_at: null };
let hasEnded = false;
let isLost = false;
let uplink: Uplink | null = null;
let noticed = ''; // the key of what is told now, if it has one

let isReady = false;
let isFolded: boolean | null = null; // the device check, as somebody wished it; else as it is usual
const around = new Around(room, () => isReady && show());
const pause = new Pause(room, () => isReady && show());

const actor = new Actor(room, devices, pictures, scene, {
  changed: show,
  notice: (key) => {
    notice(word(key), CALM.has(key));
    noticed = key;
  },
  words: notice,
  mayTakeOver: () => ask(word('asks'), word('asks-label')),
  programme: showProgramme,
  left: () => {
    check.showSelf();
    showEntrance();
  },
});
const whispers = new Whispers(room, notice);
const check = new DeviceCheck(room, devices, showEntrance);

function scene(): Scene {
  const on = actor.seated.seats.filter((seat) => seat.place === 'stage');
  const sharing = on.find((seat) => seat.screen);
  return {
    title: word('title'),
    words: { soon: word('soon'), slide: '' },
    layout: shown.layout,
    faces: on.map((seat) => ({ key: seat.key, name: seat.name, microphone: seat.microphone, picture: seat.camera ? pictures.of(seat.key, 'camera') : null })),
    loud: shown.loud,
    screen: sharing ? pictures.of(sharing.key, 'screen') : null,
    slide: around.slide,
    question: around.question,
  };
}

// ---- what is shown ----

function show(): void {
  const { seats } = actor.seated;
  const isOut = !actor.isSitting && !hasEnded;
  const folded = isFolded ?? (moderates || actor.isMissed);
  find('[data-over]')?.toggleAttribute('hidden', !hasEnded);
  find('[data-check]')?.toggleAttribute('hidden', !isOut || folded);
  find('[data-way-back]')?.toggleAttribute('hidden', !isOut || !folded || !actor.isMissed);
  find('[data-join]')?.toggleAttribute('hidden', !isOut || !folded || actor.isMissed);
  find('[data-stage]')?.toggleAttribute('hidden', hasEnded || !(actor.isSitting || moderates));
  tiles.show(seats, shown);
  waiting.show(seats);
  links.show(seats);
  whispers.offer(seats);
  around.show();
  press('microphone', actor.mine.microphone);
  press('camera', actor.mine.camera);
  const screen = find('[data-mine="screen"]');
  say(screen?.querySelector('span') ?? null, word(devices.own.screen ? 'stop-screen' : 'share-screen'));
  find('[data-own]')?.toggleAttribute('hidden', !actor.isSitting);
  find('.whispers')?.toggleAttribute('hidden', !actor.isSitting);
  for (const chip of document.querySelectorAll<HTMLElement>('button[data-layout]')) chip.setAttribute('aria-pressed', String(chip.dataset['layout'] === shown.layout));
  if (OVER_WHEN_SPEAKING.has(noticed) && actor.mine.microphone) notice('');
  sayWhere();
  showPhase();
  sayWhoComposes();
}

function press(which: 'microphone' | 'camera', on: boolean): void {
  const button = find(`[data-mine="${which}"]`);
  if (!button || button.getAttribute('aria-pressed') === String(on)) return;
  button.setAttribute('aria-pressed', String(on));
  button.querySelector('svg')?.replaceWith(icon(`${which === 'camera' ? 'cam' : 'mic'}${on ? '' : '-off'}`));
  say(button.querySelector('span'), word(`${which}-${on ? 'on' : 'off'}`));
}

/** Whether the audience sees and hears this person; nothing while nobody can know. */
function sayWhere(): void {
  const where = isLost ? '' : whereNow();
  say(find('[data-where]'), where && word(`where-${where}`));
}

function whereNow(): 'green' | 'stage' | 'live' | 'pause' | '' {
  const place = actor.isSitting ? actor.me?.place : undefined;
  if (place === 'green' || (place === 'stage' && !shown.live)) return place;
  if (pause.isOn && shown.live) return 'pause';
  return place === 'stage' ? 'live' : '';
}

function showPhase(): void {
  find('[data-begin]')?.toggleAttribute('hidden', shown.live || hasEnded);
  find('[data-end]')?.toggleAttribute('hidden', !shown.live);
  gauges.show(shown);
}

let programmeState: 'composing' | 'behind' | 'failed' | '' = '';
function showProgramme(state: 'composing' | 'idle' | 'behind' | 'failed'): void {
  programmeState = state === 'idle' ? '' : state;
  document.documentElement.dataset['composing'] = String(programmeState === 'composing' || programmeState === 'behind');
  sayWhoComposes();
}

function sayWhoComposes(): void {
  const composer = actor.seated.seats.find((seat) => seat.key === actor.seated.composer);
  const mine = composer?.key === room.me.key;
  const who = programmeState ? word(programmeState) : composer && !mine ? word('by', { name: composer.name }) : composer ? '' : word(canCompose() && !actor.isSitting ? 'nobody-yet' : 'nobody');
  const how = composer && uplink ? word('uplink', { fps: uplink.fps, speed: speed(uplink.kbps) }) : '';
  const alone = actor.seated.mesh ? '' : word('no-mesh');
  say(find('[data-programme]'), shown.live && !isLost ? [alone, who, how].filter(Boolean).join(' ') : '');
  find('[data-pass-on]')?.toggleAttribute('hidden', !shown.live || actor.seated.seats.length < 2);
}

function notice(text: string, isCalm = false): void {
  noticed = '';
  const place = find('[data-notice]');
  place?.toggleAttribute('hidden', !text);
  place?.classList.toggle('alert-warn', !isCalm);
  place?.querySelector('svg')?.replaceWith(icon(isCalm ? 'mic' : 'alert'));
  say(place?.querySelector('span') ?? null, text);
}

function showEntrance(): void {
  const enter = find('[data-enter]');
  if (!enter || !check.browserWorks) return;
  enter.hidden = false;
  const ready = devices.canReopen || devices.own.microphone || devices.own.camera;
  enter.classList.toggle('btn-primary', check.found !== null);
  say(enter, (ready ? enter.dataset['with'] : enter.dataset['without']) ?? '');
}

function ask(text: string, label: string): Promise<boolean> {
  const form = document.createElement('form');
  Object.assign(form.dataset, { confirm: text, confirmLabel: label, confirmKind: 'plain' });
  return confirmForm(form, null);
}

// ---- what is pressed ----

async function send(event: string, body: object = {}): Promise<void> {
  const answer = await room.send(event, body);
  if (answer.error) notice(answer.message ?? word('lost'));
  else notice(answer['alone'] === true ? word('alone') : '');
}

document.addEventListener('keydown', (event) => {
  const typing = (event.target as Element).closest('input, textarea, select, dialog, [data-desk]');
  const by = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 }[event.key];
  if (!by || typing || !actor.isSitting || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  void around.turn(by).then((words) => words && notice(words));
});

document.addEventListener('click', (event) => {
  const button = (event.target as Element).closest<HTMLElement>('button');
  if (!button || button.closest('[data-desk]')) return; // the desk answers for itself
  const { mine, layout, turn } = button.dataset;
  if (mine === 'screen') void actor.toggleScreen();
  else if (mine === 'microphone' || mine === 'camera') void actor.turn(mine, !actor.mine[mine]);
  else if (layout) void send('set_layout', { layout });
  else if (turn) void around.turn(Number(turn)).then((words) => words && notice(words));
  else if (button.dataset['do']) void direct(button);
  else if ('whisper' in button.dataset) whispers.begin(keyOf(button));
  else if ('enter' in button.dataset) void enterAgain();
  else if ('enterBare' in button.dataset) void enter();
  else if ('enterWith' in button.dataset) void enterWithDevices();
  else if ('unfold' in button.dataset) fold(false);
  else if ('fold' in button.dataset) fold(true);
  else if ('leave' in button.dataset) void leave(button);
  else if ('passOn' in button.dataset) void passOn();
  else if ('begin' in button.dataset) void begin(button, 'go_on_air');
  else if ('end' in button.dataset) void begin(button, 'end_webinar');
});

function keyOf(button: HTMLElement): string {
  return button.closest<HTMLElement>('[data-key]')?.dataset['key'] ?? '';
}

function sure(button: HTMLElement): Promise<boolean> {
  return button.dataset['confirm'] ? confirmForm(document.createElement('form'), button) : Promise.resolve(true);
}

async function begin(button: HTMLElement, event: string): Promise<void> {
  if (await sure(button)) await send(event);
}

async function direct(button: HTMLElement): Promise<void> {
  const key = keyOf(button);
  if (await sure(button)) await send(button.dataset['do'] ?? '', { key });
}

/** The picture that leaves this browser is poor: another one is to send it. */
async function passOn(): Promise<void> {
  const answer = await room.send('change_composer');
  if (answer.error) notice(answer.message ?? word('lost'));
  else notice(answer['passed'] === false ? word('no-other') : '');
}

async function leave(button: HTMLElement): Promise<void> {
  if (actor.me?.place !== 'stage' || (await sure(button))) await actor.leave();
}

async function enter(): Promise<boolean> {
  actor.kbps = check.found?.kbps ?? 0;
  if (!(await actor.enter())) return false;
  notice('');
  show();
  find('#isi')?.focus();
  return true;
}

/** With the devices one had, if one was here before. */
async function enterAgain(): Promise<void> {
  const reopened = await devices.reopen();
  if (!(await enter()) && reopened) devices.close();
}

async function enterWithDevices(): Promise<void> {
  await devices.open({ microphone: true, camera: true });
  if (!(devices.own.microphone ?? devices.own.camera)) notice(word('no-device'));
  else if (!(await enter())) devices.close();
}

function fold(isFoldedNow: boolean): void {
  isFolded = isFoldedNow;
  show();
  find(isFolded ? '[data-unfold]:not([hidden] *)' : '[data-run]')?.focus();
  if (!isFolded) find('[data-check]')?.scrollIntoView({ block: 'start' });
}

// ---- what happens ----

function end(): void {
  if (hasEnded) return;
  hasEnded = true;
  isLost = false;
  actor.end();
  notice('');
  find('#usai')?.focus();
}

room.onState(({ all, staff, stage }) => {
  shown = all.stage as Shown;
  if (staff) {
    const seen = staff.stage as { speakers: Expected[]; removed: string[] };
    waiting.expected = seen.speakers;
    waiting.removed = seen.removed;
  }
  if (!actor.isSitting) actor.seated = stage.stage as Seated;
  gauges.people((all.presence as { people: number }).people);
  gauges.audience((stage.stage as { reach: Audience | null }).reach);
  if ((all.on_air as { state: string }).state === 'ENDED') end();
  show();
});
room.on<Shown>('stage_changed', (changed) => {
  shown = changed;
  show();
});
room.on('webinar_ended', end);
room.on<Seated>('backstage', (seated) => {
  if (actor.isSitting) return;
  actor.seated = seated;
  show();
});
room.on<Uplink>('uplink', (seen) => {
  uplink = seen;
  sayWhoComposes();
});
room.on<Audience>('audience_reached', (audience) => gauges.audience(audience));
room.on<{ people: number }>('people_counted', ({ people }) => gauges.people(people));
room.on<{ key: string; quality: Quality }>('link_quality', ({ key, quality }) => {
  links.note(key, quality);
  const seat = actor.seated.seats.find((one) => one.key === key);
  if (seat) seat.quality = quality;
  links.show(actor.seated.seats);
});
room.on<{ key: string; check: Expected['check']; checked_at: string }>('speaker_checked', ({ key, check: found, checked_at }) => {
  waiting.expected = waiting.expected.map((one) => (one.key === key ? { ...one, check: found, checked_at } : one));
  show();
});
room.on<{ removed: string[] }>('removed_from_stage', ({ removed }) => {
  waiting.removed = removed;
  show();
});
/** Without any network the line under the bar says it. */
const tellLost = (): void => {
  if (isLost) notice(navigator.onLine ? word('lost') : '');
};
addEventListener('online', tellLost);
addEventListener('offline', tellLost);
room.onLink((link, words) => {
  if (hasEnded) return; // there is nothing to come back to
  isLost = link === 'lost';
  if (isLost) tellLost();
  else if (link === 'refused') notice(words ?? word('lost'));
  else notice('');
  sayWhere();
  sayWhoComposes();
});
setInterval(() => void actor.report(), REPORT_EVERY_MS);
addEventListener('beforeunload', (event) => {
  if (document.documentElement.dataset['composing'] === 'true') event.preventDefault();
});
isReady = true;
showEntrance();
show();
