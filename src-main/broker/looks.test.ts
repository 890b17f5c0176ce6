import { afterEach, describe, expect, test, vi } from 'vitest';
import { createFakeBackend, screenOnlyImage } from '../sandbox/fake';
import { silentLogger } from '../base/logger';
import { eventually, World } from './testBroker';

let world: World;
afterEach(() => world.close());
const { signal } = new AbortController();
const frame = { hash: 'a'.repeat(64), at: '2026-01-01T00:00:00.000Z' };

async function quarantined(options: Parameters<World['start']>[0] = {}, exec = true) {
  world = new World(createFakeBackend, { warm: { minimum: 0, maximum: 4 } });
  if (!exec) Object.assign(world.backend, { exec: undefined });
  await world.start(options);
  const session = await world.acquire();
  world.broker.fail(session.sessionId, 'as told');
  return { ...session, machineId: session.machineId ?? '' };
}

describe('a look', () => {
  test('shows the machine, what its backend says, its console, who had it last and their last picture', async () => {
    const lastFrame = vi.fn<() => typeof frame>(() => frame);
    const { sessionId, machineId } = await quarantined({ hooks: { lastFrame } });
    expect(await world.broker.machines.look(machineId)).toEqual({
      machine: expect.objectContaining({ machineId, state: 'quarantined', trouble: 'silent', sessionId: null }),
      state: 'running',
      lastSessionId: sessionId,
      frame: frame.hash,
      frameAt: frame.at,
      console: ['started'],
      consoleError: null,
      canRun: true,
    });
    expect(lastFrame).toHaveBeenCalledWith(sessionId);
  });

  test('of a machine in use offers no commands; of none, not_found', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 0, maximum: 4 } });
    await world.start();
    const { sessionId, machineId } = await world.acquire();
    expect(await world.broker.machines.look(machineId ?? '')).toMatchObject({
      lastSessionId: sessionId,
      frame: null,
      canRun: false,
    });
    await expect(world.broker.machines.look('m_none')).rejects.toMatchObject({ code: 'not_found' });
  });

  test('says what can’t be had when the backend is away', async () => {
    const { machineId } = await quarantined();
    world.backend.faults.unreachable = true;
    const look = await world.broker.machines.look(machineId);
    expect(look).toMatchObject({ state: null, console: [], canRun: false });
    expect(look.consoleError).toMatch(/switched off/);
  });

  test('hands hostile console lines on cut, one by one', async () => {
    const { machineId } = await quarantined();
    world.backend.logs = async () => ['a\u001b[2Jb\u202e', 'x'.repeat(5000), ...Array<string>(400).fill('y')];
    const { console } = await world.broker.machines.look(machineId);
    expect(console).toHaveLength(200);
    world.backend.logs = async () => ['a\u001b[2Jb\u202ec', 'x'.repeat(5000)];
    const [first, second] = (await world.broker.machines.look(machineId)).console;
    expect([first?.includes('\u001b'), first?.includes('\u202e')]).toEqual([false, false]);
    expect(second).toHaveLength(2000);
  });
});

