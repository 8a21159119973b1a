/** A mesh: one WebRTC connection to each other browser of the stage, with three places in it (voice, camera, screen) that are filled and emptied. */
import { type Conversation, type LinkState, type Own, type Peer, SOURCES, type Source } from './conversation';
import { LinkMeter, type LinkReading } from './meter';
import type { Place, Quality } from './types';

const PATIENCE_MS = 8000;
const CALL_ANYWAY_MS = 4000; // the newcomer calls; if nobody does, whoever waits begins
const AGAIN_MS = 12_000;
const FULL_KBPS: Record<Source, number> = { microphone: 48, camera: 700, screen: 1200 };
const SMALL_KBPS = 150; // a camera in the green room

interface Said {
  link: string;
  description?: RTCSessionDescriptionInit;
  candidate?: RTCIceCandidateInit | null;
}

type Send = (to: string, data: object) => Promise<{ error?: string }>;

export class Mesh implements Conversation {
  private readonly links = new Map<string, Link>();
  private own: Own = { microphone: null, camera: null, screen: null };
  private place: Place = 'green';
  private readonly places = new Map<string, Place>();
  private receivedHearers: ((key: string) => void)[] = [];
  private linkHearers: ((key: string, state: LinkState) => void)[] = [];
  private readonly waiting = new Map<string, number>();
  private queue = Promise.resolve();

  constructor(
    private readonly me: string,
    private readonly ice: RTCIceServer[],
    private readonly send: Send,
  ) {}

  meet(peers: Peer[], place: Place, arriving: boolean): void {
    this.place = place;
    const others = peers.filter((peer) => peer.key !== this.me);
    for (const peer of others) this.places.set(peer.key, peer.place);
    for (const key of [...this.links.keys()]) if (!others.some((peer) => peer.key === key)) this.drop(key);
    for (const key of [...this.waiting.keys()]) if (!others.some((peer) => peer.key === key)) this.stopWaiting(key);
    for (const { key } of others) {
      const link = this.links.get(key);
      if (link) link.fill(this.shareFor(key), this.place);
      else if (arriving) this.call(key);
      else if (!this.waiting.has(key)) this.waiting.set(key, window.setTimeout(() => this.call(key), CALL_ANYWAY_MS));
    }
  }

  hear(sender: string, data: unknown): Promise<void> {
    this.queue = this.queue.then(() => this.take(sender, data as Said)).catch(reportError);
    return this.queue;
  }

  give(own: Own): void {
    this.own = own;
    for (const [key, link] of this.links) link.fill(this.shareFor(key), this.place);
  }

  received(key: string): Partial<Record<Source, MediaStreamTrack>> {
    return this.links.get(key)?.tracks() ?? {};
  }

  onReceived(hear: (key: string) => void): void {
    this.receivedHearers.push(hear);
  }

  onLink(hear: (key: string, state: LinkState) => void): void {
    this.linkHearers.push(hear);
  }

  async measure(): Promise<Quality | null> {
    const readings = await Promise.all([...this.links.values()].map((link) => link.measure()));
    const found = readings.filter((reading): reading is LinkReading => reading !== null);
    if (!found.length) return null;
    const most = (pick: (reading: LinkReading) => number): number => Math.max(...found.map(pick));
    return { kbps: found.reduce((sum, one) => sum + one.kbps, 0), loss: most((one) => one.loss), rtt: most((one) => one.rtt) };
  }

  close(): void {
    for (const key of [...this.links.keys()]) this.drop(key);
    for (const key of [...this.waiting.keys()]) this.stopWaiting(key);
  }

  /** What this person may get: nobody on stage hears the green room; the green room hears everybody. */
  private shareFor(key: string): Own {
    const apart = this.place === 'green' && this.places.get(key) === 'stage';
    return apart ? { microphone: null, camera: null, screen: null } : this.own;
  }

  private call(key: string): void {
    this.stopWaiting(key);
    if (!this.links.has(key)) void this.make(key, crypto.randomUUID()).call();
  }

  private make(key: string, name: string): Link {
    this.drop(key);
    const link = new Link(name, this.ice, {
      say: (data) => void this.send(key, data),
      received: () => this.receivedHearers.forEach((hear) => hear(key)),
      state: (state) => this.linkHearers.forEach((hear) => hear(key, state)),
    });
    this.links.set(key, link);
    link.fill(this.shareFor(key), this.place);
    return link;
  }

  private async take(sender: string, said: Said): Promise<void> {
    let link = this.links.get(sender);
    if (said.description?.type === 'offer' && link?.name !== said.link) {
      if (link?.isCalling && this.me < sender) return; // both called at once: the one whose key comes first insists
      this.stopWaiting(sender);
      link = this.make(sender, said.link);
    }
    if (link?.name === said.link) await link.hear(said);
  }

  private drop(key: string): void {
    const link = this.links.get(key);
    if (!link) return;
    link.close();
    this.links.delete(key);
    this.receivedHearers.forEach((hear) => hear(key));
  }

