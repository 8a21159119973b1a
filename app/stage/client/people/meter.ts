/** How one connection does, from what the browser counts of it. */
export interface LinkReading {
  kbps: number;
  loss: number; // per thousand
  rtt: number; // ms
}

export class LinkMeter {
  private bytes = 0;
  private at = 0;

  constructor(private readonly connection: RTCPeerConnection) {}

  async read(): Promise<LinkReading> {
    let bytes = 0;
    let loss = 0;
    let rtt = 0;
    for (const one of (await this.connection.getStats()).values() as Iterable<Record<string, any>>) {
      if (one.type === 'outbound-rtp') bytes += one.bytesSent ?? 0;
      if (one.type === 'remote-inbound-rtp') loss = Math.max(loss, one.fractionLost ?? 0);
      if (one.type === 'candidate-pair' && one.nominated) rtt = Math.max(rtt, one.currentRoundTripTime ?? 0);
    }
    const now = performance.now();
    const kbps = this.at ? ((bytes - this.bytes) * 8) / (now - this.at) : 0;
    this.bytes = bytes;
    this.at = now;
    return { kbps: Math.max(0, Math.round(kbps)), loss: Math.round(Math.min(1, Math.max(0, loss)) * 1000), rtt: Math.round(rtt * 1000) };
  }
}
