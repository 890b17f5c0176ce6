import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../base/logger';
import { connectGuest, openRfb } from '../../../guest';
import type { GuestClient } from '../../../guest/types';
import { keyboards } from '../../../guest/rfbPath';
import { createScreenHubs } from '../../../screen/hub/hubs';
import { layoutNamed } from '../../../screen/hub/layout';
import { createRelay } from '../../../screen/relay/relay';
import { continuousUpdates, fence, keyEvent, setEncodings, updateRequest } from '../../../screen/rfb/wire';
import { listenSockets, RawViewer } from '../../../screen/testing/rawViewer';
import type { ScreenHub } from '../../../screen/types';
import { eventually } from '../../backend.contract';
import { Layout } from '../layout';
import { findQemu } from '../probe';
import { readPid } from '../process';
import type { GuestInput } from './description';
import { guestsFolder, readDescription, saveGuest } from './guestFolder';
import { createOwnGuests, type OwnGuests } from './index';
import { echoIso, greeting } from './testing/echoIso';

const never = new AbortController().signal;
const size = { cpus: 1, memoryMiB: 256, width: 1024, height: 768 };
const binary = 'qemu-system-x86_64';

describe('a guest of one’s own', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'own-'));
  const installationId = `own${process.pid}`;
  const iso = join(dataDir, 'echo, a disc.iso');
  const hubs = createScreenHubs({ openRfb, logger: silentLogger });
  const make = (): OwnGuests =>
    createOwnGuests({
      ...{ dataDir, binary, installationId, logger: silentLogger },
      savedDir: join(dataDir, 'saved'),
      accelerator: async () => 'tcg',
      async qemuVersion(signal) {
        const found = await findQemu(binary, signal);
        if (found.kind === 'missing') throw new Error(found.message);
        return found.version;
      },
    });
  const describeGuest = (input: Omit<GuestInput, 'iso'>): void =>
    saveGuest(guestsFolder(dataDir), readDescription({ iso, readyWhen: { minSeconds: 2, stillSeconds: 2 }, ...input }));
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
  /** Lines below the first: no cursor blinks there before something was typed. */
  const below = (hub: ScreenHub): Promise<Buffer> => hub.screenshot({ x: 0, y: 32, width: 720, height: 48 });
  const code = (character: string): number => character.charCodeAt(0);

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

  it('gets no home that is kept, and says why', async () => {
    const image = await own.resolveImage('own/echo', never);
    if (image === null) throw new Error('There is no guest.');
    const home = { homeId: 'h', quotaMiB: 64 };
    const spec = { machineId: 'm_ownhome', poolId: 'p', image, size, secret: 's'.repeat(43), home };
    await expect(own.create(spec, never)).rejects.toMatchObject({ code: 'not_supported' });
    expect(await own.list(never)).toEqual([]);
  });

  it('is seen and typed at, and its machines go on from where it was saved', async () => {
    await own.prepare('own/echo', size, never);
    const first = await machine('own/echo');
    const hub = await hubs.open('s1', first.target, 0);
    await hub.settle(300, 3000);
    expect(hub.size).toEqual({ width: 720, height: 400 });
    const empty = await below(hub);
    const text = 'The quick brown Fox: 0123456789 ~!@#$%^&*()_+ `-=[]\\ {}| ;\':" ,./<>?\n'.repeat(5);
    await hub.typeText(0, text);
    await eventually(async () => expect(await typed(first.machineId)).toBe(text.trim()), 5_000);
    expect((await below(hub)).equals(empty)).toBe(false);
    // Reset: the machine goes, another one comes, as clean as the first.
    hubs.close('s1');
    await own.destroy(first.machineId, never);
    const second = await machine('own/echo');
    const next = await hubs.open('s2', second.target, 0);
    await next.settle(300, 3000);
    expect((await below(next)).equals(empty)).toBe(true);
    expect(await typed(second.machineId)).toBe('');
    expect(second.target.path).not.toBe(first.target.path);
  });

  it('is pointed at, changes the mode of its screen, and refuses what it can’t do', async () => {
    const { target, guest, machineId } = await machine('own/echo');
    const hub = await hubs.open('s1', target, 0);
    const at = { x: 700, y: 390 };
    await hub.click(0, at, 'Left', 2);
    await hub.drag(0, { x: 10, y: 10 }, at, 'Right');
    await hub.scroll(0, at, 2, -3);
    expect(hub.cursor()).toEqual(at);
    await expect(hub.click(0, at, 'Backward', 1)).rejects.toMatchObject({ code: 'not_supported' });
    await expect(hub.typeText(0, 'ab é 漢')).rejects.toMatchObject({
      code: 'bad_request',
      message: expect.stringContaining('"é", "漢"'),
    });
    await hub.pressKeys(0, ['?']);
    await hub.pressKeys(0, ['shift', 'b']);
    await hub.pressKeys(0, ['enter']);
    await eventually(async () => expect(await typed(machineId)).toBe('?B'), 5_000);
    await hub.pressKeys(0, ['f1']);
    await eventually(async () => {
      await hub.settle(50, 500);
      expect(hub.size).toEqual({ width: 640, height: 480 });
    }, 5_000);
    // Where the pointer was lies outside now.
    expect(hub.cursor()).toEqual({ x: 639, y: 390 });
    await hub.click(0, null, 'Left', 1);
    await hub.setEpoch(1);
    await expect(hub.typeText(0, 'late')).rejects.toMatchObject({ code: 'stale_epoch' });
    await expect(guest.exec({ epoch: 1, command: 'true', timeoutMs: 1000 })).rejects.toMatchObject({
      code: 'not_supported',
    });
    const refused = { machineId: 'm_no', poolId: 'p', image: 'own/echo', size, secret: 's' };
    const home = { homeId: 'h', quotaMiB: 64 };
    await expect(own.create({ ...refused, home }, never)).rejects.toMatchObject({ code: 'not_supported' });
    await expect(own.create({ ...refused, image: 'own/none' }, never)).rejects.toMatchObject({ code: 'image_missing' });
    const small = { ...size, memoryMiB: 128 };
    await expect(own.create({ ...refused, size: small }, never)).rejects.toMatchObject({ code: 'bad_request' });
  });

  it('boots with other hardware, is found again by the next broker, and its end is told', async () => {
    const { machineId, target } = await machine('own/echo-boots');
    await own.pause(machineId, never);
    const seen = async () => (await own.list(never)).find((one) => one.machineId === machineId);
    expect(await seen()).toMatchObject({ paused: true, running: false });
    await own.close();
    own = make();
    expect(own.has(machineId)).toBe(true);
    expect(await seen()).toMatchObject({
      paused: true,
      image: expect.stringMatching(/^own\/echo-boots:[0-9a-f]{12}$/),
    });
    await own.unpause(machineId, never);
    expect(own.linkPath(machineId)).toBe(target.path);
    const hub = await hubs.open('s1', target, 0);
    await hub.typeText(0, 'still here\n');
    await eventually(async () => expect(await typed(machineId)).toBe('still here'), 5_000);
    expect((await own.stats(machineId, never))?.memoryBytes).toBeGreaterThan(1024 * 1024);
    const ended = new Promise<string>((resolve) =>
      own.onExit((which, reason) => which === machineId && resolve(reason)),
    );
    const lost = new Promise<string>((resolve) => hub.onLost(resolve));
    const pid = readPid(new Layout(join(dataDir, 'own'), installationId).files(machineId).pidFile);
    process.kill(pid ?? 0, 'SIGKILL');
    expect(await ended).toContain('QEMU');
    expect(await lost).toContain('screen');
    expect(await seen()).toMatchObject({ running: false, paused: false });
  });

  it('is typed at by the keys of its own layout', async () => {
    const { machineId, target } = await machine('own/echo-german');
    const hub = await hubs.open('s1', target, 0);
    // It may have looked ready while its BIOS still was at work.
    await eventually(async () => {
      await hub.pressKeys(0, ['enter']);
      expect((await own.logs(machineId, 10, never)).join()).toContain(greeting.trim());
    });
    // The BIOS takes every keyboard for an American one: it shows which keys were pressed.
    await hub.typeText(0, 'zyü-ÜZ?\n');
    await eventually(async () => expect(await typed(machineId)).toBe('yz[/{Y_'), 5_000);
  });

  it('is watched and driven through the relay, beside the hub', async () => {
    const { machineId, target } = await machine('own/echo');
    const hub = await hubs.open('s1', target, 0);
    const policy = { mayInput: () => true, onInput() {}, onOpened() {}, onClosed() {} };
    const relay = createRelay({ openRfb, policy, logger: silentLogger });
    const sockets = await listenSockets((socket) =>
      relay.attach(socket, { viewerId: 'v1', sessionId: 's1', operator: 'ada' }, target),
    );
    try {
      const viewer = await RawViewer.greet(sockets.url);
      // All that a browser's viewer asks for, fences and continuous updates among it, then what would end it at QEMU.
      viewer.send(setEncodings([7, 16, 1, 0, -239, -223, -224, -312, -313, -258, -308, 0x574d5664]));
      viewer.send(
        updateRequest(false, 720, 400),
        continuousUpdates(true, 720, 400),
        fence(0x80000001, Buffer.alloc(4)),
      );
      const greeted = viewer.bytes.length;
      await viewer.until((bytes) => bytes.length > greeted + 50, 'a picture');
      viewer.send(keyEvent(code('v'), true), keyEvent(code('v'), false), keyEvent(code('w'), true));
      await relay.releaseInput('s1');
      const before = viewer.bytes.length;
      viewer.send(updateRequest(false, 720, 400));
      await viewer.until((bytes) => bytes.length > before, 'another picture');
      await hub.typeText(0, 'X\n');
      await eventually(async () => expect(await typed(machineId)).toMatch(/^vw+X$/), 5_000);
      expect(viewer.closed).toBeNull();
    } finally {
      relay.closeAll();
      await sockets.close();
    }
  });
});

