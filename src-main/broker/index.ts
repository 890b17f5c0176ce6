import { z } from 'zod';
import { listQuerySchema, type ListQuery, type Page, type Session } from '@shared/session';
import { bounded } from '../base/bounded';
import type { Caller } from '../base/caller';
import { WheelhouseError } from '../base/errors';
import { parseInput } from '../base/parse';
import { Acquisition } from './acquisition';
import { Announcer } from './announcer';
import { BackendWatch } from './backendWatch';
import { CapacityBook } from './capacityBook';
import { Core } from './core';
import { Fleet } from './fleet';
import { Forecasts } from './forecasts';
import { HandOut } from './handOut';
import { HomeKeeper } from './homeKeeper';
import { Homes } from './homes';
import { Interventions } from './interventions';
import { createLives } from './lives';
import { Looks } from './looks';
import { MachineLinks } from './machineLinks';
import { Makings } from './makings';
import type { BrokerOptions } from './options';
import { OwnMachines } from './ownMachines';
import { PoolService } from './poolService';
import { Preparations } from './preparations';
import { Reconciler } from './reconciler';
import { recover } from './recovery';
import { Supervisor } from './supervisor';
import type { Broker } from './types';
import { Views } from './views';
import { WaitingRoom } from './waitingRoom';

export type { AcquireOutcome, BrokerHooks, BrokerOptions, Limits } from './options';

/** As outsiders may ask, but windows may take larger pages; each edge has its own bound. */
const pageQuerySchema = listQuerySchema.safeExtend({ limit: z.int().min(1).max(200) });

/**
 * Pools of ready machines, and sessions on them. The parts: `Core` (the store's door and the state machines), `Fleet`
 * (machines made and unmade), `Reconciler` (plans carried out), `Acquisition` (from a request to a session),
 * `SessionLife` (from a lease to its end), `Supervisor` (what nobody told us), `recover` (after a start). Call `start`
 * before anything else, `stop` once; nothing works after it.
 */
