/** The sound of the programme: the voices of whoever is on stage and has the microphone on, and who of them is the loudest. */
import { Level } from '../people/levels';

interface Voice {
  track: MediaStreamTrack;
  source: MediaStreamAudioSourceNode;
  level: Level;
}

const HEARD = 0.06;

export class Mix {
  readonly track: MediaStreamTrack;
  private readonly out: MediaStreamAudioDestinationNode;
  private readonly evened: DynamicsCompressorNode;
  private readonly voices = new Map<string, Voice>();
  private readonly silence: ConstantSourceNode;

  constructor(private readonly audio: AudioContext) {
    this.out = audio.createMediaStreamDestination();
    this.evened = audio.createDynamicsCompressor();
    this.evened.connect(this.out);
    this.silence = audio.createConstantSource(); // the recorder needs sound that flows, even when nobody speaks
    const quiet = audio.createGain();
    quiet.gain.value = 0;
    this.silence.connect(quiet).connect(this.evened);
    this.silence.start();
    this.track = this.out.stream.getAudioTracks()[0] as MediaStreamTrack;
  }

  /** These voices from now on. */
  hear(tracks: Map<string, MediaStreamTrack>): void {
    for (const [key, voice] of this.voices) {
      if (tracks.get(key) === voice.track) continue;
      voice.source.disconnect();
      voice.level.close();
      this.voices.delete(key);
    }
    for (const [key, track] of tracks) if (!this.voices.has(key) && track.readyState === 'live') this.add(key, track);
  }

  private add(key: string, track: MediaStreamTrack): void {
    const source = this.audio.createMediaStreamSource(new MediaStream([track]));
    source.connect(this.evened);
    this.voices.set(key, { track, source, level: new Level(this.audio, track) });
  }

  /** Who speaks just now; null when all are silent. */
  loudest(): string | null {
    let found: string | null = null;
    let most = HEARD;
    for (const [key, voice] of this.voices) {
      const level = voice.level.read();
      if (level > most) [found, most] = [key, level];
    }
    return found;
  }

  close(): void {
    this.hear(new Map());
    this.silence.stop();
    this.evened.disconnect();
    this.track.stop();
  }
}
