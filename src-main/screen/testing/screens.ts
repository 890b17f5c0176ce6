import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LinkTarget } from '../../sandbox/backend';

/** What these helpers need of a fake RFB server; the tests bring the real fake, which is another room's. */
interface Server {
  accept(stream: Socket): void;
  close(): void;
}

export interface TestScreen<S extends Server> {
  server: S;
  target: LinkTarget;
  close(): Promise<void>;
}

/** Puts a server behind a unix socket of its own. */
export async function listenScreen<S extends Server>(server: S): Promise<TestScreen<S>> {
  const folder = mkdtempSync(join(tmpdir(), 'screen-'));
  const path = join(folder, 'rfb.sock');
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    sockets.add(socket);
    server.accept(socket);
  });
  await new Promise<void>((resolve) => listener.listen(path, resolve));
  return {
    server,
    target: { machineId: 'm_test', path, secret: 'unused' },
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => listener.close(() => resolve()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Waits until `check` holds; fails after `ms` with what was waited for. */
export async function until(check: () => boolean, what: string, ms = 15_000): Promise<void> {
  const end = Date.now() + ms;
  while (!check()) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
