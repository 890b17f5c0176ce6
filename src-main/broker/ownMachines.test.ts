import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFakeBackend } from '../sandbox/fake';
import { homeStore } from '../store/homes';
import { silentLogger } from '../base/logger';
import { Core } from './core';
import { OwnMachines, type OwnMaking, type Want } from './ownMachines';
import type { Fleet } from './fleet';
import { eventually, World } from './testBroker';
import { WheelhouseError } from '../base/errors';
import { createBus } from '../base/bus';
import { systemClock } from '../base/clock';
import { systemIds } from '../base/ids';
import { connectGuest } from '../guest/index';
import type { MachineRow } from '../store/machines';
import type { MachineEvent } from './machineState';
import { poolStore } from '../store/pools';

/** The room alone: a store, and a fleet that only writes. What machines do is the tests' to say. */
let world: World;
let core: Core;
let own: OwnMachines;
let never: AbortController;
let discarded: string[];

beforeEach(() => {
  world = new World(createFakeBackend, { warm: { minimum: 0, maximum: 2 } });
  core = new Core({
    db: world.db,
    backends: world.backends,
    connectGuest,
    probeScreen: async () => ({ width: 1, height: 1, blank: false }),
    controlState: () => {
      throw new Error('nobody asks');
    },
    ...{ bus: createBus(), clock: systemClock, ids: systemIds, logger: silentLogger },
  });
  discarded = [];
  const fleet: Pick<Fleet, 'create' | 'discard'> = {
    create: (what) =>
      core.commit('create.intent', () => {
        const machineId = systemIds.make('m');
        core.machines.insert({ ...what, machineId, secret: 's'.repeat(43), createdAt: core.now });
        return core.machine(machineId);
      }),
    discard(machineId) {
      discarded.push(machineId);
      core.commit('discard', () => core.moveMachine(machineId, 'discard'));
    },
  };
  own = new OwnMachines(core, fleet as Fleet);
  never = new AbortController();
});
afterEach(() => world.close());

const making = (forSession: string, change: Partial<OwnMaking> = {}): OwnMaking => {
  const { image, size } = poolStore(world.db).get('desktop')!.spec;
  return { poolId: 'desktop', backend: 'fake', image, size, forSession, ...change };
};
const want = (forSession: string, change: Partial<Want<string>> & { home?: string } = {}): Promise<string> => {
  const { home, ...rest } = change;
  return own.want({
    making: making(forSession, { homeId: home ?? null }),
    take: ({ machineId }) => {
      core.commit('lease', () => core.moveMachine(machineId, 'lease', { sessionId: forSession }));
      return machineId;
    },
    signal: never.signal,
    ...rest,
  });
};
const dispatch = (): void => own.dispatch(poolStore(world.db).get('desktop')!);
const move = (row: MachineRow | undefined, ...events: MachineEvent[]): void =>
  core.commit('test', () => {
    for (const event of events) {
      if (event === 'destroyed') core.endMachine(row!.machineId);
      else core.moveMachine(row!.machineId, event, { bootId: 'boot' });
    }
  });
const of = (forSession: string) => world.machines().find((row) => row.forSession === forSession);

