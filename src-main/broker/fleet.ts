import type { MachineTrouble } from '@shared/pool';
import { bounded } from '../base/bounded';
import { asWheelhouseError, WheelhouseError } from '../base/errors';
import type { MachineRow } from '../store/machines';
import type { PoolRow } from '../store/pools';
import type { BackendWatch } from './backendWatch';
import { Breaker, type Failure } from './breaker';
import type { Core } from './core';
import { checkMachine } from './machineCheck';
import type { Homes } from './homes';
import type { MachineLinks } from './machineLinks';
import type { Making } from './pending';
import type { Preparations } from './preparations';
import { Turns } from './turns';
import { reasonOf, troubleOf } from './trouble';
import { wordsOf } from './words';

interface Work {
  kind: 'up' | 'down';
  stop: AbortController;
  done: Promise<void>;
}

/**
 * Machines made and unmade. At most one piece of work a machine, a bounded number over all. Every step is written before
 * it is done, so that a broker that dies in between finds a machine in the state whose work is to be done again; the
 * backend's calls are idempotent by machine id, which makes "again" safe.
 */
export class Fleet {
  private readonly work = new Map<string, Work>();
  private readonly breakers = new Map<string, Breaker>();
  /** Ready machines whose processors are stopped until somebody gets them. */
  private readonly parked = new Set<string>();
  /** Machines that passed a check of this broker's. */
  private readonly checked = new Set<string>();
  private readonly downRetryAt = new Map<string, number>();
  /** What is done to machines under their sessions; none is ended meanwhile. */
  readonly turns = new Turns();
  /** A machine came up, ended or failed: look at its pool again. */
  onProgress: (poolId: string) => void = () => {};
  /** A machine for anybody came up, so many milliseconds after it was begun; and one that takes a place was written. */
  onMade: (poolId: string, ms: number) => void = () => {};
  onCreate: (row: MachineRow) => void = () => {};
  /** One that was ready did not answer: its backend may know more. */
  onSuspect: (machineId: string) => void = () => {};
  homes!: Homes;

  constructor(
    private readonly core: Core,
    private readonly watch: BackendWatch,
    readonly links: MachineLinks,
    private readonly preparations: Preparations,
  ) {
    this.turns.onDone = (machineId) => {
      const row = core.stopped ? undefined : core.machines.get(machineId);
      if (row) this.onProgress(row.poolId);
    };
  }

  savesMachines(row: Pick<MachineRow, 'backend'>): boolean {
    return this.watch.backend(row.backend)?.checkpoints !== undefined;
  }
  /** It is stopped while it is ready and nobody has it, or is to be: by its backend's nature, or as its pool says. */
  parks(row: MachineRow): boolean {
    // The last broker may have stopped it: nobody knows before it was woken here.
    const unknown = row.state === 'starting' && row.bootId !== null && !this.checked.has(row.machineId);
    const can = Boolean(this.watch.backend(row.backend)?.parks);
    return this.parked.has(row.machineId) || this.wantsParked(row) || (can && unknown);
  }
  /** Ready, and stopped although its pool has it run now, or the other way round. */
  misparked(row: MachineRow, pool: PoolRow): boolean {
    if (row.state !== 'ready' || row.forSession !== null) return false;
    return this.parked.has(row.machineId) !== this.wantsParked(row, pool);
  }
  private wantsParked({ backend, poolId }: MachineRow, pool = this.core.pools.get(poolId)): boolean {
    const parks = this.watch.backend(backend)?.parks;
    return parks === 'optional' ? pool?.spec.warm.freeze === true : parks === true;
  }
  /** Stopped, by us or on a person's word, or being put back: it can't answer, and its silence is no fault. */
  quiet(row: MachineRow): boolean {
    return (row.state === 'ready' && this.parks(row)) || row.frozen || row.restoring !== null;
  }
  /** Stops the processors of a ready machine until it is handed out. */
  async park(row: MachineRow, signal: AbortSignal): Promise<void> {
    const backend = this.watch.backend(row.backend);
    this.parked.add(row.machineId);
    await this.core.effect('park', () =>
      bounded('Parking a machine', this.core.limits.pauseMs, signal, async (s) =>
        backend?.park ? backend.park(row.machineId, row.secret, s) : backend?.pause(row.machineId, s),
      ),
    );
  }
  async wake(row: MachineRow, ms: number, signal: AbortSignal): Promise<void> {
    const backend = this.watch.backend(row.backend);
    await this.core.effect('wake', () =>
      bounded('Waking a machine', ms, signal, async (s) => backend?.unpause(row.machineId, s)),
    );
    this.parked.delete(row.machineId);
  }

