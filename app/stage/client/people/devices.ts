/** Camera, microphone and screen of this browser: taken once, turned on and off, and given back. */
import type { Own } from './conversation';

export type Trouble = 'refused' | 'missing' | 'busy';

const VOICE: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const PICTURE: MediaTrackConstraints = { width: { ideal: 640 }, height: { ideal: 360 }, frameRate: { ideal: 20, max: 24 } };

export class Devices {
  readonly own: Own = { microphone: null, camera: null, screen: null };
  readonly trouble: { microphone: Trouble | null; camera: Trouble | null } = { microphone: null, camera: null };
  onScreenEnded: () => void = () => undefined;
  private givenBack = { microphone: false, camera: false };

  /** Ask for both; each that fails leaves its reason in `trouble`. */
  async open(what: { microphone: boolean; camera: boolean }): Promise<void> {
    const asked = { audio: what.microphone && VOICE, video: what.camera && PICTURE };
    try {
      this.keep(await navigator.mediaDevices.getUserMedia(asked));
    } catch {
      if (what.microphone) await this.openOne('microphone', { audio: VOICE });
      if (what.camera) await this.openOne('camera', { video: PICTURE });
    }
  }

  private async openOne(which: 'microphone' | 'camera', asked: MediaStreamConstraints): Promise<void> {
    try {
      this.keep(await navigator.mediaDevices.getUserMedia(asked));
    } catch (error) {
      this.trouble[which] = reasonOf(error);
    }
  }

  private keep(stream: MediaStream): void {
    const [voice] = stream.getAudioTracks();
    const [picture] = stream.getVideoTracks();
    if (voice) this.take('microphone', voice);
    if (picture) this.take('camera', picture);
  }

  private take(which: 'microphone' | 'camera', track: MediaStreamTrack): void {
    this.own[which]?.stop(); // the one before it
    this.own[which] = track;
    this.trouble[which] = null;
    this.givenBack[which] = false;
  }

  /** On or off; a device that was never opened is opened now. True when it is as wished. */
  async turn(which: 'microphone' | 'camera', on: boolean): Promise<boolean> {
    if (on && this.own[which]?.readyState !== 'live') await this.openOne(which, which === 'microphone' ? { audio: VOICE } : { video: PICTURE });
    const track = this.own[which];
    if (track) track.enabled = on;
    return !on || track?.readyState === 'live';
  }

  async shareScreen(): Promise<boolean> {
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 15 }, width: { max: 1920 } }, audio: false });
      const [track] = stream.getVideoTracks();
      if (!track) return false;
      track.contentHint = 'detail';
      track.onended = () => {
        this.stopScreen();
        this.onScreenEnded();
      };
      this.own.screen = track;
      return true;
    } catch {
      return false; // the person changed their mind
    }
  }

  stopScreen(): void {
    this.own.screen?.stop();
    this.own.screen = null;
  }

  /** What is sent: only what is on. */
  sending(on: { microphone: boolean; camera: boolean }): Own {
    return { microphone: on.microphone ? this.own.microphone : null, camera: on.camera ? this.own.camera : null, screen: this.own.screen };
  }

  /** Give everything back: the lights go out. What was on can be taken again. */
  close(): void {
    this.givenBack = { microphone: this.own.microphone?.enabled === true, camera: this.own.camera?.enabled === true };
    for (const track of Object.values(this.own)) track?.stop();
    Object.assign(this.own, { microphone: null, camera: null, screen: null });
  }

  get canReopen(): boolean {
    return this.givenBack.microphone || this.givenBack.camera;
  }

  /** Take again what was on; true when something was. */
  async reopen(): Promise<boolean> {
    if (!this.canReopen) return false;
    const before = this.givenBack;
    this.givenBack = { microphone: false, camera: false };
    await this.open(before);
    return true;
  }
}

function reasonOf(error: unknown): Trouble {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'refused';
  return name === 'NotReadableError' || name === 'AbortError' ? 'busy' : 'missing';
}
