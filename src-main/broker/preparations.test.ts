import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Size } from '@shared/pool';
import { createFakeBackend, type FakeBackend } from '../sandbox/fake';
import { eventually, World } from './testBroker';

let world: World;
afterEach(() => world.close());

/** A backend that prepares; each preparation ends when the test says so. */
class Prepared {
  readonly asked: string[] = [];
  private readonly ends: ((error?: Error) => void)[] = [];

  constructor(readonly backend: FakeBackend) {
    backend.prepare = (image: string, size: Size) =>
      new Promise((resolve, reject) => {
        this.asked.push(`${image} ${size.width}`);
        this.ends.push((error) => (error ? reject(error) : resolve()));
      });
  }
  end(error?: Error): void {
    for (const one of this.ends.splice(0)) one(error);
  }
}
const second = (parks = false): FakeBackend => {
  const backend = createFakeBackend({
    dataDir: join(world.folder, 'second'),
    kind: 'qemu',
    image: 'own/fake:2',
    parks,
  });
  world.backends.set('qemu', backend);
  return backend;
};
const tag = 'wheelhouse/fake:1';

describe('what a backend prepares', () => {
  test('is waited for once, said in the conditions, and machines come after it', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 2, maximum: 4 } });
    const prepared = new Prepared(world.backend);
    await world.start();
    await eventually(() => world.condition('Warm')?.reason === 'Preparing');
    expect(world.condition('Ready')).toMatchObject({ status: 'False', reason: 'Preparing' });
    const waiting = world.acquire();
    await expect(world.acquire({ waitMs: 100 })).rejects.toMatchObject({
      code: 'acquire_timeout',
      message: expect.stringContaining('being saved'),
    });
    expect([world.backend.created, prepared.asked]).toEqual([[], [`${tag} 1280`]]);
    prepared.end();
    expect((await waiting).status).toBe('active');
    await world.ready(2);
    expect(prepared.asked).toHaveLength(1);
  });

  test('that can’t be had is done without, and asked for again when somebody mended something', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 1, maximum: 2 } });
    const prepared = new Prepared(world.backend);
    await world.start();
    await eventually(() => prepared.asked.length === 1);
    prepared.end(new Error('no space left'));
    await world.ready(1);
    expect(prepared.asked).toHaveLength(1);
    world.broker.reconcile();
    await eventually(() => prepared.asked.length === 2);
  });

  test('a change of size prepares first, and the old machines serve meanwhile', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 1, maximum: 3 } });
    const prepared = new Prepared(world.backend);
    await world.start();
    await eventually(() => prepared.asked.length === 1);
    prepared.end();
    await world.ready(1);
    const [old] = world.inState('ready');
    world.patch({ size: { cpus: 1, memoryMiB: 1024, width: 1024, height: 768 } });
    await eventually(() => prepared.asked.length === 2);
    expect(prepared.asked[1]).toBe(`${tag} 1024`);
    expect((await world.acquire()).machineId).toBe(old?.machineId);
    expect(world.backend.created).toHaveLength(1);
    prepared.end();
    await world.ready(1);
    expect(world.inState('ready')[0]?.size.width).toBe(1024);
  });

  test('is bounded at once, however many screens are asked for and given up', async () => {
    world = new World(createFakeBackend, {
      warm: { minimum: 0, maximum: 8 },
      acquire: { screen: true, idleSeconds: null },
    });
    const prepared = new Prepared(world.backend);
    await world.start();
    const asked = [1, 2, 3, 4, 5].map((n) =>
      world.acquire({ screen: { width: 1000 + n, height: 700 }, waitMs: n < 5 ? 200 : 20_000 }),
    );
    const given = Promise.allSettled(asked.slice(0, 4));
    await given;
    await eventually(() => world.inState('creating').length === 1);
    expect(prepared.asked).toHaveLength(2);
    prepared.end();
    await eventually(() => prepared.asked.length === 3);
    expect(prepared.asked[2]).toBe(`${tag} 1005`);
    prepared.end();
    expect((await asked[4])?.screen?.width).toBe(1005);
    expect(prepared.asked).toHaveLength(3);
  });

  test('a machine whose making was cut short by a restart waits for it too', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 1, maximum: 2 } });
    const fault = (point: string): void => {
      if (point === 'create') throw new Error('killed');
    };
    await world.start({ fault });
    await eventually(() => world.inState('creating').length + world.inState('quarantined').length === 1);
    await world.broker.stop({ destroy: false });
    const prepared = new Prepared(world.backend);
    await world.start();
    await eventually(() => prepared.asked.length === 1);
    expect(world.backend.created).toEqual([]);
    prepared.end();
    await world.ready(1);
  });
});

describe('another backend by one field', () => {
  test('warm machines are replaced one by one, leased ones stay', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 2, maximum: 5 } });
    const qemu = second(true);
    const prepared = new Prepared(qemu);
    await world.start();
    const session = await world.acquire();
    await world.ready(2);
    const sizes: number[] = [];
    world.patch({ backend: 'qemu' });
    await eventually(() => prepared.asked.length === 1);
    expect(world.inState('ready').map((row) => row.backend)).toEqual(['fake', 'fake']);
    prepared.end();
    await eventually(() => {
      const ready = world.inState('ready');
      sizes.push(ready.length);
      return ready.length === 2 && ready.every((row) => row.backend === 'qemu' && row.image === 'own/fake:2');
    });
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(2);
    expect(world.broker.sessions.get(session.sessionId)).toMatchObject({
      status: 'active',
      machine: { backend: 'fake' },
    });
    expect((await world.broker.connect(session.sessionId)).target.machineId).toBe(session.machineId);
    const other = await world.acquire();
    expect(other.machine).toEqual({ backend: 'qemu', checkpoints: true, guestAgent: true, consoleLog: true });
    await world.broker.release(session.sessionId, 'test', 'done');
    await eventually(async () => (await world.states()).size === 0);
    // And back.
    world.patch({ backend: 'fake' });
    await eventually(() => {
      const ready = world.inState('ready');
      return ready.length === 2 && ready.every((row) => row.backend === 'fake');
    });
    expect(world.broker.sessions.get(other.sessionId).status).toBe('active');
  });

  test('where the new one can’t make any, the old ones go on serving', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 1, maximum: 3 } });
    second().faults.imageMissing = true;
    await world.start();
    await world.ready(1);
    world.patch({ backend: 'qemu' });
    await eventually(() => world.condition('Image')?.reason === 'ImageMissing');
    expect(world.inState('ready')).toHaveLength(1);
    expect((await world.acquire()).machine?.backend).toBe('fake');
  });
});
