import { connect, type Socket } from 'node:net';
import { guestPaths } from '../paths';
import { patience } from '../patience';
import { XConnection } from '../x11/connection';

/** Milliseconds that the X server may take to start. */
const startMs = 8_000 * patience;
const retryMs = 3;

/** A connection to the X server's RFB socket, as soon as it listens; rejects when it does not in time. */
export const openScreen = (): Promise<Socket> =>
  persist(
    () =>
      new Promise((resolve, reject) => {
        const socket = connect(guestPaths.rfb);
        socket.once('error', reject);
        socket.once('connect', () => {
          socket.off('error', reject);
          resolve(socket);
        });
      }),
  );

/** Resolves when the X server serves programs; `onEnd` is called once, when it ends. Rejects when it does not start. */
export async function watchScreen(onEnd: (reason: string) => void): Promise<void> {
  const x = await persist(() => XConnection.open(guestPaths.display));
  x.onClosed((error) => onEnd(error.message));
}

async function persist<T>(attempt: () => Promise<T>): Promise<T> {
  for (const giveUpAt = performance.now() + startMs; ;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }
}