describe('a command', () => {
  test.each([true, false])('runs in a quarantined machine, and who ran it is logged (engine: %s)', async (exec) => {
    const info = vi.fn<() => void>();
    const logger = { ...silentLogger, info } as unknown as typeof silentLogger;
    const maskText = (text: string) => text.replaceAll('hello', '[masked]');
    const { machineId } = await quarantined({ logger, hooks: { maskText } }, exec);
    const done = await world.broker.machines.run(machineId, 'echo hello', 'olga');
    expect(done).toMatchObject({ exitCode: 0, truncated: false });
    expect(done.output.trim()).toBe('hello');
    expect(info).toHaveBeenCalledWith(
      expect.objectContaining({ machineId, by: 'olga', command: 'echo [masked]' }),
      expect.any(String),
    );
  });

  test('runs in no other machine', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 1, maximum: 4 } });
    await world.start();
    await world.ready(1);
    const { machineId } = await world.acquire();
    await world.ready(1);
    for (const id of [machineId ?? '', world.inState('ready')[0]?.machineId ?? ''])
      await expect(world.broker.machines.run(id, 'echo', 'olga')).rejects.toMatchObject({ code: 'conflict' });
    await expect(world.broker.machines.run('m_none', 'echo', 'olga')).rejects.toMatchObject({ code: 'not_found' });
  });

  test('is refused in words where something stopped the machine, which stays stopped', async () => {
    const { machineId } = await quarantined();
    await world.backend.pause(machineId, signal);
    expect((await world.broker.machines.look(machineId)).canRun).toBe(false);
    await expect(world.broker.machines.run(machineId, 'echo', 'olga')).rejects.toThrow(
      /something outside.+Wheelhouse does not/,
    );
    expect((await world.states()).get(machineId)).toBe('paused');
    await world.backend.unpause(machineId, signal);
    expect((await world.broker.machines.run(machineId, 'echo back', 'olga')).output.trim()).toBe('back');
  });

  test('is refused in one that has ended, and in one without any way in', async () => {
    const { machineId } = await quarantined();
    world.backend.kill(machineId);
    await expect(world.broker.machines.run(machineId, 'echo', 'olga')).rejects.toMatchObject({ code: 'guest_failed' });
    await world.close();

    world = new World(createFakeBackend, { image: screenOnlyImage, warm: { minimum: 0, maximum: 2 } });
    Object.assign(world.backend, { exec: undefined });
    await world.start();
    const other = await world.acquire();
    world.broker.fail(other.sessionId, 'as told');
    await expect(world.broker.machines.run(other.machineId ?? '', 'echo', 'olga')).rejects.toMatchObject({
      code: 'not_supported',
    });
  });

  test('is cut at 64 KiB, and one at a time', async () => {
    const { machineId } = await quarantined();
    let over: () => void = () => {};
    const gate = new Promise<void>((resolve) => (over = resolve));
    world.backend.exec = async () => {
      await gate;
      return { output: `${'x'.repeat(64 * 1024 - 1)}éé`, exitCode: 3, truncated: false };
    };
    const first = world.broker.machines.run(machineId, 'one', 'olga');
    await expect(world.broker.machines.run(machineId, 'two', 'olga')).rejects.toMatchObject({ code: 'conflict' });
    over();
    const done = await first;
    expect([done.output.length, done.output.at(-1), done.truncated, done.exitCode]).toEqual([65_535, 'x', true, 3]);
  });
});

describe('kept on somebody’s word', () => {
  test('it outlives its time and those that come after it, and goes with its pool', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 0, maximum: 6 } });
    await world.start({ limits: { quarantinedMs: 300, quarantined: 1 } });
    const one = await world.acquire();
    world.broker.fail(one.sessionId, 'one');
    const machineId = one.machineId ?? '';
    const before = Date.parse(world.broker.machines.keep(machineId).keptUntil ?? '');
    expect(Math.abs(before - Date.now() - 3_600_000)).toBeLessThan(60_000);
    for (let n = 0; n < 2; n++) world.broker.fail((await world.acquire()).sessionId, 'another');
    await eventually(
      () => world.inState('quarantined').length === 1 && world.inState('leased').length === 0,
      () => world.describe(),
    );
    expect(world.inState('quarantined')).toMatchObject([{ machineId }]);
    await world.restart({ limits: { quarantinedMs: 300, quarantined: 1 } });
    for (let n = 0; n < 10; n++) world.broker.reconcile();
    expect(world.inState('quarantined')).toMatchObject([{ machineId }]);
    await world.broker.pools.delete('desktop', { force: true });
    await eventually(() => world.machines().length === 0);
  });

  test('only a quarantined one is', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 1, maximum: 2 } });
    await world.start();
    await world.ready(1);
    const { machineId } = world.inState('ready')[0] ?? { machineId: '' };
    expect(() => world.broker.machines.keep(machineId)).toThrow(/quarantined/);
  });
});
