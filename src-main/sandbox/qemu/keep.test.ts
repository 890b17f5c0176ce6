import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isOwnPage, mappingsOf, stretches } from './changedPages';
import { CheckpointFolders, savingFailed } from './checkpointFolder';
import { Homes } from './homes';
import { devicesTail, memoryHead, MemoryPart } from './ramStream';

const folder = mkdtempSync(join(tmpdir(), 'keep-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const never = new AbortController().signal;

/** Pieces of a migration stream, as migration/savevm.c and migration/ram.c write them. */
const long = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const quad = (value: number): Buffer => Buffer.concat([long(Math.floor(value / 2 ** 32)), long(value % 2 ** 32)]);
const word = (text: string): Buffer => Buffer.from([text.length, ...Buffer.from(text)]);
const byte = (value: number): Buffer => Buffer.from([value]);
const head = Buffer.concat([
  ...[Buffer.from('QEVM'), long(3), byte(7), long(4), Buffer.from('pc-1')],
  ...[byte(5), word('configuration/capabilities'), long(1), long(1), word('x-ignore-shared')],
]);
const footer = Buffer.concat([byte(0x7e), long(2)]);
const setup = Buffer.concat([
  ...[byte(1), long(2), word('ram'), long(0), long(4), quad(0x3000 | 4)],
  ...[word('ram'), quad(0x2000), quad(0), word('pc.bios'), quad(0x1000), quad(0xfffc0000), quad(0x10), footer],
]);
const pages = Buffer.concat([
  ...[byte(3), long(2), quad(0x0 | 8), word('pc.bios'), Buffer.alloc(4096, 7), quad(0x1000 | 2 | 0x20), byte(0)],
  ...[quad(0x10), footer],
]);
const devices = Buffer.concat([byte(4), long(3), word('timer'), Buffer.alloc(20, 9), byte(0)]);

describe('the memory in a migration stream', () => {
  it('ends where the devices begin', () => {
    const found = memoryHead(Buffer.concat([head, setup, pages, devices]));
    expect(found.sectionId).toBe(2);
    expect(found.bytes.equals(Buffer.concat([head, setup, pages]))).toBe(true);
  });

  it('is not guessed at when anything is otherwise', () => {
    const streams = [
      Buffer.concat([Buffer.from('QEVX'), head.subarray(4), setup, pages, devices]),
      Buffer.concat([head, byte(1), long(2), word('block'), devices]),
      Buffer.concat([head, setup, byte(9), long(2)]),
      Buffer.concat([head, setup.subarray(0, -5), devices]),
      Buffer.concat([head, byte(3), long(2), quad(0x40), devices]),
      Buffer.concat([head, setup, pages]).subarray(0, -100),
      Buffer.alloc(0),
    ];
    for (const stream of streams) expect(() => memoryHead(stream)).toThrow();
  });

  it('is written as it is read: pages, zero pages by one byte, addresses above 4 GiB', () => {
    const part = new MemoryPart(Buffer.alloc(64 * 1024), 2);
    const source = Buffer.concat([Buffer.alloc(4096, 5), Buffer.alloc(4096)]);
    part.page(0x1000, source, 0);
    part.page(0x1_8000_2000, source, 4096);
    part.end(2);
    const written = Buffer.from(part.take(Buffer.alloc(0)));
    expect(written).toEqual(
      Buffer.concat([
        ...[byte(2), long(2), quad(0x1000 | 8), word('ram'), source.subarray(0, 4096)],
        ...[quad(0x1_8000_2000 + (2 | 0x20)), byte(0), quad(0x10), footer],
      ]),
    );
    const whole = Buffer.concat([head, setup, pages, written, devices]);
    expect(memoryHead(whole).bytes).toHaveLength(whole.length - devices.length);
  });

  it('is followed by devices that were saved alone, and by nothing else', () => {
    const saved = Buffer.concat([Buffer.from('QEVM'), long(3), devices]);
    expect(devicesTail(saved)).toEqual(Buffer.concat([devices, Buffer.from([6, 0, 0, 0, 0])]));
    expect(() => devicesTail(Buffer.concat([head, devices]))).toThrow('unknown kind');
    expect(() => devicesTail(Buffer.alloc(3))).toThrow();
  });
});

describe('the pages that a process has changed', () => {
  it('are looked for where it maps the file for writing, whatever its name is by now', () => {
    const maps = [
      '7f0d3bfff000-7f0d7bfff000 rw-p 00000000 fe:00 42   /tmp/memory (deleted)',
      '7f0d7bfff000-7f0d7c000000 rw-p 40000000 fe:00 42   /tmp/memory',
      '7f0e00000000-7f0e00001000 r--p 00000000 fe:00 42   /tmp/memory',
      '7f0e00001000-7f0e00002000 rw-p 00000000 fe:01 42   /other',
      '7f0e00002000-7f0e00003000 rw-p 00000000 00:00 0',
    ].join('\n');
    expect(mappingsOf(maps, { device: 'fe:00', inode: 42 })).toEqual([
      { address: 0x7f0d3bfff000, offset: 0, length: 0x4000_0000 },
      { address: 0x7f0d7bfff000, offset: 0x4000_0000, length: 0x1000 },
    ]);
  });

  it('are those in memory or swapped out that are not the file’s', () => {
    expect([0x8000_0000, 0x4000_0000, 0xa000_0000, 0x6000_0000, 0x2000_0000, 0].map(isOwnPage)).toEqual([
      ...[true, true, false, false, false, false],
    ]);
  });

  it('are read in stretches of bounded length', () => {
    const offsets = [0, 1, 2, 5, 6, 9].map((page) => page * 4096);
    const found = [...stretches(offsets, 2 * 4096)].map(({ offset, length }) => [offset / 4096, length / 4096]);
    expect(found).toEqual([
      [0, 2],
      [2, 1],
      [5, 2],
      [9, 1],
    ]);
    expect([...stretches([], 4096)]).toEqual([]);
  });
});

describe('folders of checkpoints', () => {
  const size = { cpus: 1, memoryMiB: 512, width: 1024, height: 768 };
  const facts = (checkpointId: string) => ({
    ...{ checkpointId, machineId: 'm_1', madeAt: '2026-01-01T00:00:00.000Z', image: 'i', size },
    ...{ qemu: '7.2.0', key: 'k', mode: 'pages' as const, mapped: true, home: null },
  });
  const fill = (partial: string): void => {
    writeFileSync(join(partial, 'state'), 'state');
    writeFileSync(join(partial, 'disk.qcow2'), 'disk');
  };

  it('are nothing until they are sealed, and one installation’s alone', async () => {
    const [own, other] = [new CheckpointFolders(folder, 'one'), new CheckpointFolders(folder, 'two')];
    const partial = await own.begin('cp_1');
    fill(partial);
    expect(await own.list()).toEqual([]);
    await expect(own.read('cp_1')).rejects.toMatchObject({ code: 'guest_failed' });
    // What an attempt that a crash cut off has left goes with the next.
    const again = await own.begin('cp_1');
    expect(readdirSync(join(folder, 'checkpoints'))).toHaveLength(1);
    fill(again);
    await own.seal(again, facts('cp_1'));
    expect(await own.list()).toMatchObject([{ checkpointId: 'cp_1' }]);
    expect((await own.read('cp_1')).manifest).toMatchObject(facts('cp_1'));
    expect(await other.list()).toEqual([]);
    await expect(other.read('cp_1')).rejects.toMatchObject({ code: 'guest_failed' });
    await other.remove('cp_1');
    expect(await own.bytes('cp_1')).not.toBeNull();
    await own.remove('cp_1');
    await own.remove('cp_1');
    expect(await own.list()).toEqual([]);
  });

  it('say that the disk is full when it is', async () => {
    const full = Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    expect(await savingFailed(full, folder)).toMatchObject({ code: 'guest_failed', data: { reason: 'disk_full' } });
    expect((await savingFailed(new Error('odd'), folder)).data).toEqual({});
  });
});

describe('homes', () => {
  it('have one machine at a time, take what they use, and are made once', async () => {
    const holders = new Map<string, string>();
    const homes = new Homes(folder, 'one', (machineId, homeId) => holders.get(machineId) === homeId);
    const home = { homeId: 'h_1', quotaMiB: 512 };
    holders.set('m_1', 'h_1');
    await homes.take('m_1', home, never);
    await homes.take('m_1', home, never);
    const [listed] = homes.list();
    expect(listed).toMatchObject({ homeId: 'h_1', machineId: 'm_1' });
    expect(listed?.bytes).toBeGreaterThan(0);
    expect(listed?.bytes).toBeLessThan(32 * 1024 * 1024);
    await expect(homes.take('m_2', home, never)).rejects.toMatchObject({ code: 'conflict' });
    expect(() => homes.remove('h_1')).toThrow('in use');
    const before = statSync(homes.disk('h_1')).ino;
    homes.release('m_1');
    await homes.take('m_2', home, never);
    expect(statSync(homes.disk('h_1')).ino).toBe(before);
    // A machine that is gone without a word holds nothing.
    await homes.take('m_3', home, never);
    holders.clear();
    homes.remove('h_1');
    homes.remove('h_1');
    expect(homes.list()).toEqual([]);
  });

  it('are not in another installation’s way', async () => {
    mkdirSync(folder, { recursive: true });
    const [own, other] = [new Homes(folder, 'one', () => true), new Homes(folder, 'two', () => true)];
    await own.take('m_1', { homeId: 'h_2', quotaMiB: 64 }, never);
    expect(other.list()).toEqual([]);
    await other.take('m_9', { homeId: 'h_2', quotaMiB: 64 }, never);
    expect(other.disk('h_2')).not.toBe(own.disk('h_2'));
  });
});
