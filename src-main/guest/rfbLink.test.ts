import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectGuest, openRfb } from './index';
import { parseRfbPath, rfbPath } from './rfbPath';
import type { GuestClient } from './types';

const never = new AbortController().signal;
const target = (socket: string) => ({
  machineId: 'm_1',
  path: rfbPath({ bootId: 'boot-1', keyboard: 'de', socket }),
  secret: 's'.repeat(43),
});

describe('a machine that has a screen and no agent', () => {
  let folder: string;
  let socket: string;
  let server: Server;
  let sockets: Socket[];
  let clients: GuestClient[];
  const serve = async (greeting: string): Promise<void> => {
    server = createServer((each) => {
      sockets.push(each);
      each.on('error', () => {});
      each.write(greeting);
    });
    await new Promise<void>((resolve) => server.listen(socket, resolve));
  };
  const connect = async (): Promise<GuestClient> => {
    const client = await connectGuest(target(socket), never);
    clients.push(client);
    return client;
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rfb-'));
    socket = join(folder, 'vnc');
    sockets = [];
    clients = [];
  });
  afterEach(() => {
    for (const client of clients) client.close();
    for (const each of sockets) each.destroy();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('answers for its screen, and for nothing that an agent would do', async () => {
    await serve('RFB 003.008\n');
    const client = await connect();
    await client.setEpoch(7);
    await client.setEpoch(3);
    expect(await client.health()).toEqual({
      ...{ machineId: 'm_1', bootId: 'boot-1', epoch: 7 },
      ...{ screenReady: true, sessionReady: true },
    });
    const refusal = { code: 'not_supported', message: expect.stringContaining('mouse and keyboard only') };
    await expect(client.exec({ epoch: 7, command: 'true', timeoutMs: 1000 })).rejects.toMatchObject(refusal);
    await expect(client.clipboardRead()).rejects.toMatchObject(refusal);
    await expect(client.readFile('/etc/passwd')).rejects.toMatchObject(refusal);
    const stream = await openRfb(target(socket), never);
    expect(String(await new Promise((resolve) => stream.once('data', resolve)))).toBe('RFB 003.008\n');
    stream.destroy();
  });

  it('is lost when its screen is, which is told once and to late listeners', async () => {
    await serve('RFB 003.008\n');
    const client = await connect();
    const reasons: string[] = [];
    const lost = new Promise<void>((resolve) => {
      client.onLost((reason) => {
        reasons.push(reason);
        resolve();
      });
    });
    server.close();
    for (const each of sockets) each.destroy();
    await lost;
    await new Promise<string>((resolve) => client.onLost(resolve));
    expect(reasons).toHaveLength(1);
    await expect(client.health()).rejects.toMatchObject({ code: 'guest_failed' });
  });

  it('tells nobody of a link that was closed on purpose', async () => {
    await serve('RFB 003.008\n');
    const client = await connect();
    let told = 0;
    client.onLost(() => (told += 1));
    const closed = new Promise((resolve) => sockets[0]?.once('close', resolve));
    client.close();
    await closed;
    client.onLost(() => (told += 1));
    expect(told).toBe(0);
  });

  it('is not believed when something else answers, or nobody does', async () => {
    await expect(connect()).rejects.toMatchObject({ code: 'guest_failed' });
    await serve('SSH-2.0-OpenSSH\r\n');
    await expect(connect()).rejects.toMatchObject({ code: 'guest_failed' });
  });

  it('stops answering in time when its screen says nothing', async () => {
    await serve('RFB 003.008\n');
    const client = await connect();
    server.removeAllListeners('connection');
    server.on('connection', (each) => sockets.push(each));
    await expect(client.health(50)).rejects.toMatchObject({ code: 'guest_timeout' });
    const stop = new AbortController();
    const opening = connectGuest(target(socket), stop.signal);
    stop.abort(new Error('no longer wanted'));
    await expect(opening).rejects.toThrow('no longer wanted');
  });
});

describe('the path of a screen', () => {
  it('says the start, the keyboard and the socket', () => {
    expect(parseRfbPath('rfb:fr.abc-1:/run/x:y/vnc')).toEqual({
      ...{ bootId: 'abc-1', keyboard: 'fr', socket: '/run/x:y/vnc' },
    });
    expect(parseRfbPath('rfb:abc:/run/vnc')).toMatchObject({ bootId: 'abc', keyboard: 'en-us' });
    expect(parseRfbPath('/run/link.sock')).toBeNull();
    expect(parseRfbPath('tcp:127.0.0.1:4100')).toBeNull();
    for (const path of ['rfb:', 'rfb:abc', 'rfb:abc:relative', 'rfb::/run/vnc', 'rfb:xx.abc:/run/vnc']) {
      expect(() => parseRfbPath(path)).toThrow(expect.objectContaining({ code: 'guest_failed' }));
    }
  });
});