export function createBroker(options: BrokerOptions): Broker {
  const core = new Core(options);
  const watch = new BackendWatch(core);
  const capacity = new CapacityBook(core);
  const links = new MachineLinks(core, watch);
  const preparations = new Preparations(core, watch);
  const fleet = new Fleet(core, watch, links, preparations);
  const own = new OwnMachines(core, fleet);
  const lives = createLives(core, watch, fleet, links, own);
  const { life, activity } = lives;
  const views = new Views(core, watch, fleet, activity, preparations);
  life.views = views;
  views.endedAs = (sessionId) => life.endedAs(sessionId);
  const homes = new Homes(core, watch);
  fleet.homes = homes;
  const homeKeeper = new HomeKeeper(core, watch, homes);
  const announcer = new Announcer(core, views, homes);
  const room = new WaitingRoom(core, views);
  views.queueOf = (sessionId) => room.placeOf(sessionId);
  const handOut = new HandOut(core, fleet, views, room, homes);
  const makings = new Makings(core, watch, homes);
  const acquisition = new Acquisition(core, fleet, views, room, handOut, own, makings);
  homes.isWanted = (homeId) => room.count((pending) => pending.own?.homeId === homeId) > 0;
  homes.onDeleting = () => homeKeeper.removeDue();
  homeKeeper.onGone = () => reconciler.poke();
  const forecasts = new Forecasts(options.clock);
  const reconciler = new Reconciler(core, watch, fleet, preparations, capacity, forecasts);
  const supervisor = new Supervisor(core, watch, fleet, life);
  const interventions = new Interventions(core, watch, fleet, life);
  const looks = new Looks(core, watch, links, views);
  const pools = new PoolService(core, watch, fleet, life, acquisition, views, announcer);

  core.onCommitted = (changes) => announcer.committed(changes);
  links.onLost = (machineId, reason, trouble) => void supervisor.cutOff(machineId, reason, trouble);
  life.onLive(({ sessionId, machineId }) => machineId !== null && supervisor.mark(machineId, sessionId));
  fleet.onSuspect = (machineId) => void supervisor.peek(machineId);
  links.isQuiet = (machineId) => {
    const row = core.machines.get(machineId);
    return row !== undefined && fleet.quiet(row);
  };
  links.onQuiet = (machineId, reason) => {
    // A frozen one gets its link back when it is thawed.
    if (core.machines.get(machineId)?.state === 'ready')
      core.guard('checking a parked machine', () => fleet.recheck(machineId, reason));
  };
  preparations.onSettled = () => reconciler.poke();
  fleet.onProgress = () => {
    core.guard('removing homes', () => homeKeeper.removeDue());
    reconciler.poke();
  };
  fleet.onCreate = (row) => capacity.made(row);
  fleet.onMade = (poolId, ms) => forecasts.made(poolId, ms);
  acquisition.onArrival = (poolId) => forecasts.arrived(poolId);
  handOut.onLeased = (row) => life.opened(row);
  for (const part of [acquisition, handOut, own]) part.onDemand = () => reconciler.poke();
  handOut.isFresh = (row) => {
    const pool = core.pools.get(row.poolId);
    return !pool || reconciler.isFresh(row, pool);
  };
  pools.onChanged = () => reconciler.poke();
  capacity.onChanged = () => reconciler.poke();
  reconciler.waiting = (poolId) => acquisition.waiting(poolId);
  reconciler.ownSizes = (poolId) => own.waiting(poolId).map(({ size }) => size);
  reconciler.reserved = (machineId) => handOut.reserves(machineId);
  own.mayMake = ({ poolId, size }) => capacity.admits(poolId, size);
  views.shortage = (poolId) => capacity.shortage(poolId);
  views.outlook = (poolId) => forecasts.look(poolId);
  reconciler.onPoolGone = (poolId) => {
    for (const part of [views, fleet, acquisition, forecasts]) part.forgetPool(poolId);
  };
  reconciler.onPass = (pool) => {
    acquisition.dispatch(pool);
    announcer.pool(pool.id);
  };
  watch.onChange = (kind, change) => {
    if (change.lost) {
      for (const row of core.machines.all()) {
        if (row.backend === kind && row.state === 'ready') fleet.recheck(row.machineId, 'The backend does not answer.');
      }
    }
    if (change.back) {
      preparations.forgive();
      void supervisor.observe(kind);
    }
    reconciler.poke();
  };

  let started = false;
  let stopTick: (() => void) | null = null;
  const tick = (): void => {
    stopTick = options.clock.after(core.limits.tickMs, tick);
    core.guard('counting time', () => core.counted.tick());
    try {
      const slept = lives.tick();
      const now = options.clock.monotonic();
      watch.tick(now);
      supervisor.tick(now, slept);
      homeKeeper.tick(now);
      reconciler.poke();
    } catch (error) {
      options.logger.error({ err: error }, 'a tick of the broker failed');
    }
  };

  let draining = false;
  const noMore = (): WheelhouseError =>
    new WheelhouseError('not_ready', 'Wheelhouse is stopping: it hands out nothing more.', { stopping: true });

  async function start(): Promise<void> {
    if (started) throw new WheelhouseError('conflict', 'The broker was started before.');
    started = true;
    supervisor.start();
    await recover(core, watch, fleet, life, supervisor, interventions);
    tick();
  }

  async function stop({ destroy }: { destroy: boolean }): Promise<void> {
    if (core.stopped) return;
    stopTick?.();
    supervisor.stop();
    acquisition.withdrawAll(new WheelhouseError('not_ready', 'Wheelhouse is stopping.'));
    if (destroy) await lives.putAway('broker', 'Wheelhouse ended.', core.limits.settleMaxMs);
    const stopping = new WheelhouseError('not_ready', 'Wheelhouse is stopping.');
    lives.stop(stopping);
    core.stopping.abort(stopping);
    fleet.turns.stopAll(stopping);
    await bounded('Finishing work under way', core.limits.stopMs, undefined, async () => {
      await fleet.settle();
      await homeKeeper.settle();
    }).catch(() => {});
    if (destroy) {
      await destroyAll(core, watch);
      // Of machines that nobody had, and of sessions whose pool keeps none.
      core.guard('removing homes', () => homeKeeper.removeDue(true));
      await bounded('Removing homes', core.limits.stopMs, undefined, () => homeKeeper.settle()).catch(() => {});
    }
    core.close();
    links.closeAll();
    announcer.close();
  }

  return {
    pools,
    capacity: { get: () => capacity.get(), set: (limits) => capacity.set(limits) },
    homes: {
      list: (filter) => homes.list(filter),
      get: (homeId) => homes.get(homeId),
      remove: (homeId, by) => homes.remove(homeId, by),
      read: (homeId, signal) => homes.read(homeId, signal),
    },
    machines: {
      look: (machineId) => looks.look(machineId),
      run: (machineId, command, by) => looks.run(machineId, command, by),
      keep: (machineId) => looks.keep(machineId),
    },
    suspend: (sessionId, by) => lives.suspend(sessionId, by),
    sessions: {
      list(query: ListQuery, caller: Caller, filter?: { live?: boolean }): Page<Session> {
        const checked = parseInput(pageQuerySchema, query, 'The query');
        const own = caller.role === 'agent' ? { caller: caller.name } : {};
        const page = core.sessions.page(checked, { live: filter?.live ?? false, ...own });
        return { ...page, data: page.data.map((row) => views.session(row)) };
      },
      get(sessionId) {
        const row = core.sessions.get(sessionId);
        if (!row) throw new WheelhouseError('not_found', 'There is no such session.');
        return views.session(row);
      },
      byComputer(computerId, caller) {
        const row = core.sessions.byComputer(computerId) ?? core.sessions.get(computerId);
        // Before anything is said of its end.
        const foreign = caller?.role === 'agent' && row?.caller !== caller.name;
        if (!row || foreign) throw new WheelhouseError('session_gone', 'There is no such session, or it has ended.');
        return views.session(life.living(row.sessionId));
      },
      live: (caller) =>
        core.sessions
          .live(caller)
          .filter((row) => row.status !== 'queued' && !life.endedAs(row.sessionId))
          .map((row) => views.session(row)),
    },
    acquire: async (request, signal) => {
      if (draining) throw noMore();
      return acquisition.acquire(request, signal);
    },
    async release(sessionId, by, reason) {
      if (acquisition.withdraw(sessionId, 'The request was taken back.')) return;
      life.release(sessionId, by, reason);
    },
    connect: (sessionId, how) => life.connect(sessionId, how),
    touch: (sessionId) => activity.touch(sessionId),
    setAgent: (sessionId, agent) => life.setAgent(sessionId, agent),
    fail(sessionId, reason) {
      const { machineId } = core.sessions.get(sessionId) ?? {};
      // Whoever lost it looks at a machine that is being put back.
      if (machineId && core.machines.get(machineId)?.restoring) return;
      life.fail(sessionId, reason);
    },
    freeze: (sessionId) => interventions.freeze(sessionId),
    thaw: (sessionId) => interventions.thaw(sessionId),
    saveMachine: (sessionId, checkpointId, signal) => interventions.save(sessionId, checkpointId, signal),
    restoreMachine: (sessionId, checkpointId, signal, begin) =>
      interventions.restore(sessionId, checkpointId, signal, begin),
    machineOf(sessionId) {
      const { row, backend } = interventions.of(sessionId);
      return { machineId: row.machineId, backend };
    },
    reconcile() {
      life.finishReleases();
      for (const pool of core.pools.all()) fleet.forgive(pool.id);
      void watch.lookAll().then(() => reconciler.poke());
    },
    onLive: (listener) => life.onLive(listener),
    onSuspended: (listener) => life.onSuspended(listener),
    onEnded: (listener) => life.onEnded(listener),
    start,
    drain() {
      draining = true;
      acquisition.withdrawAll(noMore());
    },
    stop,
  };
}

/** Every machine of ours, bounded; what does not go now is found by the next start. */
async function destroyAll(core: Core, watch: BackendWatch): Promise<void> {
  const end = async (row: ReturnType<Core['machine']>): Promise<void> => {
    const backend = watch.backend(row.backend);
    if (!backend) return;
    if (row.state !== 'resetting' && row.state !== 'destroying') {
      if (row.state === 'leased') return;
      core.commit('discard', () => core.moveMachine(row.machineId, 'discard', { reason: 'Wheelhouse ended.' }));
    }
    const destroy = (signal: AbortSignal): Promise<void> => backend.destroy(row.machineId, signal);
    await core.effect('destroy', () => bounded('Ending a machine', core.limits.stopMs, undefined, destroy));
    core.commit('destroy.gone', () => core.endMachine(row.machineId));
  };
  const results = await Promise.allSettled(core.machines.all().map(end));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) core.options.logger.warn({ err: failed.reason }, 'not every machine could be ended');
}
