import { sleep } from '../../base/deadline';
import { Emitter } from '../../base/emitter';
import type { Logger } from '../../base/logger';
import type { SandboxBackend } from '../backend';
import { RuntimeFolder } from '../runtimeFolder';
import { Engine, statusOf } from './engine';
import { watchExits } from './exits';
import { labels } from './labels';
import { DockerMachines } from './machines';
import { probe } from './probe';
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

/** Machines as hardened containers of the local Docker Engine. */
export function createDockerBackend(options: DockerBackendOptions): SandboxBackend {
  const engine = new Engine(options.socketPath);
  const folder = new RuntimeFolder(options.dataDir);
  let profile: string | null = null;
  const machines = new DockerMachines(engine, options.installationId, () => (profile ??= readSeccompProfile()));
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
    probe: (signal) => probe(engine, signal),
    async resolveImage(name, signal) {
      if (name !== 'desktop') {
        const found = await engine.find('inspect the image', signal, (docker) => docker.getImage(name).inspect());
        return found ? name : null;
      }
      const images = await engine.run('list its images', signal, (docker, abortSignal) =>
        docker.listImages({ filters: { label: [`${labels.image}=desktop`] }, abortSignal }),
      );
      const tags = images
        .sort((a, b) => b.Created - a.Created)
        .flatMap((image) => image.RepoTags ?? [])
        .filter((tag) => tag.startsWith('wheelhouse/desktop:'));
      return tags[0] ?? null;
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
      await machines.destroy(machineId, signal);
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
    onExit(listener) {
      if (!watching) {
        watching = true;
        void watchExits({
          engine,
          installationId: options.installationId,
          logger: options.logger,
          signal: closing.signal,
          onExit: (machineId, reason) => exits.emit({ machineId, reason }),
        });
      }
      return exits.on(({ machineId, reason }) => listener(machineId, reason));
    },
    async close() {
      closing.abort(new Error('the backend was closed'));
    },
  };
}
