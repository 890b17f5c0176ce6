import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sleep } from '../../base/deadline';
import { silentLogger } from '../../base/logger';
import type { SandboxBackend } from '../backend';
import { eventually } from '../backend.contract';
import { createDockerBackend } from './index';
import { containerName, labels } from './labels';

const never = new AbortController().signal;
const installationId = `itl${process.pid}`;
/** An engine is the administrator's; where we are not, one who may become it without a word has to run this. */
const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
const image = 'wheelhouse-test/sleep:1';
const program = '/bin/sleep';

/** Neither gone nor dead and waiting to be collected. */
function lives(pid: string | number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** An engine of our own beside the computer's, with no network, that may be killed. */
class PrivateEngine {
  readonly folder = mkdtempSync(join(tmpdir(), 'engine-'));
  readonly socket = join(this.folder, 'docker.sock');
  private readonly pidFile = join(this.folder, 'pid');
  private child: ChildProcess | null = null;
  private ended: Promise<unknown> = Promise.resolve();

  async start(liveRestore: boolean): Promise<void> {
    const places = ['--data-root', 'data', '--exec-root', 'exec'].map((word, index) =>
      index % 2 === 0 ? word : join(this.folder, word),
    );
    const apart = ['--bridge', 'none', '--iptables=false', '--ip6tables=false', '--storage-driver', 'vfs'];
    // An engine that is to have no bridge takes away the one that is there: it has a network of its own to do that in.
    const words = [
      'unshare',
      '--net',
      'dockerd',
      ...places,
      '-H',
      `unix://${this.socket}`,
      '--pidfile',
      this.pidFile,
      ...apart,
    ];
    const [file = '', ...args] = [...asRoot, ...words, ...(liveRestore ? ['--live-restore'] : [])];
    const child = spawn(file, args, { stdio: 'ignore' });
    this.child = child;
    this.ended = new Promise((resolve) => {
      child.once('exit', resolve);
      child.once('error', resolve);
    });
    await eventually(async () => this.docker('version'), 30_000);
  }
  async end(signal: 'KILL' | 'TERM'): Promise<void> {
    if (!this.child || this.child.exitCode !== null || this.child.signalCode !== null) return;
    const helper = this.root('cat', join(this.folder, 'exec/containerd/containerd.pid'));
    this.root('kill', `-${signal}`, readFileSync(this.pidFile, 'utf8').trim());
    await this.ended;
    this.child = null;
    // What it started goes with it. Where nobody collects the dead, its number stays taken and would be in the next one's way.
    await eventually(async () => expect(helper !== '' && lives(helper)).toBe(false));
    this.root('rm', '-f', join(this.folder, 'exec/containerd/containerd.pid'));
  }
  docker(...args: string[]): string {
    return this.root('docker', '-H', `unix://${this.socket}`, ...args);
  }
  root(...words: string[]): string {
    const [file = '', ...args] = [...asRoot, ...words];
    const { stdout, stderr, status } = spawnSync(file, args, { encoding: 'utf8', timeout: 30_000 });
    if (status !== 0) throw new Error(stderr);
    return stdout.trim();
  }
  /** One program and what it is linked with: enough of an image. */
  import(): void {
    const tree = join(this.folder, 'tree');
    const needed = spawnSync('ldd', [program], { encoding: 'utf8' }).stdout.match(/\/\S+/g) ?? [];
    for (const path of [program, ...needed]) {
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      copyFileSync(path, join(tree, path));
    }
    const tar = join(this.folder, 'tree.tar');
    this.root('tar', '-C', tree, '-cf', tar, '.');
    this.docker('import', tar, image);
  }
  /** A container that is one of our machines by its name and labels; gives the number of its process on this computer. */
  machine(machineId: string): number {
    const name = containerName(installationId, machineId);
    const marks = { [labels.installation]: installationId, [labels.machine]: machineId, [labels.pool]: 'p' };
    const words = Object.entries(marks).flatMap(([key, value]) => ['--label', `${key}=${value}`]);
    this.docker(
      'run',
      '-d',
      '--name',
      name,
      '--network',
      'none',
      '--stop-timeout',
      '1',
      ...words,
      image,
      program,
      '600',
    );
    return Number(this.docker('inspect', '-f', '{{.State.Pid}}', name));
  }
  /** Whatever became of it, nothing of it stays. */
  async remove(): Promise<void> {
    await this.end('TERM').catch(() => {});
    const shims = this.shims();
    const bodies = shims.flatMap(
      (pid) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').match(/\d+/g) ?? [],
    );
    if (shims.length > 0) this.root('kill', '-KILL', ...[...shims, ...bodies].map(String));
    const mounts = readFileSync('/proc/mounts', 'utf8').match(/\S+/g) ?? [];
    const below = mounts.filter((path) => path.startsWith(`${this.folder}/`)).sort();
    for (const path of below.reverse()) this.root('umount', '--lazy', path);
    this.root('rm', '-rf', this.folder);
  }
  private shims(): number[] {
    const isOurs = (pid: string): boolean => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return line.includes('containerd-shim') && line.includes(`${this.folder}/`);
      } catch {
        return false;
      }
    };
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && isOurs(name))
      .map(Number);
  }
}

