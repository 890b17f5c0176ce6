import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GlanceFrame } from '../rfbGlance';
import { ownArguments, type OwnHardware, type OwnPlace } from './arguments';
import { findFirmware } from './firmware';
import { findGuest, listGuests, readDescription, saveGuest } from './guestFolder';
import { formatOf, inspectDisk, refusalOf } from './inspect';
import { demandSeconds, ReadyWatch } from './readiness';

const guest = readDescription({ name: 'x', disk: '/d/a,b.qcow2', iso: '/i.iso' });
const hardware: OwnHardware = {
  ...{ accelerator: 'tcg', memoryMiB: 512, cpus: 2, width: 1280, height: 800, guest, firmwareCode: null },
};
const place: OwnPlace = {
  ...{
    name: 'n',
    memory: { kind: 'own' },
    disk: '/m/disk,1.qcow2',
    uefiVars: null,
    pidFile: '/s/pid',
    incoming: false,
  },
  sockets: { qmp: '/s/qmp', console: '/s/con', screen: '/s/vnc' },
};

describe('QEMU’s arguments for a guest of one’s own', () => {
  const line = (change: Partial<OwnHardware> = {}, where: Partial<OwnPlace> = {}) =>
    ownArguments({ ...hardware, ...change }, { ...place, ...where }).join(' ');

  it('shut it in as they do our own machines', () => {
    const args = line();
    expect(args).toContain('-nodefaults');
    expect(args).toContain('-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny');
    expect(args).toContain('-vnc unix:/s/vnc,share=force-shared');
    expect(args).not.toContain('-netdev');
    expect(args).not.toContain('tcp:');
    // The guest's own disk is only ever below the overlay, which QEMU finds by itself.
    expect(args).not.toContain('a,b.qcow2');
    expect(args).toContain('file=/m/disk,,1.qcow2,format=qcow2');
    expect(args).toContain('file=/i.iso,format=raw,media=cdrom,readonly=on');
  });

  it('give it no way out with a network card either', () => {
    for (const nic of ['virtio', 'e1000'] as const) {
      const args = line({ guest: { ...guest, nic } });
      expect(args).toContain('-netdev user,id=net,restrict=on,ipv6=off');
      expect(args).not.toMatch(/hostfwd|guestfwd/);
    }
  });

  it('follow the description', () => {
    const other = {
      ...guest,
      diskBus: 'sata',
      vga: 'virtio',
      usb: 'uhci',
      keyboard: 'de',
      clock: 'localtime',
    } as const;
    const args = line({ guest: other, firmwareCode: '/f/code.fd' }, { uefiVars: '/m/vars.fd' });
    for (const part of ['ide-hd,bus=sata.0', 'virtio-vga', 'piix3-usb-uhci', '-k de', 'base=localtime']) {
      expect(args).toContain(part);
    }
    expect(args).toContain('if=pflash,unit=0,format=raw,readonly=on,file=/f/code.fd');
    expect(args).toContain('if=pflash,unit=1,format=raw,readonly=off,file=/m/vars.fd');
  });
});

