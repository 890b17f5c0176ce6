import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../base/logger';
import { connectGuest, openRfb } from '../../../guest';
import type { GuestClient } from '../../../guest/types';
import { createScreenHubs } from '../../../screen/hub/hubs';
import type { ScreenHub } from '../../../screen/types';
import { eventually } from '../../backend.contract';
import { findQemu } from '../probe';
import type { GuestInput } from './description';
import { guestsFolder, readDescription, saveGuest } from './guestFolder';
import { createOwnGuests, type OwnGuests } from './index';
import { echoIso, greeting } from './testing/echoIso';

const never = new AbortController().signal;
const size = { cpus: 1, memoryMiB: 256, width: 1024, height: 768 };
const binary = 'qemu-system-x86_64';

describe('a guest of one’s own', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'own-'));
  const iso = join(dataDir, 'echo, a disc.iso');
  const hubs = createScreenHubs({ openRfb, logger: silentLogger });
  const make = (): OwnGuests =>
    createOwnGuests({
      ...{ dataDir, binary, installationId: `own${process.pid}`, logger: silentLogger },
      savedDir: join(dataDir, 'saved'),
      accelerator: async () => 'tcg',
      async qemuVersion(signal) {
        const found = await findQemu(binary, signal);
        if (found.kind === 'missing') throw new Error(found.message);
        return found.version;
      },
    });
  const describeGuest = (input: Omit<GuestInput, 'iso'>): void =>
    saveGuest(guestsFolder(dataDir), readDescription({ iso, readyWhen: { minSeconds: 0, stillSeconds: 1 }, ...input }));
  let own: OwnGuests;
  const clients: GuestClient[] = [];
  const made: string[] = [];
  let count = 0;

  const machine = async (image: string) => {
    const machineId = `m_own${(count += 1)}`;
    const tag = await own.resolveImage(image, never);
    if (tag === null) throw new Error(`There is no ${image}.`);
    made.push(machineId);
    const spec = { machineId, poolId: 'p', image: tag, size, secret: 's'.repeat(43) };
    await own.create(spec, never);
    const target = { machineId, path: own.linkPath(machineId), secret: spec.secret };
    const guest = await connectGuest(target, never);
    clients.push(guest);
    await own.afterFirstContact(machineId, never);
    return { machineId, target, guest };
  };
  const typed = async (machineId: string): Promise<string> =>
    (await own.logs(machineId, 1000, never)).join('\n').replaceAll(greeting.trim(), '').trim();
  const settled = async (hub: ScreenHub): Promise<Buffer> => {
    await hub.settle(300, 3000);
    return hub.screenshot();
  };

  beforeAll(() => {
    writeFileSync(iso, echoIso());
    describeGuest({ name: 'echo' });
    describeGuest({ name: 'echo-boots', start: 'boot', usb: 'uhci', diskBus: 'sata', nic: 'e1000' });
    describeGuest({ name: 'echo-german', keyboard: 'de', vga: 'virtio', diskBus: 'ide', nic: 'virtio' });
    own = make();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await hubs.closeAll();
    for (const machineId of made.splice(0)) await own.destroy(machineId, never);
  });
  afterAll(async () => {
    await own.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('is seen and typed at, and its machines go on from where it was saved', async () => {
    await own.prepare('own/echo', size, never);
    const first = await machine('own/echo');
    const hub = await hubs.open('s1', first.target, 0);
    const before = await settled(hub);
    expect(hub.size).toEqual({ width: 720, height: 400 });
    const text = 'The quick brown Fox: 0123456789 ~!@#$%^&*()_+ `-=[]\\ {}| ;\':" ,./<>?\n';
    await hub.typeText(0, text);
    await eventually(async () => expect(await typed(first.machineId)).toContain(text.trim()), 5_000);
    expect((await settled(hub)).equals(before)).toBe(false);
    // Reset: the machine goes, another one comes, as clean as the first.
    hubs.close('s1');
    await own.destroy(first.machineId, never);
    const second = await machine('own/echo');
    const next = await hubs.open('s2', second.target, 0);
    expect((await settled(next)).equals(before)).toBe(true);
    expect(second.target.path).not.toBe(first.target.path);
    console.log(readFileSync('/proc/loadavg', 'utf8'));
  });
});
