import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { linkLimits, requestSchema } from '@shared/link';
import { FramedSocket } from '../framedSocket';
import { SessionDoor } from './sessionDoor';

const never = new AbortController().signal;
let folder: string;
let door: SessionDoor;
let supervisor: Socket;
let asked: string[];
/** Answers to `settle`; null: none comes. */
let settled: (() => Promise<unknown>) | null;
let gone: Promise<unknown>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'door-'));
  const path = join(folder, 'session.sock');
  door = new SessionDoor(() => {}, path);
  asked = [];
  settled = async () => ({ ended: 3, killed: 1 });
  await door.listen();
  supervisor = connect(path);
  gone = new Promise((resolve) => supervisor.once('close', resolve));
  const framed: FramedSocket = new FramedSocket(
    supervisor,
    linkLimits.frameBytes,
    (frame) => void take(frame),
    () => {},
  );
  async function take(frame: unknown): Promise<void> {
    const request = requestSchema.parse(frame);
    if ('cancel' in request) return;
    asked.push(request.call);
    const { id } = request;
    if (request.call !== 'settle') {
      return void framed.send({
        id,
        result: { machineId: 'session', bootId: 's', epoch: 0, screenReady: true, sessionReady: true },
      });
    }
    if (settled) framed.send({ id, result: await settled() });
  }
  await vi.waitFor(() => expect(door.ready).toBe(true));
});
afterEach(() => {
  supervisor.destroy();
  rmSync(folder, { recursive: true, force: true });
});

describe('a session that settles', () => {
  it('does so once, whoever asks how often, and its supervisor goes', async () => {
    let finish = (): void => {};
    const held = new Promise<void>((resolve) => (finish = resolve));
    settled = async () => (await held, { ended: 3, killed: 1 });
    const both = [door.settle(100), door.settle(100)];
    expect(door.ready).toBe(false);
    expect(() => door.call('listWindows', {}, never)).toThrow('settled');
    finish();
    expect(await Promise.all(both)).toEqual([
      { ended: 3, killed: 1 },
      { ended: 3, killed: 1 },
    ]);
    await gone;
    expect(await door.settle(100)).toEqual({ ended: 0, killed: 0 });
    expect(() => door.call('listWindows', {}, never)).toThrow('settled');
    expect(asked.filter((call) => call === 'settle')).toHaveLength(1);
  });

  it('is over also when its supervisor fails at it', async () => {
    settled = null;
    const settling = door.settle(100);
    settling.catch(() => {});
    supervisor.destroy();
    await expect(settling).rejects.toMatchObject({ code: 'guest_failed' });
    expect(door.ready).toBe(false);
    expect(() => door.settle(100)).toThrow('has ended');
  });

  it('can’t before it began', () => {
    expect(() => new SessionDoor(() => {}, join(folder, 'other')).settle(1)).toThrow('not been started');
  });
});
