import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backendContract, MachinePark } from '../backend.contract';
import { createFakeBackend, type FakeBackend } from './index';

const never = new AbortController().signal;
const image = 'wheelhouse/fake:1';

backendContract(
  'The fake backend',
  async () => {
    const folders = [mkdtempSync(join(tmpdir(), 'fake-')), mkdtempSync(join(tmpdir(), 'fake-'))] as const;
    const [backend, other] = folders.map((dataDir) => createFakeBackend({ dataDir })) as [FakeBackend, FakeBackend];
    return {
      backend,
      other,
      image,
      crash: async (machineId) => backend.kill(machineId),
      readable: (_, text) => Buffer.from(text).toString('base64'),
      async close() {
        await backend.close();
        await other.close();
        for (const folder of folders) rmSync(folder, { recursive: true, force: true });
      },
    };
  },
  { checkpoints: true, homes: true, exec: true },
);

describe('the faults of the fake backend', () => {
  let dataDir: string;
  let backend: FakeBackend;
  let park: MachinePark;
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'fake-'));
    backend = createFakeBackend({ dataDir });
    park = new MachinePark(backend, image);
  });
  afterEach(async () => {
    await backend.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('is unreachable while switched off', async () => {
    backend.faults.unreachable = true;
    expect(await backend.probe(never)).toMatchObject({ reachable: false });
    await expect(backend.list(never)).rejects.toMatchObject({ code: 'backend_unreachable' });
    backend.faults.unreachable = false;
    expect(await backend.list(never)).toEqual([]);
  });

  it('fails creates with the code that it was told', async () => {
    backend.faults.createFails = 'guest_failed';
    const spec = park.spec();
    await expect(backend.create(spec, never)).rejects.toMatchObject({ code: 'guest_failed' });
    expect(await backend.list(never)).toEqual([]);
    backend.faults.createFails = null;
    await backend.create(spec, never);
    expect(backend.created).toEqual([spec.machineId, spec.machineId]);
  });

  it('has machines with no room left, with somebody’s mark, and sessions that do not settle', async () => {
    const home = { homeId: 'home_1', quotaMiB: 1 };
    backend.faults.guest = { kind: 'diskFull' };
    const full = await park.ready({ ...park.spec(), home });
    expect(await full.client.health()).toMatchObject({ disk: { freeBytes: 0, homeFreeBytes: 0 } });
    const write = full.client.writeFile({ epoch: 0, path: 'x', data: Buffer.from('x') });
    await expect(write).rejects.toThrow('ENOSPC');
    backend.faults.guest = { kind: 'marked', mark: 's_before' };
    expect((await (await park.ready()).client.health()).mark).toBe('s_before');
    backend.faults.guest = { kind: 'unsettled' };
    const { client } = await park.ready();
    const settling = client.settle(10_000);
    client.close();
    await expect(settling).rejects.toMatchObject({ code: 'guest_failed' });
    await backend.destroy(full.target.machineId, never);
    backend.faults.homeRemoveFails = 'guest_failed';
    await expect(backend.homes?.remove('home_1', never)).rejects.toMatchObject({ code: 'guest_failed' });
  });

  it('keeps homes beyond itself', async () => {
    const home = { homeId: 'home_1', quotaMiB: 1 };
    const { client } = await park.ready({ ...park.spec(), home });
    await client.writeFile({ epoch: 0, path: 'notes', data: Buffer.from('kept') });
    const next = createFakeBackend({ dataDir, parks: 'optional' });
    try {
      const spec = { ...park.spec('m_next'), home };
      const then = await new MachinePark(next, image).ready(spec);
      expect((await then.client.readFile('notes')).toString()).toBe('kept');
      then.client.close();
    } finally {
      await next.close();
    }
  });

  it('has machines that die by themselves and say so', async () => {
    const ended = new Promise<string>((resolve) => backend.onExit(resolve));
    backend.faults.guest = { kind: 'dies', afterMs: 10 };
    const spec = park.spec();
    await backend.create(spec, never);
    expect(await ended).toBe(spec.machineId);
  });
});
