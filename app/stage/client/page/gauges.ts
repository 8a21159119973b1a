/** The figures in the bar: time on air, how many watch, how many only hear, the audience's delay, the size of the recording. */
import type { Room } from '../../../room/client/parts/room';
import { clock } from '../../../ui/client/parts/time';
import type { Shown } from '../people/types';
import { find, number, say, word } from './pieces';

export interface Audience {
  listening: number;
  bytes: number;
  delay: number | null;
}

export class Gauges {
  private liveAt: number | null = null;

  constructor(private readonly room: Room) {
    find('[data-gauges]')?.removeAttribute('hidden');
    setInterval(() => this.tick(), 1000);
  }

  show(shown: Shown): void {
    this.liveAt = shown.live && shown.live_at ? Date.parse(shown.live_at) : null;
    find('[data-dot]')?.toggleAttribute('hidden', !shown.live);
    this.tick();
  }

  people(count: number): void {
    this.set('people', number(count));
  }

  audience(audience: Audience | null): void {
    if (!audience) return;
    this.set('listening', number(audience.listening));
    this.set('recorded', audience.bytes >= 1e9 ? word('gb', { n: number(audience.bytes / 1e9) }) : word('mb', { n: number(Math.round(audience.bytes / 1e6)) }));
    if (audience.delay !== null) this.set('delay', word('seconds', { n: number(audience.delay / 1000) }));
  }

  private set(name: string, text: string): void {
    const gauge = find(`[data-gauge="${name}"]`);
    say(gauge, text);
    gauge?.parentElement?.removeAttribute('hidden');
  }

  private tick(): void {
    if (this.liveAt === null) return;
    say(find('[data-gauge="air"]'), clock((this.room.serverNow() - this.liveAt) / 1000));
  }
}
