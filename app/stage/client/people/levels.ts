const START_MS = 1000;

/** Let sound be measured and mixed. False where it cannot: a browser without a loudspeaker may never begin, and must not be waited for. */
export async function startAudio(audio: AudioContext): Promise<boolean> {
  await Promise.race([audio.resume(), new Promise((resolve) => setTimeout(resolve, START_MS))]);
  return audio.state === 'running';
}

/** How loud a voice is, 0 to 1, read when asked. */
export class Level {
  private readonly analyser: AnalyserNode;
  private readonly samples: Float32Array<ArrayBuffer>;
  private readonly source: MediaStreamAudioSourceNode;

  constructor(audio: AudioContext, track: MediaStreamTrack) {
    this.analyser = audio.createAnalyser();
    this.analyser.fftSize = 512;
    this.samples = new Float32Array(this.analyser.fftSize);
    this.source = audio.createMediaStreamSource(new MediaStream([track]));
    this.source.connect(this.analyser);
  }

  read(): number {
    this.analyser.getFloatTimeDomainData(this.samples);
    let sum = 0;
    for (const sample of this.samples) sum += sample * sample;
    return Math.min(1, Math.sqrt(sum / this.samples.length) * 4);
  }

  close(): void {
    this.source.disconnect();
  }
}
