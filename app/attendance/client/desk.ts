/** The check-ins at the moderator's desk: ask everybody now, and count who has answered. */
import { openRoom } from '../../room/client/parts/room';
import { fill } from './parts/clock';
import { type Count, drawCounts } from './parts/counts';

const host = document.querySelector<HTMLElement>('[data-desk-attendance]');
if (host) attend(host);

function attend(place: HTMLElement): void {
  const room = openRoom();
  const words = place.dataset;
  const part = (name: string): HTMLElement => place.querySelector<HTMLElement>(`[data-part="${name}"]`) as HTMLElement;
  const counts = new Map<number, Count>();

  room.onState(({ staff }) => {
    counts.clear();
    for (const one of (staff?.attendance?.counts ?? []) as Count[]) counts.set(one.number, one);
    draw();
  });
  room.on<Count>('checkin_counted', (one) => {
    counts.set(one.number, one);
    draw();
  });
  part('ask').addEventListener('click', () => void ask());

  async function ask(): Promise<void> {
    const told = await room.send('open_checkin');
    const asked = typeof told['number'] === 'number' ? fill(words['wordsAsked'], { number: told['number'] }) : '';
    part('asked').textContent = told.error === 'offline' ? (words['wordsOffline'] as string) : (told.message ?? asked);
  }

  function draw(): void {
    drawCounts(part('counts'), counts, words);
  }
}
