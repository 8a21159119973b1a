/** How fast the line is upward: pieces of known size, each answered by the server, for a few seconds at most. */
import type { Room } from '../../../room/client/parts/room';

const PIECE = 65_536;
const AT_ONCE = 4;
const LONGEST_MS = 4000;
const MOST_PIECES = 60;

/** kbit/s; null when the server could not be reached. */
export async function measureLine(room: Room): Promise<number | null> {
  const piece = crypto.getRandomValues(new Uint8Array(PIECE)); // random, so that nothing on the way makes it smaller
  const begun = performance.now();
  let sent = 0;
  let arrived = 0;
  let last = begun;
  const one = async (): Promise<void> => {
    while (sent < MOST_PIECES && performance.now() - begun < LONGEST_MS) {
      sent += 1;
      const answer = await room.send('measure_uplink', { piece });
      if (answer.error) return;
      arrived += 1;
      last = performance.now();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  return arrived ? (arrived * PIECE * 8) / Math.max(1, last - begun) : null;
}
