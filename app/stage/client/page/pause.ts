/** The break of the webinar: whether there is one, and the time that is left of it. */
import type { Room } from '../../../room/client/parts/room';
import { clock } from '../../../ui/client/parts/time';
import { find, say } from './pieces';

interface Agenda {
  break_until: string | null;
}

export class Pause {
  private until: string | null = null;
  private wasOn = false;

  constructor(
    private readonly room: Room,
    private readonly changed: () => void,
  ) {
    room.onState(({ all }) => this.take(all.agenda as Agenda));
    room.on<Agenda>('agenda_changed', (agenda) => this.take(agenda));
    setInterval(() => this.tick(), 1000);
  }

  get isOn(): boolean {
    return this.left > 0;
  }

  private get left(): number {
    return this.until === null ? 0 : (Date.parse(this.until) - this.room.serverNow()) / 1000;
  }

  private take(agenda: Agenda): void {
    this.until = agenda.break_until;
    this.tick();
  }

  private tick(): void {
    const { isOn } = this;
    find('[data-pause]')?.toggleAttribute('hidden', !isOn);
    if (isOn) say(find('[data-pause-left]'), clock(Math.ceil(this.left)));
    if (isOn === this.wasOn) return;
    this.wasOn = isOn;
    this.changed();
  }
}
