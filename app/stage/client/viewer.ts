/** The picture and sound of a live room, for those who watch: as good as their link allows, never silent for the sake of a picture. */
import './people/voice';
import { openRoom } from '../../room/client/parts/room';
import { Dignity } from './viewer/dignity';
import { keepChoice, readChoice, type Choice, type Rung } from './viewer/choice';
import { SlideView } from './viewer/slide';
import { Stream, type Quality } from './viewer/stream';

const LOOK_MS = 200;
const SAID_MS = 8000;
const MISSED_SECONDS = 2;
const TELL_MS = 4000;
const TELL_DELAY_MS = 15_000;
const DELAY_MOVED_MS = 1000;
const LONGEST_DELAY_MS = 600_000;

interface Takes {
  address: string;
  ready: boolean;
}
interface Still {
  name: string;
  reason: 'waiting' | 'lost';
}

const place = document.querySelector<HTMLElement>('[data-live]');
if (place) watch(place);

function watch(view: HTMLElement): void {
  const part = <T extends HTMLElement>(name: string): T => view.querySelector<T>(`[data-${name}]`) as T;
  const video = part<HTMLVideoElement>('picture');
  const screen = part('screen');
  const cover = part('cover');
  const notice = part('notice');
  const delay = part('delay');
  const now = part('now');
  const volume = part<HTMLInputElement>('volume');
  const mute = part<HTMLButtonElement>('mute');
  const saver = part<HTMLInputElement>('saver');
  const press = part<HTMLButtonElement>('press');
  const say = (name: string, values: Record<string, string | number> = {}): string =>
    Object.entries(values).reduce((text, [key, value]) => text.replace(`{${key}}`, String(value)), view.dataset[name] ?? '');

  const room = openRoom();
  const choice: Choice = readChoice();
  let takes: Takes = { address: '', ready: false };
  let still: Still | null = null;
  let onAir = false;
  let ended = false;
  let playing = false;
  let told = '';
  let last: { moment: number; at: number } | null = null;

  const hears = { onEnd: () => finish(), onMustPress: () => (press.hidden = false) };
  const picture = new Stream(video, () => room.serverNow(), hears);
  const sound = new Stream(part<HTMLAudioElement>('sound'), () => room.serverNow(), hears);
  const slide = new SlideView(part<HTMLImageElement>('slide'), room);
  const dignity = new Dignity(
    picture,
    sound,
    { picture: () => takes.address, sound: () => takes.address.replace('master.m3u8', 'audio.m3u8') },
    () => choice.saver,
    { onChange: () => draw() },
  );

  // ---- what the room tells ----

  room.onState(({ all }) => {
    hearTakes(all.takes ?? takes);
    hearStage(all.stage ?? {});
  });
  room.on<Takes>('live_address', hearTakes);
  room.on<{ still?: Still | null; live?: boolean }>('stage_changed', hearStage);
  room.on('webinar_ended', () => {
    ended = true;
    draw();
  });

  function hearTakes(news: Takes): void {
    takes = news;
    if (takes.ready && !playing && !ended) begin();
    draw();
  }

  function hearStage(news: { still?: Still | null; live?: boolean }): void {
    still = news.still ?? null;
    onAir = news.live ?? onAir;
    draw();
  }

  // ---- playing ----

  function begin(): void {
    if (!takes.ready) return;
    last = null;
    playing = choice.rung !== 'text';
    picture.choose(quality());
    if (choice.rung === 'text') dignity.stop();
    else dignity.begin(choice.rung === 'slides' || choice.rung === 'audio' ? 'sound' : 'picture');
    dignity.setSound(choice.volume, choice.muted);
    draw();
  }

  function quality(): Quality | null {
    return choice.rung === 'video' || choice.rung === 'low' ? choice.rung : null;
  }

  function finish(): void {
    if (!ended && onAir) return;
    ended = true;
    playing = false;
    dignity.stop();
    draw();
  }

  setInterval(() => {
    if (playing) look();
  }, LOOK_MS);

  function look(): void {
    const { current } = dignity;
    picture.keepPace();
    sound.keepPace();
    if (choice.rung === 'auto') dignity.look();
    if (current.hasStarted) press.hidden = true;
    picture.choose(quality());
    noticeGap();
    const seconds = current.delaySeconds;
    delay.hidden = seconds === null || seconds > 600;
    if (seconds !== null) setText(delay, say('sayDelay', { n: Math.round(seconds) }));
    draw();
  }

  /** Whoever was away hears how much went by. */
  function noticeGap(): void {
    const { moment } = dignity.current;
    const at = performance.now();
    if (moment !== null && last !== null) {
      const missed = (moment - last.moment - (at - last.at)) / 1000;
      const behind = (at - last.at) / 1000;
      if (missed > MISSED_SECONDS && behind < 60) tell(say('sayMissed', { n: Math.round(missed) }));
    }
    if (moment !== null && moment !== last?.moment) last = { moment, at };
  }

  let quiet = 0;
  function tell(text: string): void {
    notice.textContent = text;
    notice.hidden = false;
    clearTimeout(quiet);
    quiet = window.setTimeout(() => (notice.hidden = true), SAID_MS);
  }

  // ---- what is seen ----

  function rungNow(): Rung {
    if (choice.rung === 'text') return 'text';
    if (dignity.isSoundOnly) return slide.isThere && choice.rung !== 'audio' ? 'slides' : 'audio';
    return picture.isLowest ? 'low' : 'video';
  }

  function draw(): void {
    const rung = rungNow();
    const stuck = playing && dignity.current.ahead < 0.3;
    view.dataset.rung = rung;
    video.hidden = rung !== 'video' && rung !== 'low';
    slide.show(rung === 'slides' || (still !== null && stuck));
    setText(now, say(choice.rung === 'auto' ? 'sayAuto' : 'sayChosen', { rung: say(`rung${rung}`) }));
    setText(cover, coverText(rung, stuck));
    cover.hidden = !cover.textContent;
    screen.dataset.waiting = playing && stuck && !still && !ended ? 'yes' : 'no';
    for (const [name, bits] of sizes()) setText(part(`size-${name}`), say('saySize', { n: megabytes(bits) }));
    tellRoom(rung);
  }

  function coverText(rung: Rung, stuck: boolean): string {
    if (ended && !playing) return say('sayEnded');
    if (!takes.ready) return onAir ? say('saySoon') : say('sayWaiting');
    if (still && (stuck || !playing)) return say(still.reason === 'lost' ? 'sayLost' : 'saySoon', { name: still.name });
    if (rung === 'text') return say('sayText');
    return rung === 'audio' ? say('sayListening') : '';
  }

  function* sizes(): Iterable<[Rung, number]> {
    const [low, full] = picture.bitrates;
    if (!low) return;
    yield ['video', full ?? low];
    yield ['low', low];
  }

  let telling = 0;
  let toldDelay: number | null = null;
  function tellRoom(rung: Rung): void {
    const isNews = rung !== told;
    if ((!playing && rung !== 'text') || telling || (!isNews && !hasDelayMoved())) return;
    telling = window.setTimeout(() => {
      telling = 0;
      const latest = rungNow();
      const late = delayNow();
      if (latest === told && !hasDelayMoved()) return;
      void room.send('watching', late === null ? { rung: latest } : { rung: latest, delay_ms: late }).then((answer) => {
        if (!answer.error) [told, toldDelay] = [latest, late];
      });
    }, isNews ? (told ? TELL_MS : 0) : TELL_DELAY_MS);
  }

  function delayNow(): number | null {
    const seconds = playing ? dignity.current.delaySeconds : null;
    return seconds === null || seconds * 1000 > LONGEST_DELAY_MS ? null : Math.round(seconds * 1000);
  }

  function hasDelayMoved(): boolean {
    const late = delayNow();
    return late !== null && Math.abs(late - (toldDelay ?? -DELAY_MOVED_MS)) >= DELAY_MOVED_MS;
  }
  let wasCut = false;
  room.onLink((link) => {
    if (link === 'live') {
      [told, toldDelay] = ['', null];
      if (wasCut) dignity.resume();
    }
    wasCut = link !== 'live' && playing;
  });
  window.addEventListener('online', () => dignity.resume());

  // ---- what can be pressed ----

  for (const option of view.querySelectorAll<HTMLInputElement>('[name="live-rung"]')) {
    option.checked = option.value === choice.rung;
    option.addEventListener('change', () => {
      choice.rung = option.value as Choice['rung'];
      keepChoice(choice);
      const wanted = choice.rung === 'slides' || choice.rung === 'audio';
      if (choice.rung === 'text' || !playing || wanted !== dignity.isSoundOnly) begin();
      else picture.choose(quality());
      draw();
    });
  }
  saver.checked = choice.saver;
  saver.addEventListener('change', () => {
    choice.saver = saver.checked;
    keepChoice(choice);
    picture.lowestOnly = choice.saver;
  });
  press.addEventListener('click', () => dignity.current.play());
  mute.addEventListener('click', () => setSound(choice.volume || 0.5, !choice.muted));
  volume.addEventListener('input', () => setSound(Number(volume.value) / 100, volume.value === '0'));
  part('full').addEventListener('click', toggleFull);
  screen.addEventListener('dblclick', toggleFull);
  document.addEventListener('keydown', (event) => {
    const { target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || !(target instanceof HTMLElement) || target.closest('input, textarea, select, [contenteditable], dialog')) return;
    if (event.key === 'm') mute.click();
    else if (event.key === 'f') toggleFull();
  });

  function setSound(loud: number, muted: boolean): void {
    Object.assign(choice, { volume: loud, muted });
    keepChoice(choice);
    drawSound();
    dignity.setSound(loud, muted);
  }

  function drawSound(): void {
    mute.setAttribute('aria-pressed', String(choice.muted));
    mute.setAttribute('aria-label', say(choice.muted ? 'sayUnmute' : 'sayMute'));
    volume.value = String(choice.muted ? 0 : Math.round(choice.volume * 100));
  }

  function toggleFull(): void {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void screen.requestFullscreen?.().catch(() => undefined); // a phone that shows only videos whole
  }

  drawSound();
  draw();
}

function setText(part: HTMLElement, text: string): void {
  if (part.textContent !== text) part.textContent = text;
}

/** What an hour of so many bits a second weighs, rounded as people speak of it. */
function megabytes(bits: number): number {
  const exact = (bits * 3600) / 8 / 1_000_000;
  return exact < 100 ? Math.round(exact / 5) * 5 : Math.round(exact / 10) * 10;
}
