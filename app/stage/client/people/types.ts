/** The people of the stage as the room tells them. */
export type Place = 'green' | 'stage';
export type Role = 'moderator' | 'speaker' | 'voice';
export type Layout = 'side_by_side' | 'slides_and_faces' | 'one';

export interface Quality {
  kbps: number;
  loss: number; // per thousand
  rtt: number; // ms
}

export interface OnStage {
  key: string;
  name: string;
  note: string;
  role: Role;
  microphone: boolean;
  camera: boolean;
  screen: boolean;
}

export interface Seat extends OnStage {
  place: Place;
  since: string;
  connected: boolean;
  composes: boolean;
  quality: Partial<Quality>;
}

/** What everybody sees of the stage. */
export interface Shown {
  people: OnStage[];
  layout: Layout;
  loud: string | null;
  still: { name: string; reason: 'waiting' | 'lost' } | null;
  live: boolean;
  live_at: string | null;
}

/** What the people of the stage see of each other. */
export interface Seated {
  seats: Seat[];
  composer: string | null;
  epoch: number;
  mesh: boolean;
  called: string[];
}

export interface Taken extends Seated {
  secret: string;
  place: Place;
  ice: RTCIceServer[];
  asks?: boolean;
}
