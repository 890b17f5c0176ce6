import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linkCrypto } from '../../src-guest/linkCrypto';
import { LinkServer, type LinkServerOptions } from '../../src-guest/linkServer';
import { connectGuest } from './index';
import type { GuestClient } from './types';

const secret = 's'.repeat(43);
const never = new AbortController().signal;

describe('a link that breaks', () => {
  let folder: string;
  let servers: LinkServer[];
  let clients: GuestClient[];
  const target = () => ({ machineId: 'm_1', path: join(folder, 'link.sock'), secret });
  const serve = async (options: Partial<LinkServerOptions> = {}): Promise<LinkServer> => {
    const server = new LinkServer({
      machineId: 'm_1',
      secret,
      bootId: 'boot-1',
      crypto: linkCrypto,
      handlers: { clipboardRead: async () => ({ text: 'here' }), exec: () => new Promise(() => {}) },
      openRfb: async () => new PassThrough(),
      ...options,
    });
    servers.push(server);
    await server.listen(target().path);
    return server;
  };
  const connect = async (): Promise<GuestClient> => {
    const client = await connectGuest(target(), never);
    clients.push(client);
    return client;
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'link-'));
    servers = [];
    clients = [];
  });
  afterEach(() => {
    for (const client of clients) client.close();
    for (const server of servers) server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is opened anew; what was in flight fails and is not repeated', async () => {
    let executed = 0;
    const begun = new Promise<void>((resolve) => {
      void serve({
        handlers: {
          clipboardRead: async () => ({ text: 'here' }),
          exec: () => {
            executed += 1;
            resolve();
            return new Promise(() => {});
          },
        },
      });
    });
    const client = await connect();
    const losses: string[] = [];
    client.onLost((reason) => losses.push(reason));
    const running = client.exec({ epoch: 0, command: 'x', timeoutMs: 60_000 });
    await begun;
    servers[0]?.drop();
    await expect(running).rejects.toMatchObject({ code: 'guest_failed' });
    expect(await client.clipboardRead()).toBe('here');
    expect(executed).toBe(1);
    expect(losses).toEqual([]);
  });

  it('is lost when another agent answers in its place', async () => {
    const first = await serve();
    const client = await connect();
    const lost = new Promise<string>((resolve) => client.onLost(resolve));
    first.close();
    await serve({ bootId: 'boot-2' });
    expect(await lost).toMatch(/started anew/);
    await expect(client.clipboardRead()).rejects.toMatchObject({ code: 'guest_failed' });
  });

  it('tells a listener that comes late, and nobody after a close', async () => {
    const server = await serve();
    const [client, closed] = [await connect(), await connect()];
    const lost = new Promise<string>((resolve) => client.onLost(resolve));
    let told = 0;
    closed.onLost(() => (told += 1));
    closed.close();
    server.close();
    await lost;
    await new Promise<string>((resolve) => client.onLost(resolve));
    expect(told).toBe(0);
    await expect(closed.clipboardRead()).rejects.toMatchObject({ code: 'guest_failed' });
  });

  it('is not believed when an answer has the wrong shape', async () => {
    await serve({ handlers: { clipboardRead: async () => ({ text: 5 }) as never } });
    const client = await connect();
    await expect(client.clipboardRead()).rejects.toMatchObject({
      code: 'guest_failed',
      message: expect.stringContaining('wrong shape'),
    });
  });

  it('ends when a proven machine sends what is no frame', async () => {
    const server = await serve();
    const sockets: Socket[] = [];
    server.server.on('connection', (socket) => sockets.push(socket));
    const client = await connect();
    const running = client.exec({ epoch: 0, command: 'x', timeoutMs: 60_000 });
    sockets[0]?.write(Buffer.alloc(1024 * 1024, 0xff));
    await expect(running).rejects.toMatchObject({
      code: 'guest_failed',
      message: expect.stringContaining('4294967295 bytes was announced'),
    });
  });
});
