import { describe, expect, it } from 'vitest';
import type { BackendKind, PoolCreate } from '@shared/pool';
import type { BackendStatus, SandboxBackend } from '../sandbox/backend';
import { openDatabase, sql } from '../store/database';
import { poolStore } from '../store/pools';
import { settingsStore } from '../store/settings';
import { chooseFirstBackend, poolOn, settleFirstPool, type Way } from './firstPool';

/** Only what the decision asks for. */
const backend = (kind: BackendKind, reachable: boolean, image: string | null): SandboxBackend =>
  ({
    kind,
    probe: async (): Promise<BackendStatus> => ({ reachable, version: '1', message: '', isolation: 'vm' }),
    resolveImage: async () => image,
  }) as unknown as SandboxBackend;

function folder(docker: boolean, qemuImage: string | null) {
  const db = openDatabase(':memory:');
  const settings = settingsStore(db);
  const backends = new Map<BackendKind, SandboxBackend>([
    ['docker', backend('docker', docker, null)],
    ['qemu', backend('qemu', qemuImage !== null, qemuImage)],
  ]);
  const settle = (wanted: Way | null, now = backends) => settleFirstPool({ db, settings, backends: now, wanted });
  return { db, settle, backendOf: () => poolStore(db).get('desktop')?.spec.backend, backends };
}

describe('the first pool', () => {
  it('is on Docker where it answers, on QEMU where only that can make desktops, and waits otherwise', () => {
    expect(chooseFirstBackend({ wanted: null, docker: true, qemu: true })).toBe('docker');
    expect(chooseFirstBackend({ wanted: null, docker: false, qemu: true })).toBe('qemu');
    expect(chooseFirstBackend({ wanted: null, docker: false, qemu: false })).toBeNull();
    expect(chooseFirstBackend({ wanted: 'qemu', docker: true, qemu: false })).toBe('qemu');
  });

  it('gets QEMU in a new folder without Docker, once', async () => {
    const { settle, backendOf, db, backends } = folder(false, 'wheelhouse/desktop:1');
    expect(await settle(null)).toBe('qemu');
    expect(backendOf()).toBe('qemu');
    // Docker comes later: what was decided stays, and so does what a person chose.
    poolStore(db).setSpec('desktop', { ...poolStore(db).get('desktop')!.spec, backend: 'docker' });
    expect(await settle(null, new Map([...backends, ['docker', backend('docker', true, 'x')]]))).toBeNull();
    expect(backendOf()).toBe('docker');
  });

  it('decides nothing while neither is there', async () => {
    const { settle, backendOf, backends } = folder(false, null);
    expect(await settle(null)).toBeNull();
    expect(await settle(null, new Map([...backends, ['qemu', backend('qemu', true, 'i')]]))).toBe('qemu');
    expect(backendOf()).toBe('qemu');
  });

  it('leaves a folder alone that was used before', async () => {
    const { settle, backendOf, db } = folder(false, 'wheelhouse/desktop:1');
    sql(
      db,
      "INSERT INTO machines (id, pool_id, backend, state, image, size, secret, since, created_at) VALUES ('m_1', 'desktop', 'docker', 'gone', 'i', '{}', 's', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z')",
    ).run();
    expect(await settle('qemu')).toBeNull();
    expect(backendOf()).toBe('docker');
  });

  it('counts a backend that hangs or throws as not there', async () => {
    const { settle, backendOf, backends } = folder(false, 'i');
    const broken = { ...backend('docker', true, null), probe: () => Promise.reject(new Error('no')) };
    expect(await settle(null, new Map([...backends, ['docker', broken as SandboxBackend]]))).toBe('qemu');
    expect(backendOf()).toBe('qemu');
  });
});

describe('the pool for a backend that was asked for', () => {
  const pools = (given: { id: string; backend: BackendKind }[]) => {
    const made: PoolCreate[] = [];
    return {
      made,
      list: () => given,
      create(input: PoolCreate) {
        made.push(input);
        return { id: 'pool_1', backend: input.backend ?? 'docker' };
      },
    };
  };
  it('is the one that there is', () => {
    const all = pools([
      { id: 'desktop', backend: 'docker' },
      { id: 'vm', backend: 'qemu' },
    ]);
    expect(poolOn('qemu', all).id).toBe('vm');
    expect(all.made).toEqual([]);
  });
  it('is made beside the others', () => {
    const all = pools([{ id: 'desktop', backend: 'docker' }]);
    expect(poolOn('qemu', all)).toEqual({ id: 'pool_1', backend: 'qemu' });
    expect(all.made[0]).toMatchObject({ displayName: 'Machines', backend: 'qemu' });
  });
});