describe('a machine for one session alone', () => {
  test('is made below the maximum, taken when it is ready, and said in between', async () => {
    const said: string[] = [];
    const one = want('session-1', { progress: (words) => said.push(words) });
    dispatch();
    dispatch();
    expect(world.machines()).toHaveLength(1);
    move(of('session-1'), 'started');
    dispatch();
    move(of('session-1'), 'checked');
    dispatch();
    expect(await one).toBe(of('session-1')?.machineId);
    expect(of('session-1')?.state).toBe('leased');
    expect(said).toEqual(['Its machine is being made.', 'Its machine is being checked.']);
    expect(own.waiting('desktop')).toEqual([]);
  });

  test('waits for a place in its pool and on this computer, and is asked for once', async () => {
    let room = true;
    own.mayMake = () => room;
    const waits = ['session-1', 'session-2', 'session-3'].map((id) => want(id));
    dispatch();
    expect(own.waiting('desktop').map((one) => one.forSession)).toEqual(['session-3']);
    await expect(want('session-3')).rejects.toMatchObject({ code: 'conflict' });
    room = false;
    move(of('session-1'), 'discard', 'destroyed');
    dispatch();
    await expect(waits[0]).rejects.toMatchObject({ code: 'guest_failed' });
    expect(of('session-3')).toBeUndefined();
    room = true;
    dispatch();
    expect(of('session-3')?.state).toBe('creating');
    own.withdrawPool('desktop', new WheelhouseError('not_found', 'The pool was deleted.'));
    await expect(waits[1]).rejects.toMatchObject({ code: 'not_found' });
    await expect(waits[2]).rejects.toMatchObject({ code: 'not_found' });
  });

  test('ends when nobody wants it: by hang-up, deadline, or a take that fails', async () => {
    const late = want('session-1', { ms: 5 });
    dispatch();
    await expect(late).rejects.toMatchObject({ code: 'timeout' });
    dispatch();
    expect(of('session-1')?.state).toBe('destroying');
    move(of('session-1'), 'destroyed');
    const gone = new AbortController();
    const left = want('session-2', { signal: gone.signal });
    dispatch();
    gone.abort(new Error('hung up'));
    await expect(left).rejects.toThrow('hung up');
    await expect(want('session-2', { signal: gone.signal })).rejects.toThrow('hung up');
    dispatch();
    expect(of('session-2')?.state).toBe('destroying');
    move(of('session-2'), 'destroyed');
    const broken = want('session-3', {
      take: () => {
        throw new Error('no space left');
      },
    });
    dispatch();
    move(of('session-3'), 'started', 'checked');
    dispatch();
    await expect(broken).rejects.toThrow('no space left');
    expect(of('session-3')?.state).toBe('destroying');
    expect(discarded).toHaveLength(3);
  });

  test('with a home is made once no other machine has it', async () => {
    core.commit('test', () => {
      homeStore(world.db).insert({
        ...{ homeId: 'work', poolId: 'desktop', backend: 'fake', caller: 'claude', keep: true, sessionId: 'session-1' },
        ...{ quotaMiB: 1, expiresAfterDays: 1, usedMs: 0, createdAt: core.now },
      });
    });
    const first = want('session-1', { home: 'work' });
    dispatch();
    move(of('session-1'), 'started', 'checked');
    dispatch();
    const before = await first;
    await expect(
      Promise.all([want('session-2', { home: 'work' }), Promise.resolve().then(() => dispatch())]),
    ).rejects.toMatchObject({ code: 'conflict' });
    move(core.machine(before), 'release');
    const said: string[] = [];
    const second = want('session-1', { home: 'work', progress: (words) => said.push(words) });
    dispatch();
    expect(world.machines()).toHaveLength(1);
    expect(said).toEqual(['Its home is still with its last machine, which is being ended.']);
    move(core.machine(before), 'destroyed');
    dispatch();
    move(of('session-1'), 'started', 'checked');
    dispatch();
    const after = await second;
    // Set aside with it: it goes as soon as the home is wanted.
    move(core.machine(after), 'broken');
    void want('session-1', { home: 'work' }).catch(() => {});
    dispatch();
    expect(core.machine(after).state).toBe('destroying');
    own.withdrawAll(new WheelhouseError('not_ready', 'Stopping.'));
  });

  test('in a pool that hands out nothing only for whoever had one before', async () => {
    own.blocked = () => new WheelhouseError('pool_paused', 'The pool is paused.');
    const fresh = want('session-1');
    const back = want('session-2', { alsoPaused: true });
    dispatch();
    await expect(fresh).rejects.toMatchObject({ code: 'pool_paused' });
    expect(of('session-2')?.state).toBe('creating');
    own.blocked = () => new WheelhouseError('image_missing', 'There is no image.');
    dispatch();
    await expect(back).rejects.toMatchObject({ code: 'image_missing' });
    await eventually(() => of('session-2')?.state === 'destroying');
  });
});
