/** The device check: browser, devices, line and a short echo of oneself, in under twenty seconds; each result with what to do. */
import type { Room } from '../../../room/client/parts/room';
import { canCompose } from '../compose/composer';
import type { Devices } from '../people/devices';
import { Level, startAudio } from '../people/levels';
import { find, icon, say, speed, word } from '../page/pieces';
import { measureLine } from './line';

const ECHO_MS = 3000;
const HEARD = 0.06;
const ENOUGH_KBPS = 900;

export interface Found {
  browser: 'good' | 'no_composer' | 'unusable';
  camera: string;
  microphone: string;
  kbps: number;
  echo: boolean;
}

interface Heard {
  microphone: 'good' | 'silent' | 'unmeasured';
  echo: boolean;
}

export class DeviceCheck {
  found: Found | null = null;
  private readonly place = find('[data-check]') as HTMLElement;
  private readonly runButton = find<HTMLButtonElement>('[data-run]') as HTMLButtonElement;
  private running = false;

  constructor(
    private readonly room: Room,
    private readonly devices: Devices,
    private readonly changed: () => void,
  ) {
    this.show('browser', browserKind());
    this.runButton.addEventListener('click', () => void this.run());
  }

  get browserWorks(): boolean {
    return browserKind() !== 'unusable';
  }

  private async run(): Promise<void> {
    if (this.running || !this.browserWorks) return;
    this.running = true;
    this.runButton.setAttribute('aria-busy', 'true');
    say(find('[data-said]'), word('measuring'));
    const audio = new AudioContext();
    try {
      await this.devices.open({ microphone: true, camera: true });
      this.showSelf();
      const [kbps, heard] = await Promise.all([measureLine(this.room), this.echo(audio)]);
      this.finish(kbps, heard);
    } finally {
      void audio.close();
      this.running = false;
      this.runButton.removeAttribute('aria-busy');
      say(this.runButton, this.runButton.dataset['again'] ?? '');
      this.runButton.classList.remove('btn-primary');
      this.changed();
    }
  }

  private finish(kbps: number | null, heard: Heard): void {
    const { own, trouble } = this.devices;
    const microphone = trouble.microphone ?? (own.microphone ? heard.microphone : 'missing');
    this.found = { browser: browserKind(), camera: trouble.camera ?? (own.camera ? 'good' : 'missing'), microphone, kbps: Math.round(kbps ?? 0), echo: heard.echo };
    this.show('camera', this.found.camera);
    this.show('microphone', microphone);
    this.show('line', kbps === null ? 'unknown' : kbps >= ENOUGH_KBPS ? 'good' : 'weak', kbps === null ? '' : speed(kbps));
    say(find('[data-said]'), word('measured'));
    if (this.room.me.rights.includes('webinars.speak')) void this.room.send('device_checked', this.found);
  }

  /** Oneself, as the camera sees one; nothing without it. */
  showSelf(): void {
    const video = find<HTMLVideoElement>('[data-self]');
    const { camera } = this.devices.own;
    if (!video) return;
    video.srcObject = camera ? new MediaStream([camera]) : null;
    find('[data-self-empty]')?.toggleAttribute('hidden', camera !== null);
  }

  /** Three seconds of oneself, to hear and see; and whether anything was heard. */
  private async echo(audio: AudioContext): Promise<Heard> {
    const { microphone, camera } = this.devices.own;
    const tracks = [microphone, camera].filter((track): track is MediaStreamTrack => track !== null);
    const level = microphone && (await startAudio(audio)) ? new Level(audio, microphone) : null;
    const recorded = record(tracks);
    let most = 0;
    const meter = find<HTMLMeterElement>('[data-level]');
    for (const begun = performance.now(); performance.now() - begun < ECHO_MS; ) {
      const now = level?.read() ?? 0;
      most = Math.max(most, now);
      if (meter) meter.value = now;
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    level?.close();
    return { microphone: !level ? 'unmeasured' : most > HEARD ? 'good' : 'silent', echo: this.showEcho(await recorded) };
  }

  private showEcho(blob: Blob | null): boolean {
    const video = find<HTMLVideoElement>('[data-echo]');
    if (!blob?.size || !video) return false;
    URL.revokeObjectURL(video.src);
    video.src = URL.createObjectURL(blob);
    find('[data-echo-box]')?.removeAttribute('hidden');
    return true;
  }

  private show(step: string, result: string, more = ''): void {
    const row = this.place.querySelector<HTMLElement>(`[data-step="${step}"]`);
    const sign = row?.querySelector<HTMLElement>('[data-result]');
    if (!row || !sign) return;
    const good = result === 'good';
    sign.className = `state ${good ? 'state-ok' : ['no_composer', 'weak', 'unmeasured'].includes(result) ? 'state-warn' : 'state-late'}`;
    const text = row.getAttribute(`data-say-${result.replace('_', '-')}`) ?? '';
    sign.replaceChildren(icon(good ? 'done' : 'alert'), more ? `${text}, ${more}` : text);
    say(row.querySelector('[data-help]'), row.getAttribute(`data-say-help-${result.replace('_', '-')}`) ?? '');
  }
}

export function browserKind(): Found['browser'] {
  const usable = 'RTCPeerConnection' in window && Boolean(navigator.mediaDevices?.getUserMedia) && 'AudioContext' in window;
  if (!usable) return 'unusable';
  return canCompose() ? 'good' : 'no_composer';
}

async function record(tracks: MediaStreamTrack[]): Promise<Blob | null> {
  if (!tracks.length || !('MediaRecorder' in window)) return null;
  try {
    const recorder = new MediaRecorder(new MediaStream(tracks));
    const pieces: Blob[] = [];
    recorder.ondataavailable = ({ data }) => pieces.push(data);
    const ended = new Promise<Blob>((resolve) => (recorder.onstop = () => resolve(new Blob(pieces, { type: recorder.mimeType }))));
    recorder.start();
    setTimeout(() => recorder.state !== 'inactive' && recorder.stop(), ECHO_MS);
    return await ended;
  } catch {
    return null; // this browser records nothing; it can still take part
  }
}