describe('the keys that the hub presses', () => {
  /** QEMU's own tables: a keysym's name, the key's number, and what is held. */
  const table = (name: string): Map<string, Set<string>> => {
    const found = new Map<string, Set<string>>();
    for (const line of readFileSync(`/usr/share/qemu/keymaps/${name}`, 'utf8').split('\n')) {
      const [keysym = '', , ...held] = line.split(/\s+/);
      if (keysym.startsWith('#') || keysym === '') continue;
      found.set(keysym, (found.get(keysym) ?? new Set()).add(held.join(' ') || 'plain'));
    }
    return found;
  };
  it.each(keyboards)('are those that QEMU has for %s', (name) => {
    const keys = table(name);
    const wrong = layoutNamed(name).characters.filter(([character, held]) => {
      const keysym = keysymNames[character] ?? character;
      return keys.get(keysym)?.has(held) !== true;
    });
    expect(wrong).toEqual([]);
  });
});

/** X11's names of the characters that the layouts have beside letters and digits. */
const keysymNames: Record<string, string> = Object.fromEntries(
  [
    [
      ' !"#$%&\'()*+,-./',
      'space exclam quotedbl numbersign dollar percent ampersand apostrophe parenleft parenright asterisk plus comma minus period slash',
    ],
    [
      ':;<=>?@[\\]^_`{|}~',
      'colon semicolon less equal greater question at bracketleft backslash bracketright asciicircum underscore grave braceleft bar braceright asciitilde',
    ],
    [
      '£¬€§°ÄÖÜßäöü²³µ',
      'sterling notsign EuroSign section degree Adiaeresis Odiaeresis Udiaeresis ssharp adiaeresis odiaeresis udiaeresis twosuperior threesuperior mu',
    ],
    [
      'àçèéù¡ºñª·¿ÇÑ',
      'agrave ccedilla egrave eacute ugrave exclamdown masculine ntilde ordfeminine periodcentered questiondown Ccedilla Ntilde',
    ],
  ].flatMap(([characters = '', names = '']) => {
    const each = names.split(' ');
    return [...characters].map((character, n) => [character, each[n] ?? character] as const);
  }),
);