  private stopWaiting(key: string): void {
    clearTimeout(this.waiting.get(key));
    this.waiting.delete(key);
  }
}

interface Told {
  say(data: object): void;
  received(): void;
  state(state: LinkState): void;
}

/** One connection. Its name is made by the one who calls; what belongs to an earlier one is not heard. */
class Link {
  isCalling = false;
  private readonly connection: RTCPeerConnection;
  private readonly meter: LinkMeter;
  private own: Own = { microphone: null, camera: null, screen: null };
  private place: Place = 'green';
  private caller = false;
  private early: RTCIceCandidateInit[] = [];
  private patience = 0;
  private closed = false;

  constructor(
    readonly name: string,
    ice: RTCIceServer[],
    private readonly told: Told,
  ) {
    this.connection = new RTCPeerConnection({ iceServers: ice, bundlePolicy: 'max-bundle' });
    this.meter = new LinkMeter(this.connection);
    this.connection.onicecandidate = ({ candidate }) => candidate && this.told.say({ link: this.name, candidate: candidate.toJSON() });
    this.connection.ontrack = () => this.told.received();
    this.connection.onconnectionstatechange = () => this.follow();
    this.beginPatience();
  }

  async call(): Promise<void> {
    this.caller = true;
    for (const source of SOURCES) this.connection.addTransceiver(source === 'microphone' ? 'audio' : 'video', { direction: 'sendrecv' });
    await this.offer({});
  }

  async hear({ description, candidate }: Said): Promise<void> {
    if (description) {
      await this.connection.setRemoteDescription(description);
      this.isCalling = false;
      for (const each of this.early.splice(0)) await this.connection.addIceCandidate(each);
      if (description.type === 'offer') await this.answer();
      this.told.received();
    } else if (candidate && this.connection.remoteDescription) {
      await this.connection.addIceCandidate(candidate);
    } else if (candidate) {
      this.early.push(candidate);
    }
  }

  fill(own: Own, place: Place): void {
    this.own = own;
    this.place = place;
    void this.attach();
  }

  tracks(): Partial<Record<Source, MediaStreamTrack>> {
    const places = this.connection.getTransceivers();
    return Object.fromEntries(SOURCES.flatMap((source, at) => (places[at] ? [[source, places[at].receiver.track]] : [])));
  }

  measure(): Promise<LinkReading | null> {
    return this.connection.connectionState === 'connected' ? this.meter.read() : Promise.resolve(null);
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.patience);
    this.connection.close();
  }

  private async offer(options: RTCOfferOptions): Promise<void> {
    this.isCalling = true;
    await this.attach();
    await this.connection.setLocalDescription(await this.connection.createOffer(options));
    this.told.say({ link: this.name, description: this.connection.localDescription });
  }

  private async answer(): Promise<void> {
    for (const place of this.connection.getTransceivers()) place.direction = 'sendrecv';
    await this.attach();
    await this.connection.setLocalDescription();
    this.told.say({ link: this.name, description: this.connection.localDescription });
  }

  /** Put the tracks into their places, each within its share of the line. */
  private async attach(): Promise<void> {
    const places = this.connection.getTransceivers();
    await Promise.all(
      SOURCES.map(async (source, at) => {
        const sender = places[at]?.sender;
        if (!sender || this.closed) return;
        if (sender.track !== this.own[source]) await sender.replaceTrack(this.own[source]);
        await this.limit(sender, source);
      }),
    ).catch(() => undefined); // the connection was closed meanwhile
  }

  private async limit(sender: RTCRtpSender, source: Source): Promise<void> {
    const parameters = sender.getParameters();
    const small = this.place === 'green' && source === 'camera';
    const wanted = (small ? SMALL_KBPS : FULL_KBPS[source]) * 1000;
    const encoding = parameters.encodings[0];
    if (!encoding || encoding.maxBitrate === wanted) return;
    encoding.maxBitrate = wanted;
    if (source === 'camera') encoding.scaleResolutionDownBy = small ? 2 : 1;
    if (source === 'microphone') encoding.priority = 'high';
    await sender.setParameters(parameters);
  }

  private follow(): void {
    const state = this.connection.connectionState;
    if (state === 'connected') {
      clearTimeout(this.patience);
      this.told.state('works');
      void this.attach();
    } else if (state === 'failed') {
      this.fail();
    } else if (state === 'disconnected') {
      this.beginPatience();
    }
  }

  private beginPatience(): void {
    clearTimeout(this.patience);
    this.patience = window.setTimeout(() => this.fail(), PATIENCE_MS);
  }

  /** Say so, and go on trying. */
  private fail(): void {
    if (this.closed) return;
    this.told.state('fails');
    clearTimeout(this.patience);
    this.patience = window.setTimeout(() => this.fail(), AGAIN_MS);
    if (this.caller && this.connection.signalingState === 'stable') {
      this.connection.restartIce();
      void this.offer({ iceRestart: true }).catch(reportError);
    }
  }
}
