import { setMaxListeners } from 'node:events';
import { userInfo } from 'node:os';
import { z } from 'zod';
import type { BackendKind } from '@shared/pool';
import { version } from '../../package.json';
import { createBus } from '../base/bus';
import type { Clock } from '../base/clock';
import { sleep } from '../base/deadline';
import { WheelhouseError } from '../base/errors';
import type { Ids } from '../base/ids';
import { createBroker } from '../broker';
import type { Broker } from '../broker/types';
import { createChannel, type Channel } from '../channel';
import { createAttention, createControl } from '../control';
import type { AttentionQueue, Control } from '../control/types';
import { connectGuest, openRfb } from '../guest';
import { createMetrics } from '../metrics';
import type { SandboxBackend } from '../sandbox/backend';
import { createRelay, createScreenHubs, createTickets } from '../screen';
import type { ScreenHub } from '../screen/types';
import { startServer, type RunningServer } from '../server';
import { createIdentity } from '../server/identity';
import type { Services } from '../server/services';
import { checkpointWhenQuiet } from '../store/walCheckpoints';
import { openDatabase } from '../store/database';
import { settingsStore } from '../store/settings';
import { tokenStore } from '../store/tokens';
import { createHumanRecorder, createTimeline } from '../timeline';
import { maskText } from '../timeline/mask';
import { createUsage } from '../usage';
import { usualBackends } from './backends';
import { storeFile } from './dataDir';
import { createCheckpointRoom } from './checkpointRoom';
import { createFences } from './fences';
import { settleFirstPool } from './firstPool';
import { lastFrameOf, ownsFrame } from './frameOwners';
import { lockDataDir } from './lock';
import { watchMachines } from './machineWatch';
import { createRelayPolicy } from './relayPolicy';
import { removeRuntime, writeRuntime } from './runtime';
import { watchStore } from './storeWatch';
import { followSessions, isAway } from './sessionLife';
import { peopleSettings } from './settings';
import type { TokenUse, Wheelhouse, WheelhouseOptions } from './types';
import type { Undo } from './undo';
import { watchHubs } from './watchedHubs';

