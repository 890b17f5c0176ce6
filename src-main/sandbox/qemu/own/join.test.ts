import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SandboxBackend } from '../../backend';
import { createFakeBackend, type FakeBackend } from '../../fake';
import type { OwnGuests } from './index';
import { joinOwnGuests } from './join';

const never = new AbortController().signal;
let dataDir: string;
let desktops: FakeBackend;
const attached: string[] = [];
const prepare = async (): Promise<void> => {};
const own = {
  means: (image: string) => image.startsWith('own/'),
  has: (machineId: string) => machineId.startsWith('m_own'),
  close: async () => {},
} as unknown as OwnGuests;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'join-'));
  desktops = createFakeBackend({ dataDir });
});
afterEach(async () => {
  await desktops.close();
  rmSync(dataDir, { recursive: true, force: true });
});

describe('desktops and guests of one’s own as one backend', () => {
  it('says that guests of one’s own have no homes and no checkpoints, and that desktops have', () => {
    const { describe: tell } = joinOwnGuests({ ...desktops, prepare }, own);
    expect(tell?.('own/windows')).toMatchObject({ guestAgent: false, homes: false, checkpoints: false });
    expect(tell?.('wheelhouse/fake:1')).not.toHaveProperty('homes', false);
  });

  it('attaches homes where desktops can, and to no other', async () => {
    const { homes } = desktops;
    if (!homes) throw new Error('no homes');
    expect(joinOwnGuests({ ...desktops, prepare }, own).homes?.attach).toBeUndefined();
    const attach = async (machineId: string): Promise<void> => void attached.push(machineId);
    const able: SandboxBackend = { ...desktops, homes: { ...homes, attach } };
    const joined = joinOwnGuests({ ...able, prepare }, own);
    const home = { homeId: 'h', quotaMiB: 1 };
    await joined.homes?.attach?.('m_desktop', home, 's', never);
    await expect(joined.homes?.attach?.('m_own1', home, 's', never)).rejects.toMatchObject({ code: 'not_supported' });
    expect(attached).toEqual(['m_desktop']);
    expect(joined.homes?.enforcesQuota).toBe(homes.enforcesQuota);
    await expect(joined.homes?.read('home_that_never_was', never)).rejects.toMatchObject({ code: 'not_found' });
  });
});
