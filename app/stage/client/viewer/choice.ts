/** What a viewer chose and wants to find again, kept in this browser. */
export type Rung = 'video' | 'low' | 'slides' | 'audio' | 'text';

export interface Choice {
  rung: Rung | 'auto';
  saver: boolean;
  volume: number;
  muted: boolean;
}

const KEY = 'gurindam.live';
const RUNGS = ['auto', 'video', 'low', 'slides', 'audio', 'text'];

export function readChoice(): Choice {
  const { connection } = navigator as Navigator & { connection?: { saveData?: boolean } };
  const usual: Choice = { rung: 'auto', saver: connection?.saveData === true, volume: 1, muted: false };
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Choice>;
    if (RUNGS.includes(kept.rung ?? '')) usual.rung = kept.rung as Choice['rung'];
    if (typeof kept.saver === 'boolean') usual.saver = kept.saver;
    if (typeof kept.muted === 'boolean') usual.muted = kept.muted;
    if (typeof kept.volume === 'number' && kept.volume >= 0 && kept.volume <= 1) usual.volume = kept.volume;
  } catch {
    return usual; // a browser that keeps nothing, or something else under our name
  }
  return usual;
}

export function keepChoice(choice: Choice): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(choice));
  } catch {
    return; // the choice holds until the page is left
  }
}
