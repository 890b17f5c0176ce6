import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '../../base/logger';
import { bundle, unbundle } from '../../base/testing/bundle';
import { eventually, MachinePark, secretOf } from '../backend.contract';
import type { MachineCheckpoints } from '../backend';
import { cacheFolder } from './image';
import { createQemuBackend, type QemuBackend, type QemuBackendOptions } from './index';
import { Layout, type MachineFiles } from './layout';
import { NotHere, readHere, type MemoryReader, type OpenMemory } from './memoryReader';
import { isMachine, readPid } from './process';

const never = new AbortController().signal;
const size = { cpus: 1, memoryMiB: 1024, width: 1024, height: 768 };
const installationId = `itk${process.pid}`;
const dataDir = mkdtempSync(join(tmpdir(), 'qemu-keep-'));
const layout = new Layout(dataDir, installationId);
const folder = join(dataDir, 'qemu', 'checkpoints');
const folders = [dataDir];

const make = (more: Partial<QemuBackendOptions> = {}): QemuBackend =>
  createQemuBackend({ dataDir, installationId, logger: silentLogger, ...more });
const keptBy = (backend: QemuBackend): MachineCheckpoints => {
  if (!backend.checkpoints) throw new Error('no checkpoints');
  return backend.checkpoints;
};
/** A fresh look at each time: the backend under test has a Layout of its own. */
const filesOf = (machineId: string): MachineFiles => new Layout(dataDir, installationId).files(machineId);
const pidOf = (files: MachineFiles): number => {
  const pid = readPid(files.pidFile);
  if (pid === null) throw new Error('no process');
  return pid;
};
const pidFilesOf = (machineId: string): string[] =>
  readdirSync(filesOf(machineId).socketFolder).filter((name) => name.startsWith('pid'));

let backend = make();
/** Whether a test has put another in its place. */
let otherwise = false;
let park: MachinePark;
let kept: MachineCheckpoints;
const use = (one: QemuBackend, image: string): void => {
  backend = one;
  park = new MachinePark(one, image);
  kept = keptBy(one);
};
beforeAll(async () => {
  await backend.prepare('desktop', size, never);
  use(backend, (await backend.resolveImage('desktop', never)) ?? '');
}, 360_000);
afterEach(async () => {
  await park.clear();
  for (const { checkpointId } of await kept.list(never)) await kept.remove(checkpointId, never);
  if (otherwise) await another({});
  otherwise = false;
});
afterAll(async () => {
  await backend.close();
  for (const one of folders) rmSync(one, { recursive: true, force: true });
});

const ready = async () => {
  const { client, target } = await park.ready();
  const run = async (command: string, using = client) =>
    (await using.exec({ epoch: 0, command, timeoutMs: 20_000 })).stdout.trim();
  return { client, machineId: target.machineId, run };
};
const restored = async (machineId: string, checkpointId: string) => {
  await kept.restore(machineId, checkpointId, secretOf(machineId), never);
  return park.connect(park.target(machineId));
};

/** A backend with something otherwise, on the same folders, in place of the one so far. */
const another = async (more: Partial<QemuBackendOptions>): Promise<void> => {
  const image = (await backend.resolveImage('desktop', never)) ?? '';
  await backend.close();
  use(make(more), image);
  otherwise = true;
};
const swapReader = (faults: {
  open?: MemoryReader['open'];
  write?: (memory: OpenMemory, ...rest: Parameters<OpenMemory['write']>) => Promise<void>;
  logger?: QemuBackendOptions['logger'];
}): Promise<void> => {
  const { write, logger = silentLogger } = faults;
  const open: MemoryReader['open'] = async (pid, baseState) => {
    const memory = await readHere.open(pid, baseState);
    return { ...memory, write: (...rest) => (write ? write(memory, ...rest) : memory.write(...rest)) };
  };
  return another({ logger, reader: { open: faults.open ?? open, stop: async () => {} } });
};