/** Makes every room and ties them together; `undo` learns how to end each as soon as it exists. */
export async function compose(
  options: WheelhouseOptions & { clock: Clock; ids: Ids },
  undo: Undo,
): Promise<Wheelhouse> {
  const { dataDir, clock, ids, logger } = options;
  const lock = lockDataDir(dataDir);
  undo.add('lock', () => lock.release());
  const db = openDatabase(storeFile(dataDir));
  undo.add('store', () => {
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    db.close();
  });
  undo.add('log of the store', checkpointWhenQuiet(db, clock, logger));
  const settings = settingsStore(db);
  const people = peopleSettings(settings);
  const installationId = settings.getOrMake('installationId', z.string().min(8), () => ids.make('i'));
  const bus = createBus((error) => logger.error({ err: error }, 'a listener of the bus failed'));

  const made = options.backends ?? usualBackends;
  const backends = new Map<BackendKind, SandboxBackend>();
  for (const backend of made({ dataDir, installationId, logger })) {
    backends.set(backend.kind, backend);
    undo.add(`backend ${backend.kind}`, () => backend.close());
  }

  await settleFirstPool({ db, settings, backends, wanted: options.defaultBackend ?? null });

  const timeline = createTimeline({ db, dataDir, bus, clock, ids, logger });
  undo.add('timeline', () => timeline.close());
  timeline.recover();
  const metrics = createMetrics({ db, bus, clock, version, frameBytes: timeline.frameBytes });
  undo.add('metrics', () => metrics.close());
  const tokens = tokenStore(db);
  const tokenUsed = (use: TokenUse): void => options.onTokenUse?.(use);
  const ownName = options.operator ?? userInfo().username;
  const identity = createIdentity({
    tokens,
    clock,
    ids,
    ownName,
    onAccepted: (tokenId) => tokenUsed({ tokenId, kind: 'accepted' }),
  });
  const storeWatch = watchStore({ db, dataDir, bus, clock, logger, onOver: () => broker.reconcile() });
  undo.add('store watch', () => storeWatch.close());
  const attention = storeWatch.beside(createAttention({ db, bus, clock, ids, logger }));
  undo.add('attention', () => attention.close());

  // The rooms below know each other; what is called later may be named before it is made.
  const screens = watchHubs(
    createScreenHubs({ openRfb, logger, workerUrl: options.screenWorkerUrl }),
    {
      epoch: (sessionId) => baseControl.state(sessionId).epoch,
      isLive: (sessionId) => broker.sessions.get(sessionId).status === 'active',
      target: async (sessionId) => (await broker.connect(sessionId, { wake: false })).target,
      isFrozen: (sessionId) => broker.sessions.get(sessionId).frozen === true,
      failed: (sessionId, reason) => broker.fail(sessionId, reason),
    },
    clock,
    logger,
  );
  undo.add('screens', () => screens.hubs.closeAll());
  const hubFor = async (sessionId: string): Promise<ScreenHub> => {
    // Looking at it wakes nobody: thumbnails, pictures for the record.
    const { target } = await broker.connect(sessionId, { wake: false });
    return screens.hubs.open(sessionId, target, baseControl.state(sessionId).epoch);
  };
  const baseControl = createControl({
    db,
    fences: createFences({
      connect: (sessionId) => broker.connect(sessionId, { wake: false }),
      isAway: (sessionId) => isAway(broker, sessionId),
      currentHub: screens.current,
      hubFor,
      releaseInput: (sessionId) => relay.releaseInput(sessionId),
      freeze: (sessionId) => broker.freeze(sessionId),
      thaw: (sessionId) => broker.thaw(sessionId),
      putFrame: (png) => timeline.frames.put(png),
      logger,
    }),
    timeline,
    attention,
    bus,
    clock,
    ids,
    logger,
  });
  undo.add('control', () => baseControl.stop());
  const human = createHumanRecorder({
    timeline,
    clock,
    logger,
    control: (sessionId) => baseControl.state(sessionId),
    frame: (sessionId) => screens.hubs.get(sessionId)?.frame(),
  });
  undo.add('human record', () => human.close());
  const control: Control = {
    ...baseControl,
    async act(sessionId, operator, request) {
      // A person who takes a suspended session wants its desktop, and one that was stopped too.
      if (request.action === 'take' && isAway(broker, sessionId)) await broker.connect(sessionId, { wake: true });
      // What was typed is put on record before hands change.
      human.flush(sessionId);
      return baseControl.act(sessionId, operator, request);
    },
    stopAll(operator) {
      for (const { sessionId } of broker.sessions.live()) human.flush(sessionId);
      return baseControl.stopAll(operator);
    },
  };
  const waits = (sessionId: string) =>
    attention
      .list()
      .some((call) => call.sessionId === sessionId && (call.state === 'waiting' || call.state === 'taken'));
  // Made after the broker, asked by it from then on.
  const late: { channel?: Channel } = {};
  const broker: Broker = createBroker({
    db,
    backends,
    connectGuest,
    probeScreen: screens.hubs.probe,
    controlState: (sessionId) => baseControl.state(sessionId),
    hooks: {
      ...options.hooks,
      acquired: metrics.acquired,
      lastFrame: (sessionId) => lastFrameOf(db, sessionId),
      maskText,
      isSpared: (sessionId) => waits(sessionId) || late.channel?.busy(sessionId) === true,
    },
    bus,
    clock,
    ids,
    logger,
    limits: options.limits?.broker,
    fault: options.fault,
  });
  const usage = createUsage({ db, broker, bus, clock, logger });
  undo.add('usage', () => usage.close());
  const policy = createRelayPolicy({ control: baseControl, broker, human, clock });
  const relay = createRelay({
    openRfb,
    policy,
    logger,
    onPointer: (sessionId, x, y) => screens.hubs.get(sessionId)?.pointerMoved?.(x, y),
  });
  const tickets = createTickets({ clock, ids });
  undo.add(
    'session life',
    followSessions({
      broker,
      control: baseControl,
      hubs: screens.hubs,
      attention,
      human,
      timeline,
      dropViewers: (sessionId, why) => relay.drop((viewer) => viewer.sessionId === sessionId, why),
      logger,
    }),
  );
  undo.add('machine watch', watchMachines(bus, attention));
  const checkpoints = createCheckpointRoom({
    db,
    broker,
    backends,
    control,
    timeline,
    hubFor,
    renew: screens.renew,
    cutOff: (sessionId) => policy.cutOff(sessionId),
    relay,
    human,
    bus,
    clock,
    ids,
    logger,
    limits: options.limits?.checkpoints,
  });

  const draining = new AbortController();
  // Every call that waits for a person listens; there may be many.
  setMaxListeners(0, draining.signal);
  let ready = false;
  let stopping = false;
  let destroy = false;
  undo.add('broker', () => broker.stop({ destroy }));
  const adopted = broker.start().then(() => {
    withdrawOrphans(attention, broker);
    void checkpoints
      .recover()
      .catch((error: unknown) => logger.error({ err: error }, 'checkpoints were not looked at'));
    ready = !stopping;
  });
  await patiently(adopted, options.patienceMs);
  undo.add('checkpoints', () => checkpoints.close());
  undo.add('viewers', () => relay.closeAll());
  const toolUse = new Map<string, { client: boolean }>();
  const channel = createChannel({
    broker,
    control,
    hubs: screens.hubs,
    timeline,
    attention,
    checkpoints,
    clock,
    ids,
    logger,
    settings: options.channel,
    draining: draining.signal,
    onCall(tool, sessionId) {
      const measured = metrics.call(tool);
      const used = sessionId === null ? undefined : usage.call(sessionId, tool);
      return (outcome) => (measured(outcome), used?.());
    },
    onToolCall(caller, tool, client) {
      // Both facts are kept from their first time: most calls have nothing to add.
      const known = toolUse.get(caller.tokenId);
      if (known && (known.client || !client)) return;
      toolUse.set(caller.tokenId, { client: client !== null });
      if (tokens.note(caller.tokenId, new Date(clock.now()).toISOString(), { tool, client: client ?? undefined })) {
        tokenUsed({ tokenId: caller.tokenId, kind: 'tool', tool, client });
      }
    },
  });
  undo.add('channel', () => channel.close());
  late.channel = channel;

  const server = await listen(options, {
    broker,
    control,
    timeline,
    checkpoints,
    identity,
    usage,
    metrics,
    channel,
    tickets,
    openScreen(socket, viewer, mode, target) {
      if (mode === 'interactive') policy.interactive(viewer.viewerId);
      socket.once('close', () => policy.forget(viewer.viewerId));
      relay.attach(socket, viewer, target);
    },
    ownsFrame: (caller, hash) => ownsFrame(db, caller.name, hash),
    bus,
    clock,
    ids,
    logger,
    version,
    settings: people,
    ready: () => ready,
    storeTrouble: () => storeWatch.trouble(),
    stopping: () => stopping,
  });
  undo.add('server', () => server.close());
  const own = identity.createEphemeral(ownName, 'admin');
  writeRuntime(dataDir, { url: server.url, pid: process.pid, token: own.secret });
  undo.add('runtime file', () => (own.withdraw(), removeRuntime(dataDir)));

  const stop = async (drainMs: number): Promise<void> => {
    if (drainMs > 0) {
      broker.drain();
      draining.abort();
      const left = await server.settled(drainMs);
      if (left > 0) logger.warn({ left, drainMs }, 'requests that are still under way are cut off');
    }
    await undo.all();
  };
  let stopped: Promise<void> | null = null;
  return {
    dataDir,
    url: server.url,
    port: server.port,
    installationId,
    db,
    settings,
    people,
    identity,
    theme: {
      get: () => settings.get('theme', themeSchema) ?? 'system',
      set: (theme) => settings.set('theme', theme),
    },
    broker,
    control,
    attention,
    checkpoints,
    hubs: screens.hubs,
    relay,
    tickets,
    timeline,
    usage,
    channel,
    backends,
    bus,
    clock,
    ids,
    logger,
    hubFor,
    adopted,
    stop(how = {}) {
      stopping = true;
      ready = false;
      destroy = how.destroy === true;
      return (stopped ??= stop(how.drainMs ?? 0));
    },
  };
}

