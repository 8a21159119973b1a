/** What is not saved yet is kept in this browser, so that neither a closed tab nor a lost connection loses it. */
import { type Cue, type Cues, cue } from './cues';

export interface Draft {
  version: string;
  cues: Cues;
  at: Date;
}

export function keepDraft(store: string, version: string, cues: Cues): void {
  try {
    localStorage.setItem(store, JSON.stringify({ version, cues, at: Date.now() }));
  } catch {
    // no room or no permission: the page itself still holds the text
  }
}

export function dropDraft(store: string): void {
  try {
    localStorage.removeItem(store);
  } catch {
    // nothing was kept
  }
}

export function readDraft(store: string): Draft | null {
  try {
    const kept = JSON.parse(localStorage.getItem(store) ?? 'null') as { version: string; cues: Cue[]; at: number } | null;
    return kept && Array.isArray(kept.cues) ? { version: String(kept.version), cues: kept.cues.map((one) => cue(one)), at: new Date(kept.at) } : null;
  } catch {
    return null;
  }
}
