import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cpio } from './cpio.mjs';
import { instructionsOf, scriptOf } from './dockerfile.mjs';
import { makeInitrd } from './initrd.mjs';
import { commandLine, commandLineEmulated, guestDir, readMachineRecipe } from './manifest.mjs';
import { loadOrder, needsOf } from './modules.mjs';
import { outdatedTags } from './outdated.mjs';

const temporary = () => {
  const folder = mkdtempSync(join(tmpdir(), 'wheelhouse-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

describe('the recipe without an engine', () => {
  it('is read as the builder reads it', () => {
    expect(instructionsOf("ARG A=1\nFROM ${A}\n# no\nRUN one; \\\n    # within\n    two 'x'\nCOPY a/ /\n")).toEqual([
      { name: 'ARG', text: 'A=1' },
      { name: 'FROM', text: '${A}' },
      { name: 'RUN', text: "one;     two 'x'" },
      { name: 'COPY', text: 'a/ /' },
    ]);
  });

  it('refuses what it would have to leave out', () => {
    expect(() => scriptOf('ADD https://example.com/x /x')).toThrow(/ADD/);
    expect(() => scriptOf('COPY --chown=1:1 a/ /b/')).toThrow(/COPY/);
    expect(() => scriptOf('COPY file /b/')).toThrow(/COPY/);
  });

  it('copies into the tree, over what is there, and counts its steps', () => {
    const folder = temporary();
    for (const path of ['root/etc', 'context/config/etc']) mkdirSync(join(folder, path), { recursive: true });
    writeFileSync(join(folder, 'root/etc/kept'), '1');
    writeFileSync(join(folder, "context/config/etc/it's"), '2');
    writeFileSync(join(folder, 'script'), scriptOf('FROM x\nCOPY config/ /\nUSER nobody\n'));
    const said = execFileSync('sh', [join(folder, 'script'), join(folder, 'root'), join(folder, 'context')]);
    expect(String(said)).toBe('Step 1/3 : FROM\nStep 2/3 : COPY\nStep 3/3 : USER\n');
    expect(readFileSync(join(folder, "root/etc/it's"), 'utf8')).toBe('2');
    expect(readFileSync(join(folder, 'root/etc/kept'), 'utf8')).toBe('1');
  });

  it('carries out all of the real one, quotes and all', () => {
    const { desktop } = readMachineRecipe();
    const script = scriptOf(desktop.dockerfile);
    const instructions = instructionsOf(desktop.dockerfile);
    const count = (name) => instructions.filter((one) => one.name === name).length;
    expect(script.match(/^chroot /gm)).toHaveLength(count('RUN'));
    expect(script.match(/^tar /gm)).toHaveLength(count('COPY'));
    execFileSync('sh', ['-n', '-c', script]);
  });
});

describe('the initial ramdisk', () => {
  it('is an archive as the kernel reads it', () => {
    const bytes = cpio([
      { kind: 'folder', name: 'a', mode: 0o755 },
      { kind: 'file', name: 'a/b', mode: 0o600, data: 'text' },
      { kind: 'device', name: 'c', mode: 0o600, major: 5, minor: 1 },
    ]);
    // 110 bytes of header, the name with its end, each filled up to four bytes.
    const field = (at, number) =>
      Number.parseInt(bytes.toString('latin1', at + 6 + number * 8, at + 14 + number * 8), 16);
    expect(bytes.toString('latin1', 0, 6)).toBe('070701');
    expect(field(0, 1)).toBe(0o040755);
    expect(field(112, 1)).toBe(0o100600);
    expect(field(112, 6)).toBe(4);
    expect(bytes.toString('latin1', 112 + 110, 112 + 114)).toBe('a/b\0');
    expect(bytes.toString('latin1', 112 + 116, 112 + 120)).toBe('text');
    const device = 112 + 120;
    expect([field(device, 1), field(device, 9), field(device, 10)]).toEqual([0o020600, 5, 1]);
    expect(bytes.length % 4).toBe(0);
    expect(bytes.includes('TRAILER!!!\0')).toBe(true);
  });

  it('loads each module after those it needs', () => {
    const modules = { virtio_pci: 'virtio,virtio_ring', virtio: 'virtio_ring', virtio_ring: '', virtio_rng: 'virtio' };
    const read = (name) => {
      if (!(name in modules)) throw new Error(`no ${name}`);
      return Buffer.from(`\0license=GPL\0depends=${modules[name]}\0name=${name}\0`);
    };
    expect(needsOf(read('virtio_pci'))).toEqual(['virtio', 'virtio_ring']);
    expect(loadOrder(['virtio_pci', 'virtio-rng'], read).map(({ name }) => name)).toEqual([
      'virtio_ring',
      'virtio',
      'virtio_pci',
      'virtio_rng',
    ]);
    expect(() => loadOrder(['ext5'], read)).toThrow('no ext5');
  });

  it('is the same bytes for the same parts', () => {
    const parts = { busybox: Buffer.from('b'), modules: [], init: Buffer.from('i'), guest: Buffer.from('g') };
    expect(makeInitrd(parts).equals(makeInitrd(parts))).toBe(true);
    expect(makeInitrd({ ...parts, guest: Buffer.from('h') }).equals(makeInitrd(parts))).toBe(false);
  });

  it('begins with a program that the shell can read', () => {
    execFileSync('sh', ['-n', join(guestDir, 'init')]);
  });
});

describe('earlier images', () => {
  const images = ['a', 'b', 'c', 'd'].map((tag, index) => ({ tag, madeAt: index }));
  it('go, but for the newest two and those that a machine or a checkpoint stands on', () => {
    expect(outdatedTags(images, () => false)).toEqual(['b', 'a']);
    expect(outdatedTags(images, (tag) => tag === 'a')).toEqual(['b']);
    expect(outdatedTags(images.slice(0, 2), () => false)).toEqual([]);
  });
});

describe('the kernel’s command line', () => {
  it('shows a panic, ends the machine by it, and holds nothing but settings', () => {
    expect(commandLine).toMatch(/console=ttyS0/);
    expect(commandLine).toMatch(/panic=-1/);
    expect(`${commandLine} ${commandLineEmulated}`).toMatch(/^[a-z0-9_.=, -]+$/i);
  });
});
