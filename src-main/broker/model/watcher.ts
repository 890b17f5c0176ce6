import type { CapacityLimits } from '@shared/capacity';
import { sql, type Database } from '../../store/database';
import type { SessionStatus } from '@shared/session';
import type { MachineState } from '@shared/pool';
import { isEnded } from '../sessionState';
import {
  ceilingAfter,
  machineMayMove,
  newSession,
  sessionMayMove,
  type HomeModel,
  type MachineSeen,
  type SessionModel,
} from './reference';

interface MachineSight {
  id: string;
  pool_id: string;
  state: MachineState;
  session_id: string | null;
  for_session: string | null;
  home_id: string | null;
  size: string;
}
interface SessionSight {
  id: string;
  computer_id: string;
  pool_id: string;
  machine_id: string | null;
  status: SessionStatus;
  caller: string;
  created_at: string;
  home_id: string | null;
}
interface HomeSight {
  id: string;
  session_id: string | null;
  caller: string | null;
  keep: number;
  deleting: number;
  expires_after_days: number;
}

/** Something that must never happen has happened. */
export class Broken extends Error {}
const must = (fact: boolean, words: () => string): void => {
  if (!fact) throw new Broken(words());
};

/** Looks at the store after every commit, and holds it against the reference model. Knows nothing of the broker. */
export class Watcher {
  readonly sessions = new Map<string, SessionModel>();
  readonly machines = new Map<string, MachineSeen>();
  /** By pool: what it may have at most. */
  private readonly ceilings = new Map<string, number>();
  private hostCeiling = Number.POSITIVE_INFINITY;
  /** Who had a machine; a machine serves one session in its life. */
  private readonly served = new Map<string, string>();
  /** Machines that something was done to, by whose loss a session may fail. */
  readonly hurt = new Set<string>();
  readonly homes = new Map<string, HomeModel>();
  /** Homes that went, for whoever remembers what was in them. */
  onHomeGone: (homeId: string) => void = () => {};
  broken: Error | null = null;
  looks = 0;

  constructor(private readonly db: Database) {}

  session(sessionId: string): SessionModel {
    let model = this.sessions.get(sessionId);
    if (!model) this.sessions.set(sessionId, (model = newSession()));
    return model;
  }
  homeMayGo(homeId: string): void {
    const home = this.homes.get(homeId);
    if (home) home.mayGo = true;
  }
  /** So many milliseconds may have been counted. */
  pass(ms: number): void {
    for (const home of this.homes.values()) home.unusedMs += ms;
  }
  /** Called inside the broker, whose own error handling must not swallow what is found. */
  look(): void {
    if (this.broken) return;
    try {
      this.looks += 1;
      this.compare();
    } catch (error) {
      this.broken = error as Error;
    }
  }
  throwIfBroken(): void {
    if (this.broken) throw this.broken;
  }

  private compare(): void {
    const machines = sql(
      this.db,
      'SELECT id, pool_id, state, session_id, for_session, home_id, size FROM machines',
    ).all() as unknown as MachineSight[];
    const sessions = sql(
      this.db,
      'SELECT id, computer_id, pool_id, machine_id, status, caller, created_at, home_id FROM sessions',
    ).all() as unknown as SessionSight[];
    const homes = sql(
      this.db,
      'SELECT id, session_id, caller, keep, deleting, expires_after_days FROM homes',
    ).all() as unknown as HomeSight[];
    this.compareMachines(machines);
    this.compareSessions(sessions, new Map(machines.map((row) => [row.id, row])));
    this.compareHomes(homes, machines, sessions);
    this.comparePools(machines);
  }

  private compareMachines(rows: readonly MachineSight[]): void {
    const now = new Map(rows.map((row) => [row.id, row.state]));
    for (const [id, before] of this.machines) {
      const state = now.get(id) ?? 'none';
      must(machineMayMove(before, state), () => `machine ${id} went from ${before} to ${state}`);
      this.machines.set(id, state);
    }
    for (const [id, state] of now) this.machines.set(id, state);
    const leased = rows.filter((row) => row.state === 'leased');
    const holders = leased.map((row) => row.session_id);
    must(!holders.includes(null), () => 'a leased machine has no session');
    must(new Set(holders).size === holders.length, () => `one session has two machines: ${holders.join()}`);
    for (const row of leased) {
      const first = this.served.get(row.id) ?? row.session_id;
      must(first === row.session_id, () => `machine ${row.id} served ${first} and then ${row.session_id}`);
      this.served.set(row.id, row.session_id ?? '');
    }
    const own = rows
      .filter((row) => row.for_session !== null && ['creating', 'starting', 'ready', 'leased'].includes(row.state))
      .map((row) => row.for_session);
    must(new Set(own).size === own.length, () => `two machines are made for one session: ${own.join()}`);
  }

