/** What a person chose once and wants to find again: speed, quality, data saver, captions, sound. Kept in this browser. */
export interface Choices {
  rate: number;
  quality: string;
  saver: boolean;
  captions: boolean;
  language: string;
  size: string;
  background: string;
  volume: number;
  muted: boolean;
}

const KEY = 'gurindam.player';

export function readChoices(): Choices {
  const usual: Choices = {
    rate: 1, quality: 'auto', saver: wantsLittleData(), captions: true, language: 'id', size: 'medium', background: 'solid', volume: 1, muted: false,
  };
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Choices>;
    for (const name of Object.keys(usual) as (keyof Choices)[]) {
      if (typeof kept[name] === typeof usual[name]) Object.assign(usual, { [name]: kept[name] });
    }
  } catch {
    return usual; // a browser that keeps nothing, or something else under our name
  }
  usual.rate = Math.min(2, Math.max(0.5, usual.rate));
  usual.volume = Math.min(1, Math.max(0, usual.volume));
  return usual;
}

export function keepChoices(choices: Choices): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(choices));
  } catch {
    return; // the choice holds until the page is left
  }
}

function wantsLittleData(): boolean {
  const { connection } = navigator as Navigator & { connection?: { saveData?: boolean } };
  return connection?.saveData === true;
}
