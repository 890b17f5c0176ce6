import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sleep } from '../../base/deadline';
import { silentLogger } from '../../base/logger';
import { eventually, MachinePark } from '../backend.contract';
import { cacheFolder, findImage } from './image';
import { createQemuBackend, type QemuBackendOptions } from './index';

const never = new AbortController().signal;
/** The size that the suites' machines have: one saved desktop for all of them. */
const size = { cpus: 1, memoryMiB: 1024, width: 1024, height: 768 };
const bootMs = 120_000;
const folders: string[] = [];
const folder = (name: string): string => {
  const path = mkdtempSync(join(tmpdir(), name));
  folders.push(path);
  return path;
};
let count = 0;
const make = (options: Partial<QemuBackendOptions> = {}) =>
  createQemuBackend({
    ...{ dataDir: folder('qemu-'), installationId: `itf${process.pid}${(count += 1)}`, logger: silentLogger },
    ...options,
  });
const imageDir = join(cacheFolder(), 'qemu');
const image = () => {
  const found = findImage(imageDir, 'desktop');
  if (!found) throw new Error('There is no desktop image for QEMU: run the set-up first.');
  return found;
};

afterAll(() => {
  for (const path of folders) rmSync(path, { recursive: true, force: true });
});

describe('clones of one saved desktop', () => {
  const backend = make();
  let park: MachinePark;
  beforeAll(async () => {
    await backend.prepare('desktop', size, never);
    park = new MachinePark(backend, image().name);
  }, 360_000);
  afterEach(() => park.clear());
  afterAll(() => backend.close());

  it('differ in all that must differ, ten of them, and know what time it is', { timeout: 180_000 }, async () => {
    const ask = [
      'cat /etc/machine-id /proc/sys/kernel/random/boot_id',
      'head -c 16 /dev/urandom | od -An -tx1',
      'python3 -c "import os; print(os.getrandom(16).hex())"',
      "node -p \"require('crypto').randomBytes(16).toString('hex')\"",
      'date +%s%3N',
    ].join('; ');
    const seen: string[] = [];
    const late: number[] = [];
    for (let n = 0; n < 10; n += 1) {
      const { client, target } = await park.ready();
      const before = Date.now();
      const { stdout } = await client.exec({ epoch: 0, command: ask, timeoutMs: 30_000 });
      const after = Date.now();
      const lines = stdout.trim().split('\n');
      expect(lines).toHaveLength(6);
      const time = Number(lines.pop());
      late.push(Math.max(0, before - time, time - after));
      seen.push(...lines, (await client.health()).bootId);
      await backend.destroy(target.machineId, never);
    }
    expect(new Set(seen).size).toBe(60);
    expect(Math.max(...late)).toBeLessThan(1000);
  });

  it('reach nothing but what belongs to them', async () => {
    const [one, two] = [await park.ready(), await park.ready()];
    const says = async (command: string) =>
      (await one.client.exec({ epoch: 0, command, timeoutMs: 30_000 })).stdout.trim();
    const port = Number(two.target.path.split(':').at(-1));
    const outside = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
    const places = [
      ...['10.0.2.2', '10.0.2.3', '1.1.1.1', ...outside.filter((address) => /^\d+\.\d+\.\d+\.\d+$/.test(address))]
        .filter((address) => address !== '127.0.0.1')
        .map((address) => `${address}/${port}`),
      ...['10.0.2.2/22', '10.0.2.3/53', '1.1.1.1/443', `127.0.0.1/${port}`],
    ];
    for (const place of places) {
      expect(await says(`timeout 2 bash -c ': > /dev/tcp/${place}' 2>/dev/null && echo reached ${place}`)).toBe('');
    }
    expect(await says('timeout 5 getent hosts example.com || echo nobody')).toBe('nobody');
    // The agent's door: it opens for this computer alone, and says nothing to a program of the session.
    expect(
      await says(`timeout 5 bash -c 'exec 3<>/dev/tcp/10.0.2.15/4100; printf "\\0\\0\\0\\2{}" >&3; wc -c <&3' 2>&1`),
    ).toMatch(/^0$|refused|reset/);
    expect(await says('for f in /dev/vport* /dev/hvc* /dev/vda; do (: < $f) 2>/dev/null && echo $f; done; id -u')).toBe(
      '1000',
    );
  });

  it('know the time again after they stood still', async () => {
    const { client, target } = await park.ready();
    const offMs = async () =>
      Math.abs(
        Number((await client.exec({ epoch: 0, command: 'date +%s%3N', timeoutMs: 20_000 })).stdout) - Date.now(),
      );
    await offMs();
    await backend.pause(target.machineId, never);
    await sleep(4_000, never);
    await backend.unpause(target.machineId, never);
    await eventually(async () => expect(await offMs()).toBeLessThan(2_000));
  });

  it('are warmed up and then stopped as they are parked, and go on at once when they are wanted', async () => {
    const { client, target } = await park.ready();
    const { machineId, secret } = target;
    await backend.park?.(machineId, secret, never);
    expect(await backend.list(never)).toMatchObject([{ machineId, running: false, paused: true }]);
    await eventually(async () => expect((await backend.list(never))[0]?.state).toBe('paused'));
    await expect(client.health(500)).rejects.toMatchObject({ code: 'guest_timeout' });
    await backend.unpause(machineId, never);
    expect((await client.exec({ epoch: 0, command: 'echo on', timeoutMs: 20_000 })).stdout).toBe('on\n');
    const other = await park.ready();
    await backend.park?.(other.target.machineId, other.target.secret, never);
    await backend.unpause(other.target.machineId, never);
    expect((await other.client.health()).machineId).toBe(other.target.machineId);
    expect((await backend.list(never)).map(({ state }) => state)).toEqual(['running', 'running']);
  });

  it('tells what they are made of', async () => {
    await park.ready();
    const facts = (await backend.facts?.(never)) ?? [];
    expect(facts.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['QEMU', 'Processor', 'Image', 'Saved desktop', 'Machines']),
    );
    expect(facts.find(({ name }) => name === 'Machines')?.words).toBe(
      '1 came up from a saved desktop whose memory they share',
    );
    expect(backend.describe?.(image().name)).toMatchObject({ guestAgent: true, consoleLog: true });
  });
});