let engine: PrivateEngine;
let backend: SandboxBackend;
let dataDir: string;
let ends: [string, string][];

beforeEach(() => {
  engine = new PrivateEngine();
  dataDir = mkdtempSync(join(tmpdir(), 'engine-lost-'));
  ends = [];
});
afterEach(async () => {
  await backend.close();
  await engine.remove();
  rmSync(dataDir, { recursive: true, force: true });
});
const begin = async (liveRestore: boolean): Promise<void> => {
  await engine.start(liveRestore);
  engine.import();
  backend = createDockerBackend({ dataDir, installationId, logger: silentLogger, socketPath: engine.socket });
  backend.onExit((machineId, reason) => ends.push([machineId, reason]));
};
const states = async (): Promise<Record<string, boolean>> =>
  Object.fromEntries((await backend.list(never)).map(({ machineId, running }) => [machineId, running]));
/** The engine is gone, and the backend says that, and nothing else. */
const expectLost = async (): Promise<void> => {
  expect(await backend.probe(never)).toMatchObject({ reachable: false });
  await expect(backend.list(never)).rejects.toMatchObject({ code: 'backend_unreachable' });
  await expect(backend.destroy('m_1', never)).rejects.toMatchObject({ code: 'backend_unreachable' });
  await expect(backend.homes?.list(never)).rejects.toMatchObject({ code: 'backend_unreachable' });
};

describe('an engine that is lost and comes back', () => {
  it('takes its machines with it as it comes back, which is told once, and is listened to again', async () => {
    await begin(false);
    const pid = engine.machine('m_1');
    expect(await states()).toEqual({ m_1: true });
    await sleep(300);
    await engine.end('KILL');
    await expectLost();
    // Nobody looks after it, but it goes on: nothing has ended yet.
    expect(lives(pid)).toBe(true);
    expect(ends).toEqual([]);
    await engine.start(false);
    await eventually(async () => expect(await states()).toEqual({ m_1: false }));
    await eventually(async () => expect(ends).toEqual([['m_1', expect.stringContaining('exited with code 137')]]));
    engine.machine('m_2');
    engine.docker('kill', containerName(installationId, 'm_2'));
    await eventually(async () => expect(ends.map(([machineId]) => machineId)).toEqual(['m_1', 'm_2']));
    await backend.destroy('m_1', never);
    // Stopped in good order it stops its machines first, and says so.
    engine.machine('m_3');
    await engine.end('TERM');
    await expectLost();
    await engine.start(false);
    await eventually(async () => expect(ends.map(([machineId]) => machineId)).toEqual(['m_1', 'm_2', 'm_3']));
    expect(await states()).toEqual({ m_2: false, m_3: false });
  });

  it('finds its machines as they were where it is told to leave them, and those that ended without it', async () => {
    await begin(true);
    const [one, two] = [engine.machine('m_1'), engine.machine('m_2')];
    engine.machine('m_3');
    await backend.pause('m_3', never);
    await sleep(300);
    for (const signal of ['KILL', 'TERM'] as const) {
      await engine.end(signal);
      await expectLost();
      expect(lives(one)).toBe(true);
      if (signal === 'TERM') engine.root('kill', '-KILL', String(two));
      await engine.start(true);
      await eventually(async () => expect(await states()).toEqual({ m_1: true, m_2: signal === 'KILL', m_3: false }));
    }
    expect((await backend.list(never)).find(({ machineId }) => machineId === 'm_3')).toMatchObject({ paused: true });
    await eventually(async () => expect(ends.map(([machineId]) => machineId)).toEqual(['m_2']));
    await backend.unpause('m_3', never);
    engine.docker('kill', containerName(installationId, 'm_1'));
    await eventually(async () => expect(ends.map(([machineId]) => machineId)).toEqual(['m_2', 'm_1']));
    engine.docker('kill', containerName(installationId, 'm_3'));
  });
});
