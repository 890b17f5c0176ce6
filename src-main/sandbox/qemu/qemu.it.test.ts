import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sleep } from '../../base/deadline';
import { silentLogger } from '../../base/logger';
import { backendContract, eventually, MachinePark } from '../backend.contract';
import { cacheFolder } from './image';
import { createQemuBackend, type QemuBackend } from './index';
import { Layout } from './layout';
import { readPid } from './process';
import { proportionalBytes } from './stats';

const never = new AbortController().signal;
const mebibyte = 1024 * 1024;
/** The size that the suite's machines have. */
const size = { cpus: 1, memoryMiB: 1024, width: 1024, height: 768 };

const program = 'qemu-system-x86_64';
const folders: string[] = [];
const make = (installationId: string, dataDir = mkdtempSync(join(tmpdir(), 'qemu-')), savedDir?: string) => {
  folders.push(dataDir);
  const options = { dataDir, installationId, logger: silentLogger, ...(savedDir === undefined ? {} : { savedDir }) };
  return { dataDir, installationId, backend: createQemuBackend(options) };
};
const pidOf = ({ dataDir, installationId }: ReturnType<typeof make>, machineId: string): number => {
  const pid = readPid(new Layout(dataDir, installationId).files(machineId).pidFile);
  if (pid === null) throw new Error(`no process of ${machineId}`);
  return pid;
};
const desktop = async (backend: QemuBackend): Promise<string> => {
  const image = await backend.resolveImage('desktop', never);
  if (!image) throw new Error('There is no desktop image for QEMU: run the set-up first.');
  return image;
};

beforeAll(async () => {
  // A desktop that is booted, checked and saved once for all: minutes on a computer that emulates and is busy.
  const { backend } = make(`itp${process.pid}`);
  await backend.prepare('desktop', size, never);
  await backend.close();
}, 360_000);
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

backendContract(
  'The QEMU backend',
  async () => {
    const [own, foreign] = [make(`ita${process.pid}`), make(`itb${process.pid}`)];
    return {
      backend: own.backend,
      other: foreign.backend,
      image: await desktop(own.backend),
      crash: async (machineId) => void process.kill(pidOf(own, machineId), 'SIGKILL'),
      async close() {
        await Promise.all([own.backend.close(), foreign.backend.close()]);
      },
    };
  },
  { checkpoints: true, homes: true, attach: true },
);

