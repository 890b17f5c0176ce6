import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sleep } from '../../base/deadline';
import { silentLogger } from '../../base/logger';
import type { GuestClient } from '../../guest/types';
import type { MachineHomes } from '../backend';
import { MachinePark } from '../backend.contract';
import { createQemuBackend } from './index';
import { Layout } from './layout';
import { readPid, runTool } from './process';

const never = new AbortController().signal;
const size = { cpus: 1, memoryMiB: 1024, width: 1024, height: 768 };
const installationId = `ith${process.pid}`;
const dataDir = mkdtempSync(join(tmpdir(), 'qemu-homes-'));
const backend = createQemuBackend({ dataDir, installationId, logger: silentLogger });
const homes = backend.homes as MachineHomes;
const home = { homeId: 'home_one', quotaMiB: 256 };
let park: MachinePark;

const run = async (client: GuestClient, command: string) =>
  (await client.exec({ epoch: 0, command, timeoutMs: 30_000 })).stdout.trim();
const kill = async (machineId: string): Promise<void> => {
  const pid = readPid(new Layout(dataDir, installationId).files(machineId).pidFile);
  if (pid === null) throw new Error('no process');
  process.kill(pid, 'SIGKILL');
  await sleep(100);
};

beforeAll(async () => {
  await backend.prepare('desktop', size, never);
  park = new MachinePark(backend, (await backend.resolveImage('desktop', never)) ?? '');
}, 360_000);
afterEach(async () => {
  await park.clear();
  await homes.remove(home.homeId, never);
});
afterAll(async () => {
  await backend.close();
  rmSync(dataDir, { recursive: true, force: true });
});

describe('a home of a QEMU machine', () => {
  it('keeps what was written down when QEMU is killed, is as long as its quota, and as large as its use', async () => {
    const { client, target } = await park.ready({ ...park.spec(), home });
    expect(await run(client, 'df -m --output=size . | tail -1')).toMatch(/^2\d\d$/);
    await run(client, 'head -c 20000000 /dev/urandom > data; md5sum < data > sum; sync');
    const bytes = async () => (await homes.list(never)).find(({ homeId }) => homeId === home.homeId)?.bytes ?? 0;
    expect(await bytes()).toBeGreaterThan(20_000_000);
    expect(await bytes()).toBeLessThan(60_000_000);
    await kill(target.machineId);
    await backend.destroy(target.machineId, never);
    const next = await park.ready({ ...park.spec(), home });
    expect(await run(next.client, 'cd; md5sum < data | diff - sum && echo same')).toBe('same');
  });

  it('has recovered by itself for its next machine when QEMU was killed in the middle of writing', async () => {
    const { client, target } = await park.ready({ ...park.spec(), home });
    await run(client, 'mkdir many; echo before > before; sync');
    const writing = run(client, 'for i in $(seq 1 100000); do echo $i > many/$i; [ $((i % 50)) = 0 ] && sync; done');
    writing.catch(() => {});
    await sleep(1_500);
    await kill(target.machineId);
    await backend.destroy(target.machineId, never);
    const next = await park.ready({ ...park.spec(), home });
    expect(await run(next.client, 'cat before; ls many | wc -l; echo again > after; cat after')).toMatch(
      /^before\n\d+\nagain$/,
    );
    await backend.destroy(next.target.machineId, never);
    // And its file system is whole, by the word of the program that knows.
    const copy = join(dataDir, 'copy');
    await writeFile(`${copy}.qcow2`, await buffer((await homes.read(home.homeId, never)).stream));
    await runTool('qemu-img', ['convert', '-O', 'raw', `${copy}.qcow2`, `${copy}.raw`], never);
    await runTool('/usr/sbin/e2fsck', ['-fn', `${copy}.raw`], never);
  });

  it('is full at its quota, and the machine says so', async () => {
    const small = { ...home, quotaMiB: 32 };
    const { client, target } = await park.ready({ ...park.spec(), home: small });
    const filled = await client.exec({ epoch: 0, command: 'head -c 60000000 /dev/zero > big', timeoutMs: 30_000 });
    expect(filled).toMatchObject({ success: false, stderr: expect.stringContaining('No space left') });
    const { disk } = await client.health();
    expect(disk?.homeFreeBytes).toBeLessThan(1_000_000);
    expect(disk?.freeBytes).toBeGreaterThan(100_000_000);
    // A session that filled its home can still come back to it.
    await backend.destroy(target.machineId, never);
    const next = await park.ready({ ...park.spec(), home: small });
    expect(await run(next.client, 'rm big; echo room > made; cat made')).toBe('room');
  });

  it('is read as its disk, not beside its machine, and gives way to one', async () => {
    const { target } = await park.ready({ ...park.spec(), home });
    await expect(homes.read(home.homeId, never)).rejects.toMatchObject({ code: 'conflict' });
    await backend.destroy(target.machineId, never);
    const { format, bytes, stream } = await homes.read(home.homeId, never);
    expect(format).toBe('qcow2');
    const disk = await buffer(stream);
    expect(disk).toHaveLength(bytes ?? -1);
    expect(disk.subarray(0, 4).toString('latin1')).toBe('QFI\u00fb');
    const late = (await homes.read(home.homeId, never)).stream;
    await park.ready({ ...park.spec(), home });
    await expect(buffer(late)).rejects.toMatchObject({ code: 'conflict' });
  });
});