  private compareSessions(rows: readonly SessionSight[], machines: Map<string, MachineSight>): void {
    const now = new Map(rows.map((row) => [row.id, row]));
    for (const row of rows) this.session(row.id);
    for (const [id, model] of this.sessions) {
      const row = now.get(id);
      if (row?.machine_id && this.hurt.has(row.machine_id)) model.licences.add('hurt');
      const seen = row?.status ?? 'none';
      must(
        sessionMayMove(model.seen, seen, model.licences),
        () =>
          `session ${id} went from ${model.seen} to ${seen}, having only ${[...model.licences].join() || 'nothing'}`,
      );
      if (model.told) must(row !== undefined, () => `session ${id} was acknowledged and is gone`);
      if (row) this.compareSession(row, model, machines);
      model.seen = seen;
    }
  }
  private compareSession(row: SessionSight, model: SessionModel, machines: Map<string, MachineSight>): void {
    const { told } = model;
    const machine = row.machine_id === null ? undefined : machines.get(row.machine_id);
    if (told) {
      must(row.computer_id === told.computerId, () => `session ${row.id} has another computer id`);
      must(row.pool_id === told.poolId && row.caller === told.caller, () => `session ${row.id} changed hands`);
      must(row.created_at === told.createdAt, () => `session ${row.id} was made anew`);
      must(told.homeId === null || row.home_id === told.homeId, () => `session ${row.id} has another home`);
    }
    if (row.status === 'active') {
      must(
        machine?.state === 'leased' && machine.session_id === row.id,
        () => `session ${row.id} is active and its machine ${row.machine_id} is ${machine?.state ?? 'not there'}`,
      );
      const moved = model.seen === 'active' && model.machineId !== row.machine_id;
      must(!moved || model.licences.has('suspend'), () => `session ${row.id} got another machine while it was active`);
      model.machineId = row.machine_id;
      if (model.calls === 0) model.licences.delete('called');
      model.suspendedMs = 0;
    }
    if (row.status === 'idle') must(row.machine_id === null, () => `session ${row.id} is suspended with a machine`);
    if (isEnded(row.status))
      must(
        machine?.state !== 'leased' || machine.session_id !== row.id,
        () => `session ${row.id} has ended and its machine is still leased`,
      );
  }

  private compareHomes(
    homes: readonly HomeSight[],
    machines: readonly MachineSight[],
    sessions: readonly SessionSight[],
  ) {
    const held = homes.flatMap((home) => (home.session_id === null ? [] : [home.session_id]));
    must(new Set(held).size === held.length, () => `one session has two homes: ${held.join()}`);
    const known = new Set(homes.map((home) => home.id));
    for (const home of homes) this.noteHome(home);
    for (const [id, model] of this.homes) {
      if (known.has(id)) continue;
      must(model.mayGo, () => `the home ${id}, which somebody has, is gone`);
      this.homes.delete(id);
      this.onHomeGone(id);
    }
    // A home has one writer: at most one machine that is up or coming up.
    const up = machines.filter((row) => ['creating', 'starting', 'ready', 'leased'].includes(row.state));
    const writers = up.flatMap((row) => (row.home_id === null ? [] : [row.home_id]));
    must(new Set(writers).size === writers.length, () => `a home has two machines: ${writers.join()}`);
    for (const row of sessions)
      if ((row.status === 'active' || row.status === 'idle' || row.status === 'acquiring') && row.home_id !== null)
        must(known.has(row.home_id), () => `the home ${row.home_id} of session ${row.id} (${row.status}) is gone`);
    for (const row of sessions)
      if (row.status === 'idle') must(row.home_id !== null, () => `session ${row.id} is suspended without a home`);
  }

  private noteHome(home: HomeSight): void {
    if (home.caller === null) return;
    const before = this.homes.get(home.id);
    const model = before ?? { keep: home.keep === 1, unusedMs: 0, mayGo: false };
    if (!before) this.homes.set(home.id, model);
    model.keep = home.keep === 1;
    if (home.session_id !== null) {
      must(!home.deleting, () => `the home ${home.id} goes while ${home.session_id} has it`);
      model.unusedMs = 0;
      // It may go with its session, unless it was to be kept; with one that expires it goes in any case.
      model.mayGo = !model.keep || this.session(home.session_id).licences.has('days');
    } else if (model.unusedMs >= home.expires_after_days * 86_400_000) model.mayGo = true;
  }

  private comparePools(machines: readonly MachineSight[]): void {
    const pools = sql(this.db, 'SELECT id, spec FROM pools').all() as unknown as { id: string; spec: string }[];
    for (const { id, spec } of pools) {
      const { warm } = JSON.parse(spec) as { warm: { maximum: number } };
      const count = machines.filter((row) => row.pool_id === id).length;
      const ceiling = this.ceilings.get(id) ?? warm.maximum;
      must(count <= Math.max(ceiling, warm.maximum), () => `pool ${id} has ${count} machines and may have ${ceiling}`);
      this.ceilings.set(id, ceilingAfter(ceiling, count, warm.maximum));
    }
    const count = machines.length;
    must(count <= this.hostCeiling, () => `${count} machines on a computer for ${this.hostCeiling}`);
    this.hostCeiling = ceilingAfter(this.hostCeiling, count, this.hostMaximum);
  }
  private hostMaximum = Number.POSITIVE_INFINITY;
  /** The computer's limit is one of these from now on. */
  hostLimit(limits: readonly CapacityLimits[]): void {
    this.hostMaximum = Math.max(...limits.map(({ machines }) => machines ?? Number.POSITIVE_INFINITY));
    const { count } = sql(this.db, 'SELECT count(*) AS count FROM machines').get() as { count: number };
    this.hostCeiling = ceilingAfter(this.hostCeiling, count, this.hostMaximum);
  }
}
