import type { CapacityLimits } from '@shared/capacity';
import type { ErrorCode } from '@shared/errors';
import { poolDefaults, type PoolSpec } from '@shared/pool';
import type { Session } from '@shared/session';
import type { Caller } from '../../base/caller';
import { sql } from '../../store/database';
import { isEnded } from '../sessionState';
import { advance, book } from './passing';
import { hostLimits, poolPatches, type EngineFault, type MachineFault, type Op, type Step } from './ops';
import type { SessionModel } from './reference';
import type { World } from './world';

const note = '/home/session/note';
const never = new AbortController().signal;
const callerOf = (n: number): Caller => {
  const name = n % 3 === 0 ? 'gpt' : 'claude';
  return { tokenId: `t-${name}`, name, role: 'agent', pools: [] };
};

interface Ask {
  sessionId: string;
  stop: AbortController;
  over: boolean;
}

/** What an acquire may answer when nothing is wrong with the broker itself. */
const refusals: readonly ErrorCode[] = [
  ...(['not_ready', 'acquire_timeout', 'timeout', 'queue_full', 'session_limit', 'pool_paused', 'not_found'] as const),
  ...(['conflict', 'key_reused', 'backend_unreachable', 'image_missing', 'guest_failed', 'guest_timeout'] as const),
  ...(['session_gone', 'not_supported', 'too_many'] as const),
];

/** Does what a run says to the world, and tells the watcher what that licenses. */
export class Driver {
  /** Requests that no answer came to yet. */
  readonly asks = new Set<Ask>();
  /** How often something really happened, by name: a trial that tries nothing proves nothing. */
  readonly counts = new Map<string, number>();
  /** What a key asked for first, which a retry must repeat. */
  private readonly asked = new Map<string, string>();
  /** What was written into a home last, by the home's id. */
  private readonly written = new Map<string, string>();
  private readonly generations = new Map<number, number>();
  private writes = 0;
  /** By how far the wall clock leapt since the broker last looked: one that dies before it does takes that for its absence. */
  unseenWallMs = 0;
  private limits: CapacityLimits = hostLimits[0];