it('a kernel that panics is the reason of the machine’s end, and is on its console', { timeout: bootMs }, async () => {
  const { folder: from, tag } = image();
  const own = folder('qemu-image-');
  mkdirSync(join(own, tag));
  for (const name of ['disk.qcow2', 'vmlinuz', 'initrd']) symlinkSync(join(from, name), join(own, tag, name));
  const manifest = JSON.parse(readFileSync(join(from, 'manifest.json'), 'utf8')) as { commandLine: string };
  // No first program: the kernel has nothing to run.
  manifest.commandLine += ' rdinit=/nowhere';
  writeFileSync(join(own, tag, 'manifest.json'), JSON.stringify(manifest));
  const backend = make({ imageDir: own, saveDesktops: false });
  const park = new MachinePark(backend, image().name);
  const ends: string[] = [];
  backend.onExit((_, reason) => ends.push(reason));
  try {
    const { machineId } = park.spec();
    await backend.create(park.spec(machineId), never);
    await eventually(async () => expect(ends).toHaveLength(1), bootMs);
    expect(ends[0]).toContain('kernel panicked');
    expect(await backend.list(never)).toMatchObject([{ machineId, running: false, paused: false }]);
    expect((await backend.logs(machineId, 200, never)).join('\n')).toContain('Kernel panic - not syncing');
  } finally {
    await park.clear();
    await backend.close();
  }
});

it('a disk without room for a saved desktop is said, and machines boot', { timeout: 2 * bootMs }, async () => {
  const savedDir = folder('qemu-full-');
  expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64m,mode=0700', 'tmpfs', savedDir]).status).toBe(0);
  const backend = make({ savedDir });
  const park = new MachinePark(backend, image().name);
  try {
    await expect(backend.prepare('desktop', size, never)).rejects.toMatchObject({ code: 'guest_failed' });
    expect((await backend.probe(never)).message).toMatch(/No desktop could be saved \(.*room/);
    const spec = park.spec();
    await backend.create(spec, never);
    const client = await eventually(() => park.connect(park.target(spec.machineId)), bootMs);
    await eventually(async () => expect(await client.health()).toMatchObject({ sessionReady: true }), bootMs);
  } finally {
    await park.clear();
    await backend.close();
    spawnSync('umount', [savedDir]);
  }
});