describe('a machine of QEMU', () => {
  const own = make(`itc${process.pid}`);
  const { backend } = own;
  let park: MachinePark;
  beforeAll(async () => {
    park = new MachinePark(backend, await desktop(backend));
  });
  afterEach(() => park.clear());
  afterAll(() => backend.close());

  it('differs from every other in what must differ, and has the right time', async () => {
    const ask = `cat /etc/machine-id /proc/sys/kernel/random/boot_id; head -c 16 /dev/urandom | od -An -tx1; date +%s`;
    const seen = await Promise.all(
      [1, 2, 3].map(async () => {
        const { client } = await park.ready();
        const { stdout } = await client.exec({ epoch: 0, command: ask, timeoutMs: 20_000 });
        const [machineId, bootId, random, time] = stdout.trim().split('\n');
        expect(Math.abs(Number(time) * 1000 - Date.now())).toBeLessThan(20_000);
        return [machineId, bootId, random, (await client.health()).bootId];
      }),
    );
    expect(new Set(seen.flat()).size).toBe(12);
  });

  it('keeps its files and its memory from every other', async () => {
    const [one, two] = [await park.ready(), await park.ready()];
    const run = (which: typeof one, command: string) => which.client.exec({ epoch: 0, command, timeoutMs: 20_000 });
    await run(one, 'echo canary > /home/session/canary; echo canary > /tmp/canary; sync');
    expect((await run(two, 'cat /home/session/canary /tmp/canary')).success).toBe(false);
    await backend.destroy(one.target.machineId, never);
    const { client } = await park.ready();
    const look = await client.exec({ epoch: 0, command: 'ls /home/session /tmp', timeoutMs: 20_000 });
    expect(look.stdout).not.toContain('canary');
  });

  it('shares what it has not written, and rests when it is paused', async () => {
    const { client, target } = await park.ready();
    await client.health();
    await backend.pause(target.machineId, never);
    const pid = pidOf(own, target.machineId);
    expect(proportionalBytes(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))).toBeLessThan(256 * mebibyte);
    await backend.stats(target.machineId, never);
    await sleep(500);
    expect((await backend.stats(target.machineId, never))?.cpuPercent).toBeLessThan(5);
  });

  it('is found again after a restart of the broker, running or paused, by another object alone', async () => {
    const [one, two] = [await park.ready(), await park.ready()];
    await backend.pause(two.target.machineId, never);
    const before = (await one.client.health()).bootId;
    const first = make(own.installationId, own.dataDir);
    // QEMU serves one client of its control socket at a time: the old broker lets go first.
    await backend.close();
    try {
      const seen = await first.backend.list(never);
      expect(seen).toContainEqual(
        expect.objectContaining({ machineId: one.target.machineId, running: true, paused: false, state: 'running' }),
      );
      expect(seen).toContainEqual(
        expect.objectContaining({ machineId: two.target.machineId, running: false, paused: true }),
      );
      expect(first.backend.linkPath(one.target.machineId)).toBe(one.target.path);
      await first.backend.create(park.spec(one.target.machineId), never);
      expect((await one.client.health()).bootId).toBe(before);
      await first.backend.unpause(two.target.machineId, never);
      expect((await eventually(() => two.client.health(2000))).machineId).toBe(two.target.machineId);
      const ended: string[] = [];
      first.backend.onExit((machineId) => ended.push(machineId));
      process.kill(pidOf(own, one.target.machineId), 'SIGKILL');
      await eventually(async () => expect(ended).toEqual([one.target.machineId]));
    } finally {
      for (const { target } of [one, two]) await first.backend.destroy(target.machineId, never);
      await first.backend.close();
    }
    expect(await backend.list(never)).toEqual([]);
  });

  it('leaves other people’s QEMU alone, though a pid file names it', async () => {
    const { target } = await park.ready();
    const files = new Layout(own.dataDir, own.installationId).files(target.machineId);
    const foreign = spawn(program, ['-nodefaults', '-display', 'none', '-S', '-m', '16'], {
      stdio: 'ignore',
    });
    try {
      await backend.close();
      const mine = pidOf(own, target.machineId);
      process.kill(mine, 'SIGKILL');
      spawnSync('sh', ['-c', `echo ${foreign.pid} > ${files.pidFile}`]);
      expect(await backend.list(never)).toMatchObject([{ machineId: target.machineId, running: false }]);
      await backend.destroy(target.machineId, never);
      expect(foreign.exitCode).toBeNull();
      expect(() => process.kill(foreign.pid ?? 0, 0)).not.toThrow();
    } finally {
      foreign.kill('SIGKILL');
    }
  });

  it('never shows its secret on a command line or in a file', async () => {
    const { target } = await park.ready();
    const pid = pidOf(own, target.machineId);
    expect(readFileSync(`/proc/${pid}/cmdline`, 'latin1')).not.toContain(target.secret);
    expect(spawnSync('grep', ['-rl', target.secret, own.dataDir]).status).toBe(1);
  });

  it('reaches nothing of this computer, not even what listens for all', async () => {
    const knocks: unknown[] = [];
    const server = createServer((socket) => knocks.push(socket.destroy()));
    await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
    const { port } = server.address() as AddressInfo;
    const outside = Object.values(networkInterfaces()).flatMap((one) => (one ?? []).map(({ address }) => address));
    const { client, target } = await park.ready();
    const { target: other } = await park.ready();
    const ports = [port, ...[target, other].map(({ path }) => Number(path.split(':').at(-1)))];
    const hosts = ['10.0.2.2', '10.0.2.3', ...outside.filter((address) => /^\d+(\.\d+){3}$/.test(address))];
    const reach = (host: string, one: number) =>
      client.exec({
        epoch: 0,
        command: `timeout 2 bash -c ': > /dev/tcp/${host}/${one}' 2>/dev/null && echo reached`,
        timeoutMs: 20_000,
      });
    try {
      for (const host of hosts.filter((address) => address !== '127.0.0.1')) {
        for (const one of ports) expect((await reach(host, one)).stdout).toBe('');
      }
      expect(knocks).toEqual([]);
    } finally {
      server.close();
    }
  });

  it('is destroyed also when QEMU hangs', async () => {
    const { target } = await park.ready();
    process.kill(pidOf(own, target.machineId), 'SIGSTOP');
    await expect(backend.pause(target.machineId, never)).rejects.toMatchObject({ code: 'guest_timeout' });
    await backend.destroy(target.machineId, never);
    expect(await backend.list(never)).toEqual([]);
  });
});

describe('without a saved desktop that can be used', () => {
  const patience = 120_000;
  const readyAfterBoot = async (backend: QemuBackend, park: MachinePark) => {
    const spec = park.spec();
    await backend.create(spec, never);
    const { health } = await eventually(() => park.connect(park.target(spec.machineId)), patience);
    await eventually(async () => expect(await health()).toMatchObject({ sessionReady: true }), patience);
    return spec.machineId;
  };
  const wayOf = ({ dataDir, installationId }: ReturnType<typeof make>, machineId: string) =>
    new Layout(dataDir, installationId).read(machineId)?.way;

  it(
    'machines boot, and a saved desktop that does not load costs one machine its speed, no more',
    async () => {
      const savedDir = mkdtempSync(join(tmpdir(), 'saved-'));
      folders.push(savedDir);
      // With holes as holes and times as they are.
      spawnSync('cp', ['-a', '--sparse=always', `${join(cacheFolder(), 'qemu-saved')}/.`, savedDir]);
      const one = make(`itd${process.pid}`, undefined, savedDir);
      const park = new MachinePark(one.backend, await desktop(one.backend));
      try {
        const { target } = await park.ready();
        expect(wayOf(one, target.machineId)).toBe('mapped');
        for (const name of readdirSync(savedDir)) {
          const state = join(savedDir, name, 'state');
          if (!existsSync(state)) continue;
          spawnSync('sh', [
            '-c',
            'cp -p "$1" "$1.time"; head -c "$(stat -c %s "$1")" /dev/zero > "$1"; touch -r "$1.time" "$1"; rm "$1.time"',
            'sh',
            state,
          ]);
        }
        expect(wayOf(one, await readyAfterBoot(one.backend, park))).toBe('booted');
        expect((await one.backend.list(never)).map(({ state }) => state)).toEqual(['running', 'running']);
      } finally {
        await park.clear();
        await one.backend.close();
      }
    },
    3 * patience,
  );
});
