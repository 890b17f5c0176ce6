import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LinkTarget } from '../sandbox/backend';
import { createFakeBackend, type FakeBackend } from '../sandbox/fake';
import { connectGuest, openRfb } from './index';
import type { GuestClient } from './types';

const size = { cpus: 1, memoryMiB: 512, width: 640, height: 480 };
const secret = 's'.repeat(43);
const never = new AbortController().signal;

describe('the broker’s end of the link', () => {
  let dataDir: string;
  let backend: FakeBackend;
  let clients: GuestClient[];
  const make = async (machineId = 'm_1'): Promise<LinkTarget> => {
    await backend.create({ machineId, poolId: 'p', image: 'wheelhouse/fake:1', size, secret }, never);
    return { machineId, path: backend.linkPath(machineId), secret };
  };
  const connect = async (target: LinkTarget) => {
    const client = await connectGuest(target, never);
    clients.push(client);
    return client;
  };
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'guest-'));
    backend = createFakeBackend({ dataDir });
    clients = [];
  });
  afterEach(async () => {
    for (const client of clients) client.close();
    await backend.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('runs calls at once and gives each its own answer', async () => {
    const client = await connect(await make());
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, n) => client.exec({ epoch: 0, command: `echo ${n}`, timeoutMs: 1000 })),
    );
    expect(results.map((result) => result.stdout)).toEqual(Array.from({ length: 100 }, (_, n) => `${n}\n`));
  });

  it('refuses a machine with another secret, and a machine refuses a broker with another', async () => {
    const target = await make();
    await expect(connectGuest({ ...target, secret: 'x'.repeat(43) }, never)).rejects.toMatchObject({
      code: 'guest_failed',
      data: { reason: 'wrong_identity' },
    });
    await expect(connectGuest({ ...target, machineId: 'm_2' }, never)).rejects.toMatchObject({
      code: 'guest_failed',
      data: { reason: 'wrong_machine' },
    });
    backend.faults.guest = { kind: 'wrongIdentity' };
    const impostor = await make('m_3');
    await expect(connectGuest(impostor, never)).rejects.toMatchObject({ data: { reason: 'wrong_identity' } });
    await expect(openRfb(impostor, never)).rejects.toMatchObject({ data: { reason: 'wrong_identity' } });
  });

  it('names a machine that is silent, one that talks rubbish and one that is not there', async () => {
    backend.faults.guest = { kind: 'silent' };
    await expect(connectGuest(await make('m_silent'), never)).rejects.toMatchObject({ code: 'guest_timeout' });
    backend.faults.guest = { kind: 'rubbish' };
    await expect(connectGuest(await make('m_rubbish'), never)).rejects.toMatchObject({ code: 'guest_failed' });
    const nowhere = { machineId: 'm_none', path: backend.linkPath('m_none'), secret };
    await expect(connectGuest(nowhere, never)).rejects.toMatchObject({ code: 'guest_failed' });
  });

  it('reaches a machine by a port of this computer, and by no other’s', async () => {
    const target = await make();
    const carrier = createServer((socket) => {
      const inner = createConnection(target.path);
      for (const end of [socket, inner]) end.on('error', () => {});
      socket.pipe(inner).pipe(socket);
    });
    await new Promise<void>((resolve) => carrier.listen(0, '127.0.0.1', resolve));
    const { port } = carrier.address() as AddressInfo;
    try {
      const client = await connectGuest({ ...target, path: `tcp:127.0.0.1:${port}` }, never);
      expect((await client.health()).machineId).toBe(target.machineId);
      client.close();
      for (const path of [`tcp:localhost:${port}`, `tcp:0.0.0.0:${port}`, 'tcp:127.0.0.1:70000', `tcp:127.0.0.1:`]) {
        await expect(connectGuest({ ...target, path }, never)).rejects.toMatchObject({ code: 'guest_failed' });
      }
    } finally {
      carrier.close();
    }
    await expect(connectGuest({ ...target, path: `tcp:127.0.0.1:${port}` }, never)).rejects.toMatchObject({
      code: 'guest_failed',
    });
  });

  it('stops waiting when the signal says so', async () => {
    backend.faults.guest = { kind: 'silent' };
    const target = await make();
    const stop = new AbortController();
    const opening = connectGuest(target, stop.signal);
    stop.abort(new Error('no longer wanted'));
    await expect(opening).rejects.toThrow('no longer wanted');
  });

  it('refuses effects under an older epoch, whoever raised it, and still reads', async () => {
    const target = await make();
    const [old, current] = [await connect(target), await connect(target)];
    await old.clipboardWrite({ epoch: 3, text: 'three' });
    await current.setEpoch(5);
    await expect(old.clipboardWrite({ epoch: 4, text: 'late' })).rejects.toMatchObject({ code: 'stale_epoch' });
    await expect(old.exec({ epoch: 4, command: 'true', timeoutMs: 1000 })).rejects.toMatchObject({
      code: 'stale_epoch',
    });
    expect(await old.clipboardRead()).toBe('three');
    expect((await old.health()).epoch).toBe(5);
    await old.setEpoch(2);
    expect((await old.health()).epoch).toBe(5);
  });

  it('checks arguments in the guest and says which is wrong', async () => {
    const client = await connect(await make());
    await expect(client.exec({ epoch: 0, command: '', timeoutMs: 1000 })).rejects.toMatchObject({
      code: 'bad_request',
      message: expect.stringContaining('command'),
    });
    await expect(client.writeFile({ epoch: 0, path: 'x', data: Buffer.alloc(5_000_000) })).rejects.toMatchObject({
      code: 'too_large',
    });
  });

  it('gives up a call that hangs, and the connection lives on', async () => {
    const target = await make();
    const client = await connect(target);
    const guest = backend.guest(target.machineId);
    if (guest) guest.frozen = true;
    await expect(client.health(30)).rejects.toMatchObject({ code: 'guest_timeout' });
    if (guest) guest.frozen = false;
    expect((await client.health()).machineId).toBe(target.machineId);
  });

  it('cuts off a command whose caller leaves', async () => {
    const client = await connect(await make());
    const stop = new AbortController();
    const running = client.exec({ epoch: 0, command: 'sleep 60', timeoutMs: 60_000 }, stop.signal);
    stop.abort(new Error('control was taken'));
    await expect(running).rejects.toThrow('control was taken');
  });

  it('says once that the link is lost when the machine dies', async () => {
    const target = await make();
    const client = await connect(target);
    const reasons: string[] = [];
    const lost = new Promise<void>((resolve) =>
      client.onLost((reason) => {
        reasons.push(reason);
        resolve();
      }),
    );
    const running = client.exec({ epoch: 0, command: 'sleep 60', timeoutMs: 60_000 });
    running.catch(() => {});
    await client.health();
    backend.kill(target.machineId);
    await expect(running).rejects.toMatchObject({ code: 'guest_failed' });
    await lost;
    await expect(client.health()).rejects.toMatchObject({ code: 'guest_failed' });
    expect(reasons).toHaveLength(1);
  });

  it('carries a raw screen stream from the greeting on', async () => {
    const target = await make();
    const stream = await openRfb(target, never);
    const greeting = await new Promise<Buffer>((resolve) => stream.once('data', resolve));
    expect(greeting.toString()).toBe('RFB 003.008\n');
    stream.destroy();
  });
});