describe('a checkpoint of a QEMU machine', () => {
  it('brings back a program where it stood, the right time, and leaves nothing of the process before', async () => {
    const { client, machineId, run } = await ready();
    await run(`setsid sh -c 'n=0; while :; do n=$((n+1)); echo $n > /tmp/n; sleep 0.1; done' >/dev/null 2>&1 & echo`);
    await eventually(async () => expect(Number(await run('cat /tmp/n'))).toBeGreaterThan(3));
    const before = filesOf(machineId);
    await kept.create(machineId, 'cp_one', never);
    const then = Number(await run('cat /tmp/n'));
    await eventually(async () => expect(Number(await run('cat /tmp/n'))).toBeGreaterThan(then + 10));
    await run('pkill -f "while :"; rm /tmp/n; true');
    expect(client.target.machineId).toBe(machineId);

    const now = await restored(machineId, 'cp_one');
    const first = Number(await run('cat /tmp/n', now));
    expect(first).toBeGreaterThan(0);
    await eventually(async () => expect(Number(await run('cat /tmp/n', now))).toBeGreaterThan(first));
    expect(Math.abs(Number(await run('date +%s', now)) * 1000 - Date.now())).toBeLessThan(20_000);
    expect(pidFilesOf(machineId)).toEqual(['pid1']);
    expect(existsSync(before.overlay)).toBe(false);
    expect(await isMachine(pidOf(filesOf(machineId)), filesOf(machineId).name)).toBe(true);
  });

  it('is open to its owner alone, holds what differs and no more, and is gone when it is removed', async () => {
    const { machineId } = await ready();
    const { bytes } = await kept.create(machineId, 'cp_one', never);
    const [name = ''] = readdirSync(folder);
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o700);
    for (const one of ['manifest.json', 'state', 'disk.qcow2']) {
      expect(statSync(join(folder, name, one)).mode & 0o777).toBe(0o600);
    }
    // A fresh desktop has 330 MiB in use; a machine made from it has written a tenth of that.
    expect(bytes).toBeLessThan(150 * 1024 * 1024);
    await kept.remove('cp_one', never);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is written by a thread of its own where there is one, and loads as well', async () => {
    const memoryWorkerUrl = await bundle(fileURLToPath(new URL('./memoryWorker.ts', import.meta.url)), 'memory');
    try {
      await another({ memoryWorkerUrl });
      const { machineId, run } = await ready();
      await run('head -c 9000000 /dev/urandom > /tmp/data; md5sum /tmp/data > /tmp/sum');
      const { bytes } = await kept.create(machineId, 'cp_one', never);
      expect(bytes).toBeLessThan(150 * 1024 * 1024);
      await run('rm /tmp/data');
      expect(await run('md5sum -c /tmp/sum', await restored(machineId, 'cp_one'))).toBe('/tmp/data: OK');
    } finally {
      unbundle(memoryWorkerUrl);
    }
  });

  it('holds the whole memory where the changed pages can’t be told', async () => {
    const { machineId, run } = await ready();
    await run('echo whole > /tmp/trace');
    rmSync(filesOf(machineId).base.state);
    const { bytes } = await kept.create(machineId, 'cp_one', never);
    expect(bytes).toBeGreaterThan(150 * 1024 * 1024);
    await run('rm /tmp/trace');
    const now = await restored(machineId, 'cp_one');
    expect(await run('cat /tmp/trace', now)).toBe('whole');
    // And a machine that was saved so stays usable: paused, saved again, let go on.
    await backend.pause(machineId, never);
    await kept.create(machineId, 'cp_two', never);
    expect((await backend.list(never))[0]).toMatchObject({ paused: true });
    await backend.unpause(machineId, never);
    expect(await run('cat /tmp/trace', now)).toBe('whole');
  });

  it('is refused, and the machine left alone, when it was cut off, changed, or made by another QEMU', async () => {
    const { client, machineId } = await ready();
    const { bootId } = await client.health();
    const pid = pidOf(filesOf(machineId));
    const harm: [RegExp, (name: (file: string) => string) => void][] = [
      [/cut off/, (name) => truncateSync(name('state'), statSync(name('state')).size - 5000)],
      [/changed/, (name) => writeFileSync(name('disk.qcow2'), readFileSync(name('disk.qcow2')))],
      [/missing/, (name) => rmSync(name('disk.qcow2'))],
      [
        /made by QEMU 1\.0/,
        (name) =>
          writeFileSync(
            name('manifest.json'),
            readFileSync(name('manifest.json'), 'utf8').replace(/"qemu":"[^"]+"/, '"qemu":"1.0"'),
          ),
      ],
      [/does not exist or is not whole/, (name) => rmSync(name('manifest.json'))],
    ];
    for (const [words, act] of harm) {
      await kept.create(machineId, 'cp_one', never);
      const [name = ''] = readdirSync(folder);
      act((file) => join(folder, name, file));
      const attempt = kept.restore(machineId, 'cp_one', secretOf(machineId), never);
      await expect(attempt).rejects.toMatchObject({ code: 'guest_failed', message: expect.stringMatching(words) });
      await kept.remove('cp_one', never);
    }
    expect((await client.health()).bootId).toBe(bootId);
    expect(pidOf(filesOf(machineId))).toBe(pid);
    expect(pidFilesOf(machineId)).toEqual(['pid']);
  });

  it('is not made on a full disk: the reason is said, nothing is left, the machine goes on', async () => {
    const { client, machineId } = await ready();
    const { bootId } = await client.health();
    const { base } = filesOf(machineId);
    const baseBytes = Object.values(base).reduce((sum, path) => sum + statSync(path).blocks * 512, 0);
    mkdirSync(folder, { recursive: true });
    const mount = (bytes: number) =>
      spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0700`, 'tmpfs', folder]);
    // No room for what it was made from (another file system, so copied), and for that but not for what it wrote.
    for (const bytes of [8 * 1024 * 1024, baseBytes + 2 * 1024 * 1024]) {
      expect(mount(bytes).status).toBe(0);
      try {
        const attempt = kept.create(machineId, 'cp_one', never);
        await expect(attempt).rejects.toMatchObject({ code: 'guest_failed', data: { reason: 'disk_full' } });
        expect(readdirSync(folder)).toEqual([]);
        expect((await client.health()).bootId).toBe(bootId);
      } finally {
        spawnSync('umount', [folder]);
      }
    }
    expect(await kept.create(machineId, 'cp_one', never)).toMatchObject({ bytes: expect.any(Number) });
  });

  it('costs the machine alone when QEMU is killed while it saves', async () => {
    let reached = (): void => {};
    const saving = new Promise<void>((resolve) => (reached = resolve));
    let goOn = (): void => {};
    const killed = new Promise<void>((resolve) => (goOn = resolve));
    await swapReader({
      write: async (memory, wanted, signal) => {
        reached();
        await killed;
        await memory.write(wanted, signal);
      },
    });
    const { machineId } = await ready();
    const ended: string[] = [];
    const stop = backend.onExit((one) => ended.push(one));
    const attempt = kept.create(machineId, 'cp_one', never);
    attempt.catch(() => {});
    await saving;
    expect(readdirSync(folder)).toHaveLength(1);
    process.kill(pidOf(filesOf(machineId)), 'SIGKILL');
    await eventually(async () => expect(ended).toEqual([machineId]));
    goOn();
    await expect(attempt).rejects.toMatchObject({ code: 'guest_failed' });
    stop();
    expect(await kept.list(never)).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('holds the whole memory, and the log says why, where a process may not look at another', async () => {
    const said: string[] = [];
    const logger = pino({ level: 'warn' }, { write: (line: string) => void said.push(line) });
    // What the system answers where kernel.yama.ptrace_scope is 2 or more.
    const refusal = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
    await swapReader({ open: () => Promise.reject(new NotHere('may not be looked at', { cause: refusal })), logger });
    const { machineId, run } = await ready();
    await run('echo looked > /tmp/trace');
    const { bytes } = await kept.create(machineId, 'cp_one', never);
    expect(bytes).toBeGreaterThan(150 * 1024 * 1024);
    expect(said.join()).toMatch(/whole memory.*/);
    expect(said.join()).toContain('EACCES');
    await run('rm /tmp/trace');
    expect(await run('cat /tmp/trace', await restored(machineId, 'cp_one'))).toBe('looked');
  });

  it('is made of a machine that booted, too, and goes on where that one stood', async () => {
    await another({ saveDesktops: false });
    const { machineId, run } = await ready();
    expect(layout.read(machineId)?.way).toBe('booted');
    await run(
      'echo cold > /tmp/trace; mkdir -p /tmp/a; head -c 3000000 /dev/urandom > /tmp/a/b; md5sum /tmp/a/b > /tmp/sum',
    );
    await kept.create(machineId, 'cp_one', never);
    // It goes on, and may be stopped and let go on, after a save that let go of its disk.
    await run('rm -r /tmp/a /tmp/trace; sync');
    await backend.pause(machineId, never);
    await backend.unpause(machineId, never);
    expect(await run('ls /tmp/trace 2>&1 | grep -c "No such"')).toBe('1');
    const now = await restored(machineId, 'cp_one');
    expect(await run('cat /tmp/trace; md5sum -c /tmp/sum', now)).toBe('cold\n/tmp/a/b: OK');
    expect(Math.abs(Number(await run('date +%s', now)) * 1000 - Date.now())).toBeLessThan(20_000);
    // Once more, of the restored one; and a second machine from it.
    await run('echo again > /tmp/trace', now);
    await kept.create(machineId, 'cp_two', never);
    const branch = await park.ready({ ...park.spec(), fromCheckpoint: 'cp_two' });
    expect(await run('cat /tmp/trace', branch.client)).toBe('again');
    await run('echo other > /tmp/trace', branch.client);
    expect(await run('cat /tmp/trace', now)).toBe('again');
  }, 240_000);

  it('costs nothing when QEMU is killed while it restores', async () => {
    const { client, machineId } = await ready();
    const { bootId } = await client.health();
    const ended: string[] = [];
    const stop = backend.onExit((one) => ended.push(one));
    await kept.create(machineId, 'cp_one', never);
    const next = layout.files(machineId, 1);
    const attempt = kept.restore(machineId, 'cp_one', secretOf(machineId), never);
    attempt.catch(() => {});
    await eventually(async () => expect(readPid(next.pidFile)).not.toBeNull());
    process.kill(pidOf(next), 'SIGKILL');
    await expect(attempt).rejects.toMatchObject({ code: 'guest_failed' });
    expect((await eventually(() => client.health(2000))).bootId).toBe(bootId);
    expect(pidFilesOf(machineId)).toEqual(['pid']);
    expect(existsSync(next.place)).toBe(false);
    expect(ended).toEqual([]);
    stop();
    expect((await (await restored(machineId, 'cp_one')).health()).bootId).not.toBe(bootId);
  });

  it('leaves one process that counts, whenever the broker dies', async () => {
    const { client, machineId } = await ready();
    const { bootId } = await client.health();
    const image = (await backend.resolveImage('desktop', never)) ?? '';
    const next = await layout.prepareSeat(machineId, 1);
    // Before the swap: the machine was stopped for it, and the next process is there.
    await backend.pause(machineId, never);
    await backend.close();
    const record = new Layout(dataDir, installationId).read(machineId);
    if (!record) throw new Error('no record');
    layout.write({ ...record, holding: true });
    const rest = spawn(
      'qemu-system-x86_64',
      ['-name', `guest=${next.name}`, '-pidfile', next.pidFile, '-nodefaults', '-display', 'none', '-S', '-m', '16'],
      { stdio: 'ignore' },
    );
    const gone = new Promise((resolve) => rest.once('exit', resolve));
    await eventually(async () => expect(readPid(next.pidFile)).toBe(rest.pid));
    const mine = new Set([machineId]);
    use(make(), image);
    for (const one of mine) park.spec(one);
    expect(await backend.list(never)).toMatchObject([{ machineId, running: true, paused: false }]);
    await gone;
    expect(pidFilesOf(machineId)).toEqual(['pid']);
    expect((await eventually(() => client.health(2000))).bootId).toBe(bootId);

    // After the swap: the old one is still there.
    await kept.create(machineId, 'cp_one', never);
    const now = await restored(machineId, 'cp_one');
    const { bootId: later } = await now.health();
    await backend.close();
    const old = layout.files(machineId, 0);
    const left = spawn(
      'qemu-system-x86_64',
      ['-name', `guest=${old.name}`, '-pidfile', old.pidFile, '-nodefaults', '-display', 'none', '-S', '-m', '16'],
      { stdio: 'ignore' },
    );
    const ended = new Promise((resolve) => left.once('exit', resolve));
    await eventually(async () => expect(readPid(old.pidFile)).toBe(left.pid));
    use(make(), image);
    park.spec(machineId);
    expect(await backend.list(never)).toMatchObject([{ machineId, running: true }]);
    await ended;
    expect((await now.health()).bootId).toBe(later);
  });

  it('can be made of a machine whose saved desktop lies on another file system, and outlives that desktop', async () => {
    const image = (await backend.resolveImage('desktop', never)) ?? '';
    const savedDir = mkdtempSync(join(tmpdir(), 'qemu-saved-'));
    const elsewhere = mkdtempSync(join(tmpdir(), 'qemu-keep-'));
    folders.push(savedDir, elsewhere);
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4g,mode=0700', 'tmpfs', savedDir]).status).toBe(0);
    try {
      spawnSync('cp', ['-a', '--sparse=always', `${join(cacheFolder(), 'qemu-saved')}/.`, savedDir]);
      const other = make({ dataDir: elsewhere, savedDir });
      const there = new MachinePark(other, image);
      try {
        const { client, target } = await there.ready();
        await client.writeFile({ epoch: 0, path: '/tmp/trace', data: Buffer.from('kept') });
        await keptBy(other).create(target.machineId, 'cp_one', never);
        await other.destroy(target.machineId, never);
        spawnSync('sh', ['-c', 'rm -rf "$1"/*', 'sh', savedDir]);
        const resumed = await there.ready({ ...there.spec(), fromCheckpoint: 'cp_one' });
        expect((await resumed.client.readFile('/tmp/trace')).toString()).toBe('kept');
      } finally {
        await there.clear();
        await other.close();
      }
    } finally {
      spawnSync('umount', [savedDir]);
    }
  });
});
