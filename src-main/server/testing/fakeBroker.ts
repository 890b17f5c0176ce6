import { Readable } from 'node:stream';
import type { CapacityLimits } from '@shared/capacity';
import type { Home } from '@shared/home';
import type { Machine } from '@shared/pool';
import { iso } from '../../base/clock';
import { WheelhouseError } from '../../base/errors';
import type { Broker } from '../../broker/types';

const unknown = (what: string, data = {}) => new WheelhouseError('not_found', `There is no such ${what}.`, data);

/** Homes as the broker answers of them: listed, read, and refused to be removed while a session has one. */
export function fakeHomes() {
  const all = new Map<string, { home: Home; read: (signal: AbortSignal) => Readable }>();
  const find = (homeId: string) => {
    const found = all.get(homeId);
    if (!found) throw unknown('home', { homeId });
    return found;
  };
  const homes: Broker['homes'] = {
    list: (filter = {}) =>
      [...all.values()]
        .map(({ home }) => home)
        .filter((home) => (filter.poolId ?? home.poolId) === home.poolId)
        .filter((home) => (filter.caller ?? home.caller) === home.caller),
    get: (homeId) => find(homeId).home,
    async remove(homeId) {
      if (find(homeId).home.sessionId !== null) throw new WheelhouseError('conflict', 'A session has this home.');
      all.delete(homeId);
    },
    async read(homeId, signal) {
      const { home, read } = find(homeId);
      return { format: home.backend === 'qemu' ? 'qcow2' : 'tar', bytes: home.bytes, stream: read(signal) };
    },
  };
  const add = (
    homeId: string,
    change: Partial<Home> = {},
    read: (signal: AbortSignal) => Readable = () => Readable.from([Buffer.from(homeId)]),
  ): Home => {
    const home: Home = {
      homeId,
      poolId: 'desktop',
      backend: 'docker',
      caller: 'one',
      keep: true,
      state: change.sessionId ? 'attached' : 'kept',
      sessionId: null,
      machineId: null,
      bytes: null,
      quotaMiB: 1024,
      quotaEnforced: false,
      overQuota: false,
      createdAt: iso(0),
      lastUsedAt: iso(0),
      expiresAt: null,
      reason: null,
      ...change,
    };
    all.set(homeId, { home, read });
    return home;
  };
  return { homes, add };
}

/** Machines to look at; only a quarantined one runs commands and is kept. */
export function fakeMachines() {
  const all = new Map<string, Machine>();
  const find = (machineId: string): Machine => {
    const machine = all.get(machineId);
    if (!machine) throw unknown('machine');
    return machine;
  };
  const quarantined = (machineId: string): Machine => {
    const machine = find(machineId);
    if (machine.state !== 'quarantined') throw new WheelhouseError('conflict', 'This machine is not quarantined.');
    return machine;
  };
  const machines: Broker['machines'] = {
    look: async (machineId) => ({
      machine: find(machineId),
      state: 'running',
      lastSessionId: null,
      frame: null,
      frameAt: null,
      console: ['a\u001bline'],
      consoleError: null,
      canRun: find(machineId).state === 'quarantined',
    }),
    async run(machineId, command, by) {
      quarantined(machineId);
      return { output: `${by}: ${command}`, exitCode: command === 'false' ? 1 : 0, truncated: false, durationMs: 1 };
    },
    keep(machineId) {
      const machine = { ...quarantined(machineId), keptUntil: iso(3_600_000) };
      all.set(machineId, machine);
      return machine;
    },
  };
  const pool = {
    machines: async (poolId: string) => [...all.values()].filter((each) => each.poolId === poolId),
    destroyMachine: async (machineId: string) => {
      find(machineId);
      all.delete(machineId);
    },
  };
  const add = (machineId: string, change: Partial<Machine> = {}): void => {
    const still = { since: iso(0), reason: null, cpuPercent: null, memoryBytes: null, sessionId: null };
    all.set(machineId, { machineId, poolId: 'desktop', state: 'ready', image: 'desktop:1', ...still, ...change });
  };
  return { machines, pool, add };
}

export function fakeCapacity(): Broker['capacity'] {
  const defaults: CapacityLimits = { machines: null, memoryMiB: 6_144, cpus: null };
  let limits = defaults;
  const taken = { machines: 1, memoryMiB: 2_048, cpus: 2 };
  const get = () => ({
    limits,
    defaults,
    host: { memoryMiB: 8_192, cpus: 4 },
    taken,
    pools: [{ poolId: 'desktop', taken, share: 3 }],
  });
  return { get, set: (next) => ((limits = next), get()) };
}