  constructor(readonly world: World) {
    world.watcher.onHomeGone = (homeId) => this.written.delete(homeId);
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const { op, turns } of steps) {
      if (this.world.life.dead && op.op !== 'time') this.revive();
      await this.act(op);
      await this.world.drain(this.world.life.dead ? 3 : turns);
      this.world.watcher.look();
      this.world.watcher.throwIfBroken();
    }
  }
  revive(): void {
    this.count('revived');
    this.asks.clear();
    book(this, 0, this.unseenWallMs);
    this.unseenWallMs = 0;
    this.world.begin();
  }
  private keyOf(place: number): string {
    return `key-${place}-${String(this.generations.get(place) ?? 0).padStart(6, '0')}`;
  }
  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  private async act(op: Op): Promise<void> {
    const { world } = this;
    const { broker, watcher } = world;
    switch (op.op) {
      case 'pool.create':
        return this.attempt(op.op, async () => {
          if (world.pools[op.slot] !== null) return;
          const { id } = broker.pools.create({ displayName: `Pool ${op.slot}`, ...small, ...poolPatches[op.patch] });
          world.pools[op.slot] = id;
        });
      case 'pool.update':
        return this.attempt(op.op, async () => {
          const id = world.pools[op.slot];
          if (id) broker.pools.update(id, poolPatches[op.patch] ?? {});
        });
      case 'pool.delete':
        return this.attempt(op.op, async () => {
          const id = world.pools[op.slot];
          if (!id || op.slot === 0) return;
          if (op.force) for (const { sessionId } of broker.sessions.live()) this.license(sessionId, 'end', id);
          await broker.pools.delete(id, { force: op.force });
          world.pools[op.slot] = null;
        });
      case 'acquire':
        return this.acquire(op);
      case 'cancel':
        for (const ask of this.asks) if (ask.sessionId === this.keyOf(op.key)) ask.stop.abort(new Error('hung up'));
        return;
      case 'release':
        return this.attempt(op.op, async () => {
          watcher.session(this.keyOf(op.key)).licences.add('end');
          await broker.release(this.keyOf(op.key), 'claude', 'done');
        });
      case 'fail':
        return this.attempt(op.op, async () => {
          watcher.session(this.keyOf(op.key)).licences.add('hurt');
          broker.fail(this.keyOf(op.key), 'as told');
        });
      case 'freeze':
        return this.attempt(op.op, () => broker.freeze(this.keyOf(op.key)));
      case 'thaw':
        return this.attempt(op.op, () => broker.thaw(this.keyOf(op.key)));
      case 'suspend':
        return this.attempt(op.op, async () => {
          watcher.session(this.keyOf(op.key)).licences.add('suspend');
          await broker.suspend(this.keyOf(op.key), 'olga');
        });
      case 'call':
        return this.attempt(op.op, () => this.call(this.keyOf(op.key), op.wake));
      case 'control': {
        const model = watcher.session(this.keyOf(op.key));
        if (model.human !== op.take) model.epoch += 1;
        model.human = op.take;
        return;
      }
      case 'home.remove':
        return this.attempt(op.op, async () => {
          const home = broker.homes.list()[op.home];
          if (!home) return;
          watcher.homeMayGo(home.homeId);
          await broker.homes.remove(home.homeId, 'olga');
        });
      case 'machine':
        return this.hurt(op.which, op.does);
      case 'engine':
        return this.engine(op.fault);
      case 'limits':
        return this.attempt(op.op, async () => this.limit(op.limits));
      case 'time':
        return advance(this, op.how, op.n);
      case 'die':
        return world.life.doom(op.points);
      case 'restart':
        this.count('restarted');
        if (op.clean) await world.stop();
        else world.life.kill();
        return this.revive();
    }
  }
  /** Begins it; its answer may come much later. Refusals must be coded. */
  private async attempt(what: string, act: () => Promise<unknown>): Promise<void> {
    const { life } = this.world;
    void (async () => act())().then(
      () => this.count(what),
      (error: unknown) => {
        if (!life.dead) this.count(`${what}: ${this.world.refused(what, error).code}`);
      },
    );
  }
  private license(sessionId: string, licence: 'end', poolId: string): void {
    const model = this.world.watcher.session(sessionId);
    if (model.told === null || model.told.poolId === poolId) model.licences.add(licence);
  }

  private async acquire(op: Extract<Op, { op: 'acquire' }>): Promise<void> {
    const { world } = this;
    const { life, broker } = world;
    const poolId = world.pools[op.slot] ?? 'desktop';
    const last = this.keyOf(op.key);
    // A spent key is told so; as a rule its caller knows, and comes with another.
    if (!op.spent && isEndedSeen(world.watcher.session(last).seen))
      this.generations.set(op.key, (this.generations.get(op.key) ?? 0) + 1);
    const sessionId = this.keyOf(op.key);
    const model = world.watcher.session(sessionId);
    const request = { poolId, sessionId, caller: callerOf(op.key), name: `n${op.name}`, waitMs: op.waitMs };
    // Most callers know whether a pool keeps homes.
    const home = op.home !== null && (op.spent || this.keepsHomes(poolId)) ? op.home : null;
    const full = home === null ? request : { ...request, homeId: `home_${home}_${callerOf(op.key).name}` };
    const parameters = JSON.stringify([poolId, op.name, home]);
    const first = this.asked.get(sessionId);
    if (model.told === null && first === undefined) this.asked.set(sessionId, parameters);
    model.licences.add('asked').add('called');
    const other = model.told !== null && first !== parameters;
    const before = { seen: model.seen, told: model.told !== null };
    const ask: Ask = { sessionId, stop: new AbortController(), over: false };
    this.asks.add(ask);
    void broker.acquire(full, ask.stop.signal).then(
      (session) => {
        if (life.dead) return;
        ask.over = this.asks.delete(ask);
        this.count('acquire');
        if (other) this.world.broke(new Error(`${sessionId} was given for other parameters`));
        if (before.told && isEndedSeen(before.seen)) this.world.broke(new Error(`${sessionId} came back from its end`));
        this.asked.set(sessionId, parameters);
        this.acknowledged(session, model);
      },
      (error: unknown) => {
        if (life.dead) return;
        ask.over = this.asks.delete(ask);
        if (ask.stop.signal.aborted && error === ask.stop.signal.reason) return this.count('acquire: hung up');
        const { code } = this.world.refused('acquire', error);
        this.count(`acquire: ${code}`);
        const bad = code === 'bad_request' && home !== null;
        if (!bad && !refusals.includes(code))
          this.world.broke(new Error(`an acquire was refused with ${code}`, { cause: error }));
        if (model.told === null && model.seen === 'none' && ![...this.asks].some((one) => one.sessionId === sessionId))
          this.asked.delete(sessionId);
      },
    );
  }
  private keepsHomes(poolId: string): boolean {
    const row = sql(this.world.db, 'SELECT spec FROM pools WHERE id = ?').get(poolId) as { spec: string } | undefined;
    const spec = row && (JSON.parse(row.spec) as PoolSpec);
    return spec?.home.policy === 'keep' || spec?.idle.policy === 'suspend';
  }
  /** From now on this is what must stay true of it. */
  private acknowledged(session: Session, model: SessionModel): void {
    const { watcher } = this.world;
    const { computerId, poolId, caller, createdAt } = session;
    const told = { computerId, poolId, caller, createdAt, homeId: session.home?.homeId ?? null };
    if (model.told && JSON.stringify(model.told) !== JSON.stringify(told))
      this.world.broke(
        new Error(
          `${session.sessionId} was told as ${JSON.stringify(told)}, and before as ${JSON.stringify(model.told)}`,
        ),
      );
    if (model.told && session.machineId !== null && model.seen === 'active' && model.machineId !== session.machineId)
      this.world.broke(new Error(`${session.sessionId} is said to have another machine than it has`));
    model.told ??= told;
    watcher.look();
    if (model.seen === 'none') this.world.broke(new Error(`${session.sessionId} was acknowledged and is not stored`));
  }

  private async call(sessionId: string, wake: boolean): Promise<void> {
    const { world } = this;
    const { life } = world;
    const model = world.watcher.session(sessionId);
    if (wake) model.licences.add('called');
    const seen = model.seen;
    if (wake) model.calls += 1;
    const { session, target, guest } = await world.broker.connect(sessionId, { wake }).finally(() => {
      if (wake && !life.dead && world.life === life) model.calls -= 1;
    });
    if (life.dead) return;
    if (seen === 'idle' && wake) this.count('resumed by a call');
    world.broker.touch(sessionId);
    model.idleMs = 0;
    const { epoch } = model;
    if (session.sessionId !== sessionId || session.machineId !== target.machineId)
      world.broke(new Error(`a call of ${sessionId} was led to ${target.machineId}`));
    await guest.setEpoch(epoch);
    // Somebody else may have taken control meanwhile; the machine refuses then, and so it should.
    const homeId = session.home?.homeId ?? target.machineId;
    const before = this.written.get(homeId);
    if (before !== undefined) {
      const data = await guest
        .readFile(note)
        .catch((error: { code?: string }) => (error.code === 'not_found' ? null : Promise.reject(error)));
      if (!life.dead && data?.toString() !== before && this.written.get(homeId) === before)
        world.broke(new Error(`${homeId} of ${sessionId} holds “${data?.toString()}”, not “${before}”`));
    }
    const text = `${++this.writes}`;
    // Not known until it is acknowledged.
    this.written.delete(homeId);
    await guest.writeFile({ epoch, path: note, data: Buffer.from(text) });
    if (!life.dead) this.written.set(homeId, text);
  }

  private async hurt(which: number, does: MachineFault): Promise<void> {
    const { world } = this;
    // One of ours that the store knows nothing of, as a create leaves it whose caller's disk was rolled back.
    if (does === 'stray') {
      this.count(does);
      const spec = { poolId: 'desktop', image: 'wheelhouse/fake:1', size: poolDefaults.size, secret: 'x'.repeat(43) };
      return world.backend.create({ ...spec, machineId: `m_stray_${which}` }, never).catch(() => {});
    }
    const found = (await world.backend.list(never).catch(() => [])).map((one) => one.machineId).sort();
    const machineId = found[which % Math.max(1, found.length)];
    if (machineId === undefined) return;
    this.count(does);
    if (does === 'destroyed') return this.attempt(does, async () => world.broker.pools.destroyMachine(machineId));
    const guest = world.backend.guest(machineId);
    if (does === 'goesOn') {
      if (guest) guest.frozen = false;
      return;
    }
    world.watcher.hurt.add(machineId);
    if (does === 'dies') world.backend.kill(machineId, 'out of memory');
    else if (does === 'hangs' && guest) guest.frozen = true;
    else if (does === 'vanishes') await world.backend.destroy(machineId, never).catch(() => {});
  }
  engine(fault: EngineFault): void {
    const { faults } = this.world.backend;
    this.count(fault);
    if (fault === 'away') faults.unreachable = true;
    else if (fault === 'back') faults.unreachable = false;
    else if (fault === 'createFails') faults.createFails = 'guest_failed';
    else if (fault === 'destroyFails') faults.destroyFails = 'guest_failed';
    else if (fault === 'silentGuests') faults.guest = { kind: 'silent' };
    else if (fault === 'lyingGuests') faults.guest = { kind: 'wrongIdentity' };
    else Object.assign(faults, { unreachable: false, createFails: null, destroyFails: null, guest: { kind: 'none' } });
  }
  limit(n: number): void {
    const limits = hostLimits[n] ?? hostLimits[0];
    const { watcher, broker } = this.world;
    // Until it is answered either may hold.
    watcher.hostLimit([this.limits, limits]);
    broker.capacity.set(limits);
    this.limits = limits;
    watcher.hostLimit([limits]);
  }
  /** Ids of sessions that have a row, and what their pools say. */
  rows(): { id: string; status: Session['status']; home_id: string | null; spec: string }[] {
    return sql(
      this.world.db,
      'SELECT s.id, s.status, s.home_id, p.spec FROM sessions s JOIN pools p ON p.id = s.pool_id',
    ).all() as never;
  }
}

const isEndedSeen = (seen: SessionModel['seen']): boolean => seen !== 'none' && isEnded(seen);
const small = { backend: 'fake', warm: { minimum: 1, maximum: 2 } } as const;
