/** The check-ins at the moderator's desk: ask everybody now, and count who has answered. */
import { openRoom } from '../../room/client/parts/room';
import { fill } from './parts/clock';

const host = document.querySelector<HTMLElement>('[data-desk-attendance]');
if (host) attend(host);

function attend(place: HTMLElement): void {
  const room = openRoom();
  const words = place.dataset;
  const part = (name: string): HTMLElement => place.querySelector<HTMLElement>(`[data-part="${name}"]`) as HTMLElement;
  const counts = new Map<number, number>();
  let people = 0;

  room.onState(({ all, staff }) => {
    counts.clear();
    for (const one of (all.attendance?.checkins ?? []) as { number: number }[]) counts.set(one.number, 0);
    for (const [number, answers] of Object.entries((staff?.attendance?.answers ?? {}) as Record<string, number>)) counts.set(Number(number), answers);
    people = Number(all.presence?.people ?? 0);
    draw();
  });
  room.on<{ number: number }>('checkin_opened', ({ number }) => {
    counts.set(number, counts.get(number) ?? 0);
    draw();
  });
  room.on<{ number: number; answers: number }>('checkin_counted', ({ number, answers }) => {
    counts.set(number, answers);
    draw();
  });
  room.on<{ people: number }>('people_counted', (counted) => {
    people = counted.people;
    draw();
  });
  part('ask').addEventListener('click', () => void ask());

  async function ask(): Promise<void> {
    const told = await room.send('open_checkin');
    const asked = typeof told['number'] === 'number' ? fill(words['wordsAsked'], { number: told['number'] }) : '';
    part('asked').textContent = told.error === 'offline' ? (words['wordsOffline'] as string) : (told.message ?? asked);
  }

  function draw(): void {
    part('counts').replaceChildren(
      ...[...counts]
        .sort(([one], [other]) => one - other)
        .map(([number, answers]) => {
          const row = document.createElement('li');
          const counted = fill(words['wordsCounted'], { answers, people: Math.max(people, answers) });
          row.textContent = `${fill(words['wordsCheckin'], { number })}: ${counted}`;
          return row;
        }),
    );
  }
}
