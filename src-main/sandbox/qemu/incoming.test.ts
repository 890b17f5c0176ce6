import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadState } from './incoming';
import type { Qmp } from './qmp';

const never = new AbortController().signal;
const stateBytes = 500_000;

describe('a saved state', () => {
  let folder: string;
  let server: Server;
  let status: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'incoming-'));
    writeFileSync(join(folder, 'state'), Buffer.alloc(stateBytes, 7));
    status = 'inmigrate';
  });
  afterEach(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  /** QEMU as far as it loads: it reads so many bytes, hangs up at once, and is `then`. */
  const load = async (bytes: number, then: string): Promise<void> => {
    server = createServer((socket) => {
      let read = 0;
      socket.on('error', () => {});
      socket.on('data', (chunk) => {
        read += chunk.length;
        if (read < bytes) return;
        status = then;
        socket.destroy();
      });
    });
    await new Promise<void>((resolve) => server.listen(join(folder, 'in'), resolve));
    const qmp = { run: async () => ({}), status: async () => status } as unknown as Qmp;
    const options = { socket: join(folder, 'in'), file: join(folder, 'state'), memoryApart: true };
    await loadState(qmp, options, never);
  };

  it('is loaded when QEMU has it, also when it hangs up before we have', async () => {
    for (let n = 0; n < 50; n += 1) {
      await load(stateBytes, 'paused');
      server.close();
      status = 'inmigrate';
    }
  });

  it('is not loaded when QEMU took a part of it and fails', async () => {
    await expect(load(1000, 'internal-error')).rejects.toMatchObject({ code: 'guest_failed' });
  });

  it('is not waited for when nobody takes it', async () => {
    server = createServer();
    const qmp = { run: async () => ({}), status: async () => status } as unknown as Qmp;
    const options = { socket: join(folder, 'none'), file: join(folder, 'state'), memoryApart: true };
    await expect(loadState(qmp, options, never)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
