import { setMaxListeners } from 'node:events';
import { iso } from '../base/clock';
import { WheelhouseError } from '../base/errors';
import { isStoreFault, transaction } from '../store/database';
import { homeStore, type HomeStore } from '../store/homes';
import { machineStore, type MachineMove, type MachineRow, type MachineStore } from '../store/machines';
import { poolStore, type PoolStore } from '../store/pools';
import { sessionStore, type SessionMove, type SessionRow, type SessionStore } from '../store/sessions';
import { CountedClock, countedTimeStore } from './countedClock';
import { Boots } from './boots';
import { endMachineHome, endSessionHome } from './homeEnds';
import { nextMachineState, type MachineEvent } from './machineState';
import { defaultLimits, type BrokerHooks, type BrokerOptions, type Limits } from './options';
import { Quarantine } from './quarantine';
import { isEnded, nextSessionStatus, type SessionEvent } from './sessionState';

const notRecorded = (cause: unknown): WheelhouseError =>
  new WheelhouseError(
    'not_recorded',
    'The disk of Wheelhouse’s data folder takes nothing more, so this could not be recorded. Make room on it, then try again.',
    { retryAfterSeconds: 10 },
    { cause },
  );

/** What one commit changed, told to whoever announces it, after it is durable. */
export interface Changes {
  pools: Set<string>;
  machines: Map<string, MachineRow>;
  sessions: Set<string>;
  homes: Set<string>;
}

/**
 * The ground under the broker's parts: the store behind one door (`commit`), effects behind another (`effect`), and the
 * state machines applied on the way in. Both doors close when the broker stops, so that nothing that was still under way
 * writes to a store that belongs to the next broker; and both name their points for the tests that kill it there.
 */
export class Core {
  readonly pools: PoolStore;
  readonly machines: MachineStore;
  readonly sessions: SessionStore;
  readonly homes: HomeStore;
  readonly limits: Limits;
  readonly hooks: BrokerHooks;
  readonly random: () => number;
  readonly stopping = new AbortController();
  readonly quarantine: Quarantine;
  readonly boots = new Boots();
  /** For what is kept for days. */
  readonly counted: CountedClock;
  private changes: Changes | null = null;
  private closed = false;
  onCommitted: (changes: Changes) => void = () => {};

  constructor(readonly options: BrokerOptions) {
    this.pools = poolStore(options.db);
    this.machines = machineStore(options.db);
    this.sessions = sessionStore(options.db);
    this.homes = homeStore(options.db);
    this.limits = { ...defaultLimits, ...options.limits };
    this.hooks = options.hooks ?? {};
    this.random = options.random ?? Math.random;
    this.quarantine = new Quarantine(options.clock);
    const time = countedTimeStore(options.db);
    this.counted = new CountedClock(options.clock, {
      load: () => time.load(),
      save: (counted) => this.commit('counted', () => time.save(counted)),
    });
    // Everything under way listens to it, and lets go when done.
    setMaxListeners(0, this.stopping.signal);
  }
  get stopped(): boolean {
    return this.closed;
  }
  get now(): string {
    return iso(this.options.clock.now());
  }
  close(): void {
    this.closed = true;
  }

  /** One transaction; durable when it returns. What changed is announced after it. */
  commit<T>(point: string, work: () => T): T {
    if (this.changes) return work();
    if (this.closed) throw new WheelhouseError('not_ready', 'Wheelhouse is stopping.');
    this.options.fault?.(point);
    const changes: Changes = { pools: new Set(), machines: new Map(), sessions: new Set(), homes: new Set() };
    this.changes = changes;
    let result: T;
    try {
      result = transaction(this.options.db, work);
    } catch (error) {
      throw isStoreFault(error) ? notRecorded(error) : error;
    } finally {
      this.changes = null;
    }
    this.options.fault?.(`${point}+`);
    this.onCommitted(changes);
    return result;
  }
  /** For what nobody waits for: a failure (a full disk, say) is logged, and whoever looks next tries again. */
  guard(what: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!this.closed) this.options.logger.error({ err: error }, `${what} failed`);
    }
  }
  /** Something done to the world outside the store. */
  async effect<T>(point: string, run: () => Promise<T>): Promise<T> {
    if (this.closed) throw new WheelhouseError('not_ready', 'Wheelhouse is stopping.');
    this.options.fault?.(point);
    const result = await run();
    this.options.fault?.(`${point}+`);
    return result;
  }

  /** Inside a commit. Returns the machine as it is now. */
  moveMachine(machineId: string, event: MachineEvent, change: Omit<MachineMove, 'at'> = {}): MachineRow {
    const row = this.machine(machineId);
    const state = nextMachineState(row.state, event);
    this.machines.move(machineId, row.state, state, { ...change, at: this.now });
    const moved = this.machine(machineId);
    this.noteMachine(moved);
    return moved;
  }
  /** Inside a commit: its last step, and the row goes. */
  endMachine(machineId: string): void {
    const row = this.machine(machineId);
    const state = nextMachineState(row.state, 'destroyed');
    this.machines.remove(machineId);
    endMachineHome(this, row);
    this.quarantine.forget(machineId);
    this.noteMachine({ ...row, state, since: this.now });
  }
  noteMachine(row: MachineRow): void {
    this.changes?.machines.set(row.machineId, row);
    this.changes?.pools.add(row.poolId);
  }
  machine(machineId: string): MachineRow {
    const row = this.machines.get(machineId);
    if (!row) throw new WheelhouseError('not_found', `There is no machine ${machineId}.`);
    return row;
  }

  /** Inside a commit. */
  moveSession(sessionId: string, event: SessionEvent, change: SessionMove = {}): SessionRow {
    const row = this.session(sessionId);
    const status = nextSessionStatus(row.status, event);
    this.sessions.move(sessionId, row.status, status, change);
    if (isEnded(status)) endSessionHome(this, sessionId, status);
    this.noteSession(row.sessionId, row.poolId);
    return this.session(sessionId);
  }
  noteSession(sessionId: string, poolId: string): void {
    this.changes?.sessions.add(sessionId);
    this.changes?.pools.add(poolId);
  }
  noteHome(homeId: string): void {
    this.changes?.homes.add(homeId);
  }
  notePool(poolId: string): void {
    this.changes?.pools.add(poolId);
  }
  session(sessionId: string): SessionRow {
    const row = this.sessions.get(sessionId);
    if (!row) throw new WheelhouseError('session_gone', 'There is no such session.');
    return row;
  }
}
