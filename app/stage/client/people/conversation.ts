/**
 * How the browsers of the stage see and hear each other. The mesh (mesh.ts) connects each with each; a forwarding unit could stand here instead,
 * without a change anywhere else.
 */
import type { Place, Quality } from './types';

export const SOURCES = ['microphone', 'camera', 'screen'] as const;
export type Source = (typeof SOURCES)[number];

/** What one's own devices give; null while off. */
export type Own = Record<Source, MediaStreamTrack | null>;

export interface Peer {
  key: string;
  place: Place;
}

export type LinkState = 'joining' | 'works' | 'fails';

export interface Conversation {
  /** Who is there now. `arriving`: this browser is the newcomer, and calls the others. */
  meet(peers: Peer[], place: Place, arriving: boolean): void;
  /** What the browser of somebody else said through the room. */
  hear(sender: string, data: unknown): Promise<void>;
  /** Send these from now on; nobody reconnects for it. */
  give(own: Own): void;
  /** The tracks that come from somebody, whether or not anything is in them just now. */
  received(key: string): Partial<Record<Source, MediaStreamTrack>>;
  /** Called when somebody's tracks are there or gone. */
  onReceived(hear: (key: string) => void): void;
  onLink(hear: (key: string, state: LinkState) => void): void;
  /** How one's own sending does, over all links; null while there is none. */
  measure(): Promise<Quality | null>;
  close(): void;
}
