import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { bounded } from '../../base/bounded';
import { sleep } from '../../base/deadline';
import { Emitter } from '../../base/emitter';
import type { Logger } from '../../base/logger';
import type { SandboxBackend } from '../backend';
import { RuntimeFolder } from '../runtimeFolder';
import { Engine, statusOf } from './engine';
import { execIn } from './exec';
import { watchExits } from './exits';
import { homeFolder, type Helpers } from './homeHelper';
import { HomeReaders } from './homeReaders';
import { DockerHomes } from './homes';
import { HomeSizes } from './homeSizes';
import { newestDesktop } from './images';
import { DockerMachines } from './machines';
import { measureHome } from './measureHome';
import { probe } from './probe';
import { QuotaTrial } from './quota';
import { readSeccompProfile } from './seccomp';
import { cpuPercent, cpuSample, logLines, memoryBytes, type CpuSample } from './stats';

export interface DockerBackendOptions {
  dataDir: string;
  /** Tells this installation's containers from every other's. */
  installationId: string;
  logger: Logger;
  /** Default: DOCKER_HOST where it is a unix socket, else /var/run/docker.sock. */
  socketPath?: string;
}

/** Milliseconds between the two looks from which a first CPU figure is made. */
const firstSampleMs = 200;

/** Milliseconds that a home's last measure may keep its machine from going. */
const lastMeasureMs = 1_500;

/** Machines as hardened containers of the local Docker Engine. */
export function createDockerBackend(options: DockerBackendOptions): SandboxBackend {
  const engine = new Engine(options.socketPath);
  const folder = new RuntimeFolder(options.dataDir);
  const { installationId, logger } = options;
  let profile: string | null = null;
  const run = randomUUID();
  const quota = new QuotaTrial(engine, installationId);
  const helpers: Helpers = { engine, installationId, run, image: (signal) => newestDesktop(engine, signal) };
  const measure = measureHome(helpers);
  const sizes = new HomeSizes({ file: join(options.dataDir, 'docker-homes.json'), measure, now: Date.now, logger });
  const readers = new HomeReaders(helpers, logger);
  const homes = new DockerHomes({ engine, installationId, run, quota, sizes, readers });
  const machines = new DockerMachines(engine, installationId, () => (profile ??= readSeccompProfile()), homes);
  const exits = new Emitter<{ machineId: string; reason: string }>();
  const closing = new AbortController();
  const sessions = new Map<string, Promise<void>>();
  const samples = new Map<string, CpuSample>();
  let watching = false;

  const startSession = (machineId: string): Promise<void> => {
    let started = sessions.get(machineId);
    if (!started) {
      started = machines.startSession(machineId, closing.signal);
      sessions.set(machineId, started);
      started.catch(() => sessions.delete(machineId));
    }
    return started;
  };
  const freeze = async (machineId: string, verb: 'pause' | 'unpause', signal: AbortSignal) => {
    const container = await machines.own(machineId, signal);
    try {
      await engine.run(`${verb} the machine`, signal, (_, abortSignal) => container[verb]({ abortSignal }));
    } catch (error) {
      const { State } = await engine.run('inspect the machine', signal, () => container.inspect());
      if (statusOf(error) === null || State.Paused !== (verb === 'pause') || !State.Running) throw error;
    }
  };

  return {
    kind: 'docker',
    parks: 'optional',
    async probe(signal) {
      const status = await probe(engine, signal);
      if (status.reachable) await quota.try(signal).catch(() => signal.throwIfAborted());
      return status;
    },
    async resolveImage(name, signal) {
      if (name !== 'desktop') {
        const found = await engine.find('inspect the image', signal, (docker) => docker.getImage(name).inspect());
        return found ? name : null;
      }
      return newestDesktop(engine, signal);
    },
    async create(spec, signal) {
      const { machineId, secret } = spec;
      folder.prepare({ machineId, secret });
      await machines.start(spec, folder.machine(machineId), signal);
      // The secret is out of its reach, so the session need not wait for the first contact. A failure shows there.
      startSession(machineId).catch(() => {});
    },
    linkPath: (machineId) => folder.socket(machineId),
    async afterFirstContact(machineId) {
      folder.forgetSecret(machineId);
      await startSession(machineId);
    },
    list: (signal) => machines.list(signal),
    async destroy(machineId, signal) {
      await machines.destroy(machineId, signal, async (homeId) => {
        const bytes = await bounded('Measuring the home', lastMeasureMs, signal, (own) =>
          measure(homeId, machineId, own),
        ).catch(() => null);
        sizes.note(homeId, bytes);
      });
      sessions.delete(machineId);
      samples.delete(machineId);
      folder.remove(machineId);
    },
    pause: (machineId, signal) => freeze(machineId, 'pause', signal),
    unpause: (machineId, signal) => freeze(machineId, 'unpause', signal),
    async stats(machineId, signal) {
      const container = await machines.own(machineId, signal);
      const look = () =>
        engine.run('measure the machine', signal, (_, abortSignal) =>
          // The types know streams only where further options are given.
          container.stats({ stream: false, 'one-shot': true, abortSignal } as unknown as { stream: false }),
        );
      let stats = await look();
      if (!stats.cpu_stats?.cpu_usage || Date.parse(stats.read) <= 0) return null;
      let before = samples.get(machineId);
      if (!before) {
        before = cpuSample(stats);
        await sleep(firstSampleMs, signal);
        stats = await look();
      }
      const after = cpuSample(stats);
      samples.set(machineId, after);
      return { cpuPercent: cpuPercent(before, after), memoryBytes: memoryBytes(stats) };
    },
    async logs(machineId, lines, signal) {
      const container = await machines.own(machineId, signal);
      const bytes = await engine.run('give the log', signal, (_, abortSignal) =>
        container.logs({ stdout: true, stderr: true, follow: false, tail: lines, abortSignal }),
      );
      return logLines(bytes).slice(-lines);
    },
    homes,
    async exec(machineId, command, { timeoutMs, maxBytes }, signal) {
      const container = await machines.own(machineId, signal);
      const as = { user: 'agent', folder: homeFolder, timeoutMs, maxBytes };
      return execIn(engine, container, { ...as, command: ['/bin/bash', '-lc', command] }, signal);
    },
    onExit(listener) {
      if (!watching) {
        watching = true;
        void watchExits({
          engine,
          installationId,
          logger,
          signal: closing.signal,
          onExit: (machineId, reason) => exits.emit({ machineId, reason }),
        });
      }
      return exits.on(({ machineId, reason }) => listener(machineId, reason));
    },
    async close() {
      closing.abort(new Error('the backend was closed'));
      await Promise.all([sizes.close(), readers.close()]);
    },
  };
}
