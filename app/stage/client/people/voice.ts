/** A viewer on stage by voice: asked by a moderator, with the microphone only, hearing the stage directly instead of the broadcast. */
import { openRoom } from '../../../room/client/parts/room';
import { Pictures } from '../page/pictures';
import { Devices } from './devices';
import { Mesh } from './mesh';
import type { Seat, Seated, Taken } from './types';

const place = document.querySelector<HTMLElement>('[data-voice]');

class Voice {
  private readonly room = openRoom();
  private readonly devices = new Devices();
  private readonly pictures = new Pictures();
  private mesh: Mesh | null = null;
  private seats: Seat[] = [];
  private secret: string | null = null;
  private speaking = true;
  private quieted: HTMLMediaElement[] = [];

  constructor(private readonly place: HTMLElement) {
    this.room.onState(({ own }) => this.offer(Boolean(own?.stage?.invited)));
    this.room.on<{ invited: boolean }>('stage_invited', ({ invited }) => this.offer(invited));
    this.room.on<Seated>('seated', (seated) => this.meet(seated.seats, false));
    this.room.on<{ sender: string; data: unknown }>('signal', ({ sender, data }) => void this.mesh?.hear(sender, data));
    this.room.on('muted', () => void this.turn(false));
    this.room.on('seat_closed', () => this.stop(this.place.dataset['sayClosed'] ?? ''));
    this.room.on('seat_taken', () => this.stop(''));
    this.room.on('webinar_ended', () => this.end());
    this.room.onLink((link) => link === 'live' && this.mesh && void this.sit());
    this.press('go', () => void this.go());
    this.press('microphone', () => void this.turn(!this.speaking));
    this.press('leave', () => void this.leave());
  }

  private offer(invited: boolean): void {
    if (!this.mesh) this.place.hidden = !invited;
  }

  private async go(): Promise<void> {
    if (!(await this.devices.turn('microphone', true))) return this.say(this.place.dataset['sayRefused'] ?? '');
    this.speaking = true;
    await this.sit();
  }

  private async sit(): Promise<void> {
    const mine = { microphone: this.speaking, camera: false, composes: false };
    const answer = await this.room.send('take_seat', { ...mine, ...(this.secret ? { secret: this.secret } : { take_over: true }) });
    if (answer.error) return this.say(answer.message ?? this.place.dataset['sayOffline'] ?? '');
    const taken = answer as unknown as Taken;
    const first = this.mesh === null;
    this.secret = taken.secret;
    this.mesh ??= this.converse(taken.ice);
    this.give();
    this.meet(taken.seats, first);
    this.show(true);
  }

  private converse(ice: RTCIceServer[]): Mesh {
    const mesh = new Mesh(this.room.me.key, ice, (to, data) => this.room.send('signal', { to, data }));
    mesh.onReceived(() => this.listen());
    mesh.onLink((peer, state) => state !== 'joining' && void this.room.send('link_stands', { peer, works: state === 'works' }));
    return mesh;
  }

  private meet(seats: Seat[], arriving: boolean): void {
    this.seats = seats;
    this.mesh?.meet(seats, 'stage', arriving);
    this.listen();
  }

  private listen(): void {
    for (const seat of this.seats) {
      if (seat.key === this.room.me.key) continue;
      const voice = this.mesh?.received(seat.key).microphone ?? null;
      this.pictures.listen(seat.key, seat.place === 'stage' && seat.microphone ? voice : null);
    }
  }

  private async turn(on: boolean): Promise<void> {
    this.speaking = on && (await this.devices.turn('microphone', on));
    this.give();
    this.place.querySelector('[data-voice-microphone]')?.setAttribute('aria-pressed', String(this.speaking));
    await this.room.send('set_mine', { microphone: this.speaking, camera: false, screen: false });
  }

  private give(): void {
    this.mesh?.give(this.devices.sending({ microphone: this.speaking, camera: false }));
  }

  private async leave(): Promise<void> {
    await this.room.send('leave_seat');
    this.end();
  }

  private end(): void {
    this.stop('');
    this.place.hidden = true;
  }

  private stop(words: string): void {
    this.mesh?.close();
    this.mesh = null;
    this.secret = null;
    this.devices.close();
    for (const seat of this.seats) this.pictures.listen(seat.key, null);
    this.show(false);
    this.say(words);
    this.place.querySelector('[data-voice-go]')?.toggleAttribute('hidden', words !== '');
  }

  private show(on: boolean): void {
    this.place.hidden = false;
    for (const name of ['on', 'microphone', 'leave']) this.place.querySelector(`[data-voice-${name}]`)?.toggleAttribute('hidden', !on);
    for (const name of ['asked', 'go']) this.place.querySelector(`[data-voice-${name}]`)?.toggleAttribute('hidden', on);
    this.say('');
    this.quiet(on);
  }

  /** The broadcast comes seconds later: heard beside the stage it would be an echo. */
  private quiet(on: boolean): void {
    for (const player of this.quieted.splice(0)) player.muted = false;
    if (!on) return;
    this.quieted = [...document.querySelectorAll<HTMLMediaElement>('video, audio')].filter((player) => !player.muted);
    for (const player of this.quieted) player.muted = true;
  }

  private say(words: string): void {
    const line = this.place.querySelector('[data-voice-said]');
    if (line) line.textContent = words;
  }

  private press(name: string, act: () => void): void {
    this.place.querySelector(`[data-voice-${name}]`)?.addEventListener('click', act);
  }
}

if (place) new Voice(place);
