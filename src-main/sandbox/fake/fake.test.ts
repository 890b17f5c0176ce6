import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backendContract, MachinePark } from '../backend.contract';
import { createFakeBackend, type FakeBackend } from './index';

const never = new AbortController().signal;
const image = 'wheelhouse/fake:1';

backendContract('The fake backend', async () => {
  const folders = [mkdtempSync(join(tmpdir(), 'fake-')), mkdtempSync(join(tmpdir(), 'fake-'))] as const;
  const [backend, other] = folders.map((dataDir) => createFakeBackend({ dataDir })) as [FakeBackend, FakeBackend];
  return {
    backend,
    other,
    image,
    crash: async (machineId) => backend.kill(machineId),
    async close() {
      await backend.close();
      await other.close();
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    },
  };
});

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

  it('has machines that die by themselves and say so', async () => {
    const ended = new Promise<string>((resolve) => backend.onExit(resolve));
    backend.faults.guest = { kind: 'dies', afterMs: 10 };
    const spec = park.spec();
    await backend.create(spec, never);
    expect(await ended).toBe(spec.machineId);
  });
});
