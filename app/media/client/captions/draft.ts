/**
 * What is not saved yet is kept in this browser, so that neither a closed tab nor a lost connection loses it. Each opening of the editor
 * keeps its own draft below the captions' name: nobody writes over what is still offered, or removes what another tab has not saved.
 */
import { type Cue, type Cues, cue } from './cues';

export interface Draft {
  key: string;
  version: string;
  cues: Cues;
  at: Date;
}

export function newDraftKey(store: string): string {
  return `${store}.${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`;
}

export function keepDraft(key: string, version: string, cues: Cues): void {
  try {
    localStorage.setItem(key, JSON.stringify({ version, cues, at: Date.now() }));
  } catch {
    // no room or no permission: the page itself still holds the text
  }
}

export function dropDraft(key: string): void {
  try {
    localStorage.removeItem(key);
  } catch {
    // nothing was kept
  }
}

/** All drafts of these captions, the newest first. */
export function listDrafts(store: string): Draft[] {
  try {
    const keys = Object.keys(localStorage).filter((key) => key === store || key.startsWith(`${store}.`));
    return keys
      .map(readDraft)
      .filter((draft) => draft !== null)
      .sort((one, other) => other.at.getTime() - one.at.getTime());
  } catch {
    return [];
  }
}

function readDraft(key: string): Draft | null {
  try {
    const kept = JSON.parse(localStorage.getItem(key) ?? 'null') as { version: string; cues: Cue[]; at: number } | null;
    return kept && Array.isArray(kept.cues) ? { key, version: String(kept.version), cues: kept.cues.map((one) => cue(one)), at: new Date(kept.at) } : null;
  } catch {
    return null;
  }
}
