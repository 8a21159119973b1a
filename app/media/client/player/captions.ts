/** Draws the captions of the chosen language over the picture; the browser reads and times them. */
export class Captions {
  private shown: TextTrack | null = null;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly place: HTMLElement,
  ) {
    // iPhones show video full screen in a player of their own: there the browser draws them.
    video.addEventListener('webkitbeginfullscreen', () => this.setMode('showing'));
    video.addEventListener('webkitendfullscreen', () => this.setMode('hidden'));
  }

  /** Show this language, or the first there is; null shows none. */
  choose(language: string | null): void {
    if (this.shown) this.shown.oncuechange = null;
    const tracks = [...this.video.textTracks];
    const chosen = language === null ? null : (tracks.find((track) => track.language === language) ?? tracks[0] ?? null);
    for (const track of tracks) track.mode = track === chosen ? 'hidden' : 'disabled';
    this.shown = chosen;
    if (chosen) chosen.oncuechange = () => this.draw();
    this.draw();
  }

  private setMode(mode: TextTrackMode): void {
    if (this.shown) this.shown.mode = mode;
  }

  private draw(): void {
    const lines = [...(this.shown?.activeCues ?? [])].flatMap((cue) => (cue instanceof VTTCue ? (cue.getCueAsHTML().textContent ?? '').split('\n') : []));
    this.place.replaceChildren(...lines.flatMap((line, place) => (place ? [document.createElement('br'), line] : [line])));
    this.place.lang = this.shown?.language ?? '';
    this.place.hidden = lines.length === 0;
  }
}