describe('a disk that is brought', () => {
  const info = { format: 'qcow2', 'virtual-size': 1 };
  it('stands by itself, as qcow2', () => {
    expect(refusalOf('/d', info)).toBeNull();
    expect(refusalOf("/it's", { ...info, format: 'vmdk' })).toContain(
      "qemu-img convert -f vmdk -O qcow2 '/it'\\''s' NEW.qcow2",
    );
    expect(refusalOf('/d', { ...info, 'backing-filename': 'nbd://elsewhere' })).toContain('rests on another file');
    expect(refusalOf('/d', { ...info, 'format-specific': { data: { 'data-file': '/etc/shadow' } } })).toContain(
      'in another file',
    );
    expect(refusalOf('/d', { ...info, encrypted: true })).toContain('encrypted');
    expect(refusalOf('/d', { ...info, 'format-specific': { data: { corrupt: true } } })).toContain('broken');
  });
  it('is opened only when its first bytes say that it opens nothing else', async () => {
    const never = new AbortController().signal;
    const folder = mkdtempSync(join(tmpdir(), 'own-disk-'));
    try {
      // Whoever tries this format opens what it names, and would wait here for as long as nobody writes.
      execFileSync('mkfifo', [join(folder, 'pipe')]);
      const extent = join(folder, 'a.qcow2');
      writeFileSync(extent, '# Disk DescriptorFile\nversion=1\ncreateType="monolithicFlat"\nRW 2048 FLAT "pipe" 0\n');
      await expect(inspectDisk(extent, never)).rejects.toMatchObject({
        code: 'bad_request',
        message: expect.stringContaining('qemu-img convert -f vmdk'),
      });
      const elsewhere = Buffer.alloc(104);
      elsewhere.write('QFI\xfb', 'latin1');
      elsewhere.writeUInt32BE(3, 4);
      elsewhere.writeBigUInt64BE(4n, 72);
      writeFileSync(extent, elsewhere);
      await expect(inspectDisk(extent, never)).rejects.toThrow('in another file');
      writeFileSync(extent, '');
      await expect(inspectDisk(extent, never)).rejects.toThrow('it is raw, not qcow2');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    const vdi = Buffer.alloc(104);
    vdi.writeUInt32LE(0xbeda107f, 64);
    expect(
      [vdi, ...['KDMV', 'vhdxfile', 'conectix', 'QFI\xfb'].map((one) => Buffer.from(one, 'latin1'))].map(formatOf),
    ).toEqual(['vdi', 'vmdk', 'vhdx', 'vpc', 'qcow2']);
  });
  it('is started by UEFI only where there is one', () => {
    expect(findFirmware((path) => path.startsWith('/usr/share/OVMF/')).code).toBe('/usr/share/OVMF/OVMF_CODE_4M.fd');
    expect(() => findFirmware(() => false)).toThrow(expect.objectContaining({ code: 'image_missing' }));
  });
});

describe('the folder of guests', () => {
  let folder: string;
  let iso: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'guests-'));
    iso = join(folder, 'a.iso');
    writeFileSync(iso, 'x');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('finds one by name and by the tag that it has now', () => {
    saveGuest(folder, readDescription({ name: 'a', iso }));
    const known = findGuest(folder, 'own/a');
    expect(known?.tag).toMatch(/^own\/a:[0-9a-f]{12}$/);
    expect(findGuest(folder, known?.tag ?? '')?.guest.iso).toBe(iso);
    // Another disc under the same name is another image: machines of the old one are replaced.
    utimesSync(iso, 1, 1);
    expect(findGuest(folder, known?.tag ?? '')).toBeNull();
    expect(findGuest(folder, 'own/a')?.tag).not.toBe(known?.tag);
    for (const name of ['own/b', 'a', 'own/../a', 'own/a:zz', 'desktop']) expect(findGuest(folder, name)).toBeNull();
  });

  it('says what is wrong with one, and keeps the others', () => {
    saveGuest(folder, readDescription({ name: 'a', iso }));
    writeFileSync(join(folder, 'b.json'), '{"name":"b"');
    writeFileSync(join(folder, 'c.json'), JSON.stringify(readDescription({ name: 'd', iso })));
    writeFileSync(join(folder, 'Not A Name.json'), '{}');
    expect(listGuests(folder).map(({ name, known }) => [name, known !== null])).toEqual([
      ['a', true],
      ['b', false],
      ['c', false],
    ]);
    rmSync(iso);
    expect(listGuests(folder)[0]?.problem).toContain('not there any more');
  });

  it('takes no description that could mean another file or thing', () => {
    const wrong = (input: object) => () => readDescription({ name: 'a', iso: '/a', ...input } as never);
    for (const input of [{ name: '../a' }, { iso: 'a.iso' }, { iso: '/a\n' }, { memoryMiB: 0 }, { surprise: 1 }]) {
      expect(wrong(input)).toThrow(expect.objectContaining({ code: 'bad_request' }));
    }
  });
});

describe('readiness by the screen', () => {
  const frame = (fill: number, dots = 0): GlanceFrame => {
    const pixels = Buffer.alloc(100 * 100 * 4, fill);
    for (let n = 0; n < dots; n += 1) pixels[n * 4] = 200;
    return { width: 100, height: 100, pixels };
  };
  const when = { minSeconds: 10, stillSeconds: 5, notBlank: true };

  it('comes when the picture has been there, long enough, and still but for a cursor', () => {
    const watch = new ReadyWatch(when, 0);
    expect(watch.look(frame(0), 1_000)).toContain('blank');
    expect(watch.look(frame(0, 2_000), 8_000)).toContain('8 of 10 s');
    expect(watch.look(frame(0, 2_050), 11_000)).toContain('3 of 5 s');
    expect(watch.look(frame(0, 2_000), 13_000)).toBeNull();
  });
  it('starts anew when much changes, little by little too, or the mode does', () => {
    const watch = new ReadyWatch(when, 0);
    watch.look(frame(0, 1_000), 20_000);
    for (let n = 1; n <= 4; n += 1) watch.look(frame(0, 1_000 + n * 60), 20_000 + n * 1_000);
    expect(watch.look(frame(0, 1_240), 25_500)).toContain('still');
    const wide = { width: 200, height: 50, pixels: frame(0, 1_240).pixels };
    expect(watch.look(wide, 40_000)).toContain('0 of 5 s');
    expect(watch.look(wide, 45_000)).toBeNull();
  });
  it('takes a screen on which a cursor alone waits for a blank one', () => {
    const watch = new ReadyWatch({ ...when, minSeconds: 0, stillSeconds: 0 }, 0);
    expect(watch.look(frame(0, 5), 1_000)).toContain('blank');
    expect(watch.look(frame(0, 6), 1_000)).toBeNull();
  });
  it('counts what a processor waited for as wanted', () => {
    expect(demandSeconds('1500000000 500000000 42\n')).toBe(2);
  });
  it('asks for no more than it is told to', () => {
    const any = { minSeconds: 0, stillSeconds: 0, notBlank: false };
    expect(new ReadyWatch(any, 0).look(frame(7), 1)).toBeNull();
  });
});