/** Waits for the work, at most so long; its failure after that belongs to whoever waits for the work itself. */
async function patiently(work: Promise<void>, ms: number | undefined): Promise<void> {
  if (ms === undefined) return work;
  work.catch(() => undefined);
  const enough = new AbortController();
  await Promise.race([work, sleep(ms, enough.signal)]).finally(() => enough.abort(new Error('done')));
}

/** Calls for help of sessions whose end was durable, but not heard of here, before the last process died. */
function withdrawOrphans(attention: AttentionQueue, broker: Broker): void {
  const live = new Set(broker.sessions.live().map((session) => session.sessionId));
  for (const { sessionId } of attention.list()) {
    if (sessionId !== null && !live.has(sessionId)) attention.withdraw(sessionId);
  }
}

const themeSchema = z.enum(['system', 'dark', 'light']);
export const usualPort = 7317;

async function listen(options: WheelhouseOptions, services: Services): Promise<RunningServer> {
  const { port = usualPort, host } = options;
  const { allowedHosts, allowedOrigins, limits } = options;
  const start = (at: number) =>
    startServer({ port: at, host, allowedHosts, allowedOrigins, services, limits: limits?.server });
  try {
    return await start(port);
  } catch (error) {
    const taken = error instanceof WheelhouseError && error.data.taken === true;
    if (!taken || !options.anyPortWhenTaken) throw error;
    services.logger.warn({ port }, 'the port is taken; using a free one');
    return start(0);
  }
}
