/** Playing elements for the tracks of each person: pictures that tiles show and the composer draws, and the voices one hears. */
import type { Source } from '../people/conversation';

type Tracks = Partial<Record<Source, MediaStreamTrack | null>>;

export class Pictures {
  private readonly players = new Map<string, HTMLMediaElement>();

  /** The playing picture of somebody's camera or screen; null while there is none. */
  of(key: string, source: 'camera' | 'screen'): HTMLVideoElement | null {
    return (this.players.get(`${source} ${key}`) as HTMLVideoElement | undefined) ?? null;
  }

  take(key: string, tracks: Tracks): void {
    this.play(`camera ${key}`, tracks.camera ?? null, 'video');
    this.play(`screen ${key}`, tracks.screen ?? null, 'video');
  }

  /** Hear this person's voice from now on, or no longer. */
  listen(key: string, track: MediaStreamTrack | null): void {
    this.play(`voice ${key}`, track, 'audio');
  }

  /** Show a picture in an element of the page, without playing it anew when it is there already. */
  static show(element: HTMLVideoElement, picture: HTMLVideoElement | null): void {
    const stream = picture?.srcObject ?? null;
    if (element.srcObject !== stream) element.srcObject = stream;
    element.hidden = stream === null;
  }

  private play(name: string, track: MediaStreamTrack | null, kind: 'audio' | 'video'): void {
    const there = this.players.get(name);
    const current = there?.srcObject instanceof MediaStream ? there.srcObject.getTracks()[0] : undefined;
    if (current === (track ?? undefined)) return;
    if (!track) {
      if (there) there.srcObject = null;
      this.players.delete(name);
      return;
    }
    const player = there ?? document.createElement(kind);
    player.autoplay = true;
    player.muted = kind === 'video';
    if (player instanceof HTMLVideoElement) player.playsInline = true;
    player.srcObject = new MediaStream([track]);
    this.players.set(name, player);
    void player.play().catch(() => undefined); // plays by itself as soon as something is in the track
  }
}
