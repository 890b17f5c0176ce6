import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '../../base/logger';
import type { GuestClient } from '../../guest/types';
import type { MachineHomes, SandboxBackend } from '../backend';
import { eventually, MachinePark } from '../backend.contract';
import { createDockerBackend } from './index';
import { labels, volumeName } from './labels';

const never = new AbortController().signal;
const installationId = `ith${process.pid}`;
const docker = (...args: string[]): string => {
  const { stdout, stderr, status } = spawnSync('docker', args, { encoding: 'utf8', timeout: 60_000 });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
};
const folders: string[] = [];
const make = (): SandboxBackend => {
  const dataDir = mkdtempSync(join(tmpdir(), 'docker-homes-'));
  folders.push(dataDir);
  return createDockerBackend({ dataDir, installationId, logger: silentLogger });
};
const homesOf = ({ homes }: SandboxBackend): MachineHomes => {
  if (!homes) throw new Error('no homes');
  return homes;
};
const helpers = (): string[] =>
  docker(
    'ps',
    '-aq',
    '--filter',
    `label=${labels.helper}`,
    '--filter',
    `label=${labels.installation}=${installationId}`,
  )
    .split('\n')
    .filter(Boolean);

describe('a home in a volume', () => {
  const backend = make();
  const homes = homesOf(backend);
  let park: MachinePark;
  let count = 0;
  const fresh = () => ({ homeId: `home_${process.pid}_${++count}`, quotaMiB: 64 });
  const out = async (client: GuestClient, command: string) =>
    (await client.exec({ epoch: 0, command, timeoutMs: 20_000 })).stdout.trim();
  const entry = async (homeId: string, which = homes) => (await which.list(never)).find((one) => one.homeId === homeId);

  beforeAll(async () => {
    const image = await backend.resolveImage('desktop', never);
    if (!image) throw new Error('There is no desktop image: run the set-up first.');
    park = new MachinePark(backend, image);
  });
  afterEach(async () => {
    await park.clear();
    for (const { homeId } of await homes.list(never)) await homes.remove(homeId, never);
    expect(helpers()).toEqual([]);
  });
  afterAll(async () => {
    await backend.close();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  it('begins as the image’s own, with its owner and rights, and takes a browser’s profile with it', async () => {
    const home = fresh();
    const one = await park.ready({ ...park.spec(), home });
    expect(await out(one.client, 'stat -c "%U %G %a" . Documents .shop-floor')).toBe(
      'agent agent 700\nagent agent 755\nagent agent 700',
    );
    await one.client.launch({ epoch: 0, path: 'chromium', args: ['--no-first-run', 'about:blank'] });
    await one.client.launch({ epoch: 0, path: 'pcmanfm', args: [] });
    await eventually(async () => expect((await one.client.listWindows()).length).toBeGreaterThanOrEqual(2));
    const preferences = '.config/chromium/Default/Preferences';
    await eventually(async () => expect(await out(one.client, `ls ${preferences}`)).toBe(preferences));
    expect(await one.client.settle(3000)).toMatchObject({ killed: 0 });
    await backend.destroy(one.target.machineId, never);
    const two = await park.ready({ ...park.spec(), home });
    expect(await out(two.client, `grep -o '"exit_type":"[^"]*"' ${preferences}`)).toBe('"exit_type":"SessionEnded"');
    await two.client.launch({ epoch: 0, path: 'chromium', args: ['about:blank'] });
    await eventually(async () =>
      expect((await two.client.listWindows()).map(({ title }) => title).join()).toMatch(/about:blank/),
    );
  });

  it('is measured, while a machine has it and after it', async () => {
    const home = fresh();
    const { client, target } = await park.ready({ ...park.spec(), home });
    await client.exec({ epoch: 0, command: 'head -c 5000000 /dev/urandom > big', timeoutMs: 10_000 });
    const bytes = await eventually(async () => {
      const found = (await entry(home.homeId))?.bytes ?? 0;
      expect(found).toBeGreaterThan(5_000_000);
      return found;
    });
    expect(bytes).toBeLessThan(20_000_000);
    await client.exec({ epoch: 0, command: 'head -c 5000000 /dev/urandom > more', timeoutMs: 10_000 });
    await backend.destroy(target.machineId, never);
    expect((await entry(home.homeId))?.bytes).toBeGreaterThan(10_000_000);
    const next = make();
    try {
      // A broker that knows nothing of it looks for itself, and meanwhile says so.
      expect(await entry(home.homeId, homesOf(next))).toMatchObject({ bytes: null, machineId: null });
      await eventually(async () =>
        expect((await entry(home.homeId, homesOf(next)))?.bytes).toBeGreaterThan(10_000_000),
      );
    } finally {
      await next.close();
    }
  });

  it('is read beside the machine that has it, with what no other user may see', async () => {
    const home = fresh();
    const { client } = await park.ready({ ...park.spec(), home });
    await client.exec({ epoch: 0, command: 'umask 077; echo private words > secret', timeoutMs: 10_000 });
    const { format, stream } = await homes.read(home.homeId, never);
    expect(format).toBe('tar');
    const tar = await buffer(stream);
    expect(tar.includes('private words')).toBe(true);
    expect(tar.subarray(257, 262).toString()).toBe('ustar');
    await eventually(async () => expect(helpers()).toEqual([]));
  });

  it('ends its readers when it is removed, or when they are told to stop', async () => {
    const home = fresh();
    const { client, target } = await park.ready({ ...park.spec(), home });
    await client.exec({ epoch: 0, command: 'head -c 30000000 /dev/urandom > big', timeoutMs: 20_000 });
    await backend.destroy(target.machineId, never);
    const stop = new AbortController();
    const left = (await homes.read(home.homeId, stop.signal)).stream;
    stop.abort(new Error('no longer wanted'));
    await expect(buffer(left)).rejects.toThrow('no longer wanted');
    const { stream } = await homes.read(home.homeId, never);
    await homes.remove(home.homeId, never);
    await expect(buffer(stream)).rejects.toMatchObject({ code: 'conflict' });
    expect(await entry(home.homeId)).toBeUndefined();
  });

  it('is not taken for one where a volume of its name is somebody else’s', async () => {
    const home = fresh();
    const name = volumeName(installationId, home.homeId);
    docker('volume', 'create', name);
    try {
      const spec = { ...park.spec(), home };
      await expect(backend.create(spec, never)).rejects.toMatchObject({ code: 'guest_failed' });
      expect(await entry(home.homeId)).toBeUndefined();
      await homes.remove(home.homeId, never);
      await expect(homes.read(home.homeId, never)).rejects.toMatchObject({ code: 'not_found' });
      expect(docker('volume', 'ls', '-q', '--filter', `name=${name}`)).toBe(name);
    } finally {
      docker('volume', 'rm', name);
    }
  });

  it('has what a broker left behind that read it taken away, and that is no machine', async () => {
    const home = fresh();
    const { target } = await park.ready({ ...park.spec(), home });
    const of = [`${labels.installation}=${installationId}`, `${labels.home}=${home.homeId}`, `${labels.helper}=before`];
    docker('create', ...of.flatMap((label) => ['--label', label]), '--network', 'none', park.image);
    expect((await backend.list(never)).map(({ machineId }) => machineId)).toEqual([target.machineId]);
    expect(helpers()).toHaveLength(1);
    expect(await entry(home.homeId)).toMatchObject({ machineId: target.machineId });
    expect(helpers()).toEqual([]);
  });

  it('says whether its quota is more than a word', async () => {
    await backend.probe(never);
    const name = `wheelhouse-${installationId}-by-hand`;
    const tried = spawnSync('docker', ['volume', 'create', '--opt', 'size=16m', name], { encoding: 'utf8' });
    if (tried.status === 0) docker('volume', 'rm', name);
    expect(homes.enforcesQuota).toBe(tried.status === 0);
    expect(docker('volume', 'ls', '-q', '--filter', `label=${labels.installation}=${installationId}`)).toBe('');
  });
});
