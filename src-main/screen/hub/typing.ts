import type { RfbConnection } from '../rfb/connection';
import type { Hands } from './hands';
import { keysymsOfText } from './keys';

/** Keys between two looks at the epoch and the server: a bound on what is in flight, about a millisecond's worth. */
const BATCH = 64;

/** Types text; resolves when the server has taken every key. */
export async function typeText(connection: RfbConnection, hands: Hands, epoch: number, text: string): Promise<void> {
  const keys = keysymsOfText(text);
  for (const [i, { keysym }] of keys.entries()) {
    hands.tap(epoch, keysym);
    if ((i + 1) % BATCH === 0) await connection.roundTrip();
  }
}