  busy(machineId: string): boolean {
    return this.work.has(machineId);
  }
  freeSlots(kind: Work['kind']): number {
    const limit = kind === 'up' ? this.core.limits.createsAtOnce : this.core.limits.destroysAtOnce;
    return Math.max(0, limit - [...this.work.values()].filter((work) => work.kind === kind).length);
  }
  /** The last failure to make a machine for this pool, until one succeeds. */
  failure(poolId: string): Failure | null {
    return this.breakers.get(poolId)?.failure(this.core.options.clock.monotonic()) ?? null;
  }
  /** How many may be begun now for this pool, as far as its failures go; `basis`: what they would be made of and by. */
  allows(poolId: string, underWay: number, basis: string): number {
    const breaker = this.breaker(poolId);
    breaker.under(basis);
    return breaker.allows(this.core.options.clock.monotonic(), underWay);
  }
  forgetPool(poolId: string): void {
    this.breakers.delete(poolId);
  }
  /** Somebody mended something: what failed says nothing any more. */
  forgive(poolId: string): void {
    this.breakers.get(poolId)?.reset();
    this.preparations.forgive();
  }
  /** A person wants to know whether it works now: one try without waiting. */
  retry(poolId: string): void {
    this.breakers.get(poolId)?.retry();
    this.preparations.forgive();
  }
  private breaker(poolId: string): Breaker {
    let breaker = this.breakers.get(poolId);
    if (!breaker) this.breakers.set(poolId, (breaker = new Breaker(this.core.limits, this.core.random)));
    return breaker;
  }

  /** Writes the intent; the effect is the next pass's (or the next broker's). */
  create(what: Making): MachineRow {
    const { ids } = this.core.options;
    const machineId = ids.make('m');
    const made = this.core.commit('create.intent', () => {
      this.core.machines.insert({
        ...what,
        homeId: this.homes.forMachine(what),
        machineId,
        secret: ids.secret(),
        createdAt: this.core.now,
      });
      const row = this.core.machine(machineId);
      this.core.noteMachine(row);
      return row;
    });
    this.onCreate(made);
    return made;
  }
  discard(machineId: string, reason: string): void {
    this.core.commit('discard', () => this.core.moveMachine(machineId, 'discard', { reason }));
    this.abort(machineId, reason);
    this.links.close(machineId);
  }
  /** A machine that failed, was lost or must not be trusted: kept for a look, never handed out again. */
  quarantine(machineId: string, happened: string, trouble: MachineTrouble): void {
    const reason = reasonOf(trouble, happened, 'nobody');
    this.core.commit('quarantine', () => this.core.moveMachine(machineId, 'broken', { reason, trouble }));
    this.abort(machineId, reason);
    this.links.close(machineId);
  }
  /** Not ready until it has proven itself again. */
  recheck(machineId: string, reason: string): void {
    this.core.commit('recheck', () => this.core.moveMachine(machineId, 'recheck', { reason }));
    this.links.close(machineId);
    this.onSuspect(machineId);
  }
  abort(machineId: string, reason: string): void {
    this.work.get(machineId)?.stop.abort(new WheelhouseError('not_ready', reason));
  }

  /** Goes on with whatever this machine's state asks for, if its backend answers and there is a slot. */
  advance(row: MachineRow): void {
    if (this.work.has(row.machineId) || this.core.stopped || !this.watch.reachable(row.backend)) return;
    const now = this.core.options.clock.monotonic();
    if (row.state === 'creating' || row.state === 'starting') {
      if (row.state === 'creating' && row.fromCheckpoint === null && !this.preparations.settled(row)) return;
      if (this.freeSlots('up') > 0) this.begin(row, 'up', (signal) => this.bringUp(row, signal));
    } else if (row.state === 'resetting' || row.state === 'destroying') {
      if ((this.downRetryAt.get(row.machineId) ?? 0) > now || this.turns.busy(row.machineId)) return;
      if (this.freeSlots('down') > 0) this.begin(row, 'down', (signal) => this.tearDown(row, signal));
    }
  }
  async settle(): Promise<void> {
    await this.turns.settle();
    while (this.work.size > 0) await Promise.all([...this.work.values()].map((work) => work.done));
  }

  private begin(row: MachineRow, kind: Work['kind'], run: (signal: AbortSignal) => Promise<void>): void {
    const stop = new AbortController();
    const cancel = (): void => stop.abort(this.core.stopping.signal.reason);
    this.core.stopping.signal.addEventListener('abort', cancel, { once: true });
    const done = run(stop.signal)
      .catch((error: unknown) =>
        this.core.options.logger.error({ machineId: row.machineId, err: error }, 'work on a machine failed'),
      )
      .finally(() => {
        this.core.stopping.signal.removeEventListener('abort', cancel);
        this.work.delete(row.machineId);
        if (!this.core.stopped) this.onProgress(row.poolId);
      });
    this.work.set(row.machineId, { kind, stop, done });
  }

