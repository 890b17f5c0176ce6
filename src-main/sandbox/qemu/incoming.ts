import { createReadStream, createWriteStream } from 'node:fs';
import { connect, createServer } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { sleep } from '../../base/deadline';
import { WheelhouseError } from '../../base/errors';
import { qmpMs, type Qmp } from './qmp';

/** Milliseconds for a state of 0.4 MB without the memory, and for one with it. */
const moveMs = 60_000;

/**
 * What is asked of QEMU before a state is saved or loaded: memory that is a file is left out of the stream, because it
 * is there already.
 */
const capabilities = (memoryApart: boolean): Record<string, unknown> => ({
  capabilities: [{ capability: 'x-ignore-shared', state: memoryApart }],
});

/**
 * Saves a stopped machine's state to a file. QEMU's sandbox forbids it new processes, so the stream goes over a socket.
 * Throws guest_failed.
 */
export async function saveState(
  qmp: Qmp,
  options: { socket: string; file: string; memoryApart: boolean },
  signal: AbortSignal,
): Promise<void> {
  await qmp.run('migrate-set-capabilities', capabilities(options.memoryApart));
  // No reason to be sparing: nobody else has a share in this socket.
  await qmp.run('migrate-set-parameters', { 'max-bandwidth': 4 * 1024 ** 3 });
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.socket, resolve);
    });
    const received = new Promise<void>((resolve, reject) => {
      server.once('connection', (socket) => {
        pipeline(socket, createWriteStream(options.file, { mode: 0o600, flush: true } as object), { signal }).then(
          resolve,
          reject,
        );
      });
    });
    received.catch(() => {});
    await qmp.run('migrate', { uri: `unix:${options.socket}` });
    await migrated(qmp, signal);
    await received;
  } finally {
    server.close();
  }
}

async function migrated(qmp: Qmp, signal: AbortSignal): Promise<void> {
  for (const giveUpAt = performance.now() + moveMs; ; await sleep(10, signal)) {
    const answer = (await qmp.run('query-migrate')) as { status?: string; 'error-desc'?: string };
    if (answer.status === 'completed') return;
    if (answer.status === 'failed' || answer.status === 'cancelled') {
      throw new WheelhouseError('guest_failed', `The state can't be saved: ${answer['error-desc'] ?? answer.status}.`);
    }
    if (performance.now() > giveUpAt) throw new WheelhouseError('guest_failed', 'The state was not saved in time.');
  }
}

/** How a stream to somebody who hangs up ends. */
const hungUp: ReadonlySet<string> = new Set(['ERR_STREAM_PREMATURE_CLOSE', 'EPIPE', 'ECONNRESET']);

/**
 * Loads a saved state into a QEMU that waits for one; the machine stands still afterwards. Throws guest_failed: QEMU
 * ends itself when a state does not fit.
 */
export async function loadState(
  qmp: Qmp,
  options: ({ socket: string; file: string } | { given: number }) & { memoryApart: boolean },
  signal: AbortSignal,
): Promise<void> {
  await qmp.run('migrate-set-capabilities', capabilities(options.memoryApart));
  // A machine that moved would tell its network where it is now: here nobody listens, and its own kernel would do it too.
  await qmp.run('migrate-set-parameters', { 'announce-rounds': 0 });
  if ('given' in options) {
    await qmp.run('migrate-incoming', { uri: `fd:${options.given}` });
  } else {
    await qmp.run('migrate-incoming', { uri: `unix:${options.socket}` });
    await pipeline(createReadStream(options.file), connect(options.socket), { signal }).catch((error: unknown) => {
      // It hangs up as soon as it has read the state's end, often before it has heard that nothing more comes. Whether it
      // has all of it is what it says below.
      if (signal.aborted || !hungUp.has(String((error as NodeJS.ErrnoException).code))) throw error;
    });
  }
  for (const giveUpAt = performance.now() + moveMs; ; await sleep(qmpMs.poll, signal)) {
    // While it reads a file it answers nothing.
    const status = await qmp.status(moveMs);
    if (status === 'paused' || status === 'prelaunch') return;
    if (status !== 'inmigrate' || performance.now() > giveUpAt) {
      throw new WheelhouseError('guest_failed', `The saved state can't be loaded: QEMU is ${status}.`);
    }
  }
}