  private async bringUp(row: MachineRow, signal: AbortSignal): Promise<void> {
    const { core } = this;
    const backend = this.watch.backend(row.backend);
    if (!backend) return;
    const { machineId, poolId, image, size, secret } = row;
    const { createMs, checkMs, bootMs, pauseMs } = core.limits;
    const boots = backend.prepare !== undefined;
    const began = core.options.clock.monotonic();
    const home = this.homes.specOf(row);
    const spec = { machineId, poolId, image, size, secret, ...(home && { home }) };
    try {
      if (row.state === 'creating') {
        await core.effect('create', () =>
          bounded('Making a machine', boots ? Math.max(createMs, bootMs) : createMs, signal, (s) =>
            backend.create(row.fromCheckpoint === null ? spec : { ...spec, fromCheckpoint: row.fromCheckpoint }, s),
          ),
        );
        if (signal.aborted) throw signal.reason;
        core.commit('create.started', () => core.moveMachine(machineId, 'started'));
      }
      // The last broker may have parked it already.
      else if (this.parks(row)) await this.wake(row, pauseMs, signal);
      const patience = boots && row.bootId === null ? Math.max(checkMs, bootMs) : checkMs;
      const { guest, bootId } = await checkMachine(core, this.watch, this.links, row, signal, patience);
      try {
        // Before anybody can have it, so that its pause never meets the session; a branch goes straight to its own.
        if (this.wantsParked(row) && row.forSession === null) await this.park(row, signal);
        if (signal.aborted) throw signal.reason;
        core.commit('check.passed', () => core.moveMachine(machineId, 'checked', { bootId }));
        this.checked.add(machineId);
      } catch (error) {
        guest.close();
        throw error;
      }
      this.links.adopt(machineId, guest);
      if (row.bootId === null) this.breaker(poolId).succeeded();
      if (row.state === 'creating' && row.forSession === null)
        this.onMade(poolId, core.options.clock.monotonic() - began);
    } catch (error) {
      if (!core.stopped && !signal.aborted) await this.failed(row, asWheelhouseError(error), began);
    }
  }
  private async failed(row: MachineRow, error: WheelhouseError, began: number): Promise<void> {
    const { core } = this;
    core.options.logger.warn(
      { machineId: row.machineId, poolId: row.poolId, code: error.code, err: error.cause ?? error },
      'a machine did not get ready',
    );
    if (error.code === 'backend_unreachable') {
      // Nothing is known about it: its state stays, and it is gone on with once the backend answers.
      await this.watch.look(row.backend);
      if (!this.watch.reachable(row.backend) || core.stopped) return;
    }
    if (error.code === 'image_missing') void this.watch.look(row.backend);
    const now = core.machines.get(row.machineId);
    if (!now || (now.state !== 'creating' && now.state !== 'starting')) return;
    this.quarantine(row.machineId, wordsOf(error), troubleOf(error, row.bootId === null));
    // One that was ready once died of something else than its making.
    if (row.bootId === null && row.forSession === null)
      this.breaker(row.poolId).failed(core.options.clock.monotonic(), began, {
        code: error.code,
        message: wordsOf(error),
      });
  }

  private async tearDown(row: MachineRow, signal: AbortSignal): Promise<void> {
    const { core } = this;
    const { machineId } = row;
    const backend = this.watch.backend(row.backend);
    if (!backend) return;
    this.links.close(machineId);
    try {
      await core.effect('destroy', () =>
        bounded('Ending a machine', core.limits.destroyMs, signal, (s) => backend.destroy(machineId, s)),
      );
      core.commit('destroy.gone', () => core.endMachine(machineId));
      this.downRetryAt.delete(machineId);
      this.parked.delete(machineId);
      this.checked.delete(machineId);
    } catch (error) {
      if (core.stopped || signal.aborted) return;
      const failure = asWheelhouseError(error);
      core.options.logger.warn(
        { machineId, code: failure.code, err: failure.cause ?? failure },
        'a machine could not be ended',
      );
      this.downRetryAt.set(machineId, core.options.clock.monotonic() + core.limits.backoffMs * 5);
      if (failure.code === 'backend_unreachable') void this.watch.look(row.backend);
      else
        core.commit('destroy.failed', () =>
          core.machines.setReason(machineId, `Ending it failed: ${wordsOf(failure)}`),
        );
    }
  }
}
