import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { candidates, chooseAccelerator, recall, remember } from './accelerator';
import { escaped, qemuArguments, type Hardware, type Place } from './arguments';
import { lastLines, panicIn, printable } from './console';
import { withFileLock } from './fileLock';
import { findImage, readImage } from './image';
import { forwardedPort } from './launch';
import { Layout } from './layout';
import { cutLog } from './logBound';
import { isolationOf, statusOf, whatToDo } from './probe';
import { isMachine, readPid } from './process';
import { readSaved, savedKey, sealSaved } from './savedManifest';
import { forgetOld } from './savedState';
import { cpuPercent, cpuSeconds, proportionalBytes } from './stats';

const never = new AbortController().signal;
const hardware: Hardware = {
  ...{ accelerator: 'tcg', memoryMiB: 1024, cpus: 2, kernel: '/i/vmlinuz', initrd: '/i/initrd', append: 'quiet' },
  guest: { address: '10.0.2.15', port: 4100, bootPort: 'wheelhouse.boot' },
};
const place: Place = {
  ...{ name: 'wheelhouse-a-b', memory: { kind: 'private', path: '/s/memory' }, disk: '/m/disk.qcow2' },
  ...{ sockets: { qmp: '/r/qmp', console: '/r/con', boot: '/r/boot' }, pidFile: '/r/pid', incoming: true },
};
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'qemu-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the command line', () => {
  const line = (change: Partial<Place> = {}) => qemuArguments(hardware, { ...place, ...change });
  const after = (args: string[], option: string) => args.filter((_, n) => args[n - 1] === option);

  it('is a machine with nothing but what it needs, in QEMU’s own sandbox', () => {
    const args = line();
    expect(args).toEqual(expect.arrayContaining(['-nodefaults', '-no-user-config', '-no-reboot']));
    expect(after(args, '-sandbox')).toEqual([
      'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny',
    ]);
    expect(after(args, '-device')).toEqual([
      'virtio-blk-pci,drive=disk',
      expect.stringMatching(/^virtio-net-pci,.*romfile=$/),
      'virtio-rng-pci,rng=entropy',
      'virtio-serial-pci,max_ports=2',
      'virtserialport,chardev=boot,name=wheelhouse.boot',
    ]);
    expect(after(args, '-vga')).toEqual(['none']);
    expect(args.join(' ')).not.toMatch(/-vnc|-usb|-virtfs|-fsdev|-gdb|-monitor/);
  });

  it('leads nowhere but from one port of this computer to the agent', () => {
    expect(after(line(), '-netdev')).toEqual([
      'user,id=net,restrict=on,ipv6=off,hostfwd=tcp:127.0.0.1:0-10.0.2.15:4100',
    ]);
  });

  it('bounds memory, processors and the emulator’s own memory', () => {
    const args = line();
    expect(after(args, '-m')).toEqual(['size=1024M']);
    expect(after(args, '-smp')).toEqual(['cpus=2']);
    expect(after(args, '-accel')).toEqual(['tcg,tb-size=128']);
  });

  it('never lets a clone write to the memory that all share', () => {
    const memory = (args: string[]) => after(args, '-object').find((one) => one.startsWith('memory-backend-file'));
    expect(memory(line())).toMatch(/mem-path=\/s\/memory,share=off$/);
    expect(memory(line({ memory: { kind: 'written', path: '/s/memory' } }))).toMatch(/share=on$/);
    expect(memory(line({ memory: { kind: 'own' } }))).toBeUndefined();
    expect(line()).toEqual(expect.arrayContaining(['-incoming', 'defer', '-S']));
    expect(line({ incoming: false })).not.toContain('-S');
  });

  it('takes paths with commas for what they are', () => {
    expect(escaped('/a,b')).toBe('/a,,b');
    expect(after(line({ disk: '/a,readonly=on/d' }), '-drive')[0]).toContain('file=/a,,readonly=on/d,format=qcow2');
  });
});

describe('the accelerator', () => {
  it('is the first that a kernel runs on, else emulation with the reasons', async () => {
    expect(await chooseAccelerator(['kvm'], async () => null)).toMatchObject({ accelerator: 'kvm' });
    const left = await chooseAccelerator(['kvm', 'hvf'], async (one) => `${one} is broken.`);
    expect(left.accelerator).toBe('tcg');
    expect(left.reason).toMatch(/KVM: kvm is broken\. Hypervisor\.framework: hvf is broken\./);
    expect((await chooseAccelerator(candidates('aix'), async () => null)).accelerator).toBe('tcg');
  });
  it('is remembered for as long as what it depends on is the same', () => {
    const file = join(folder, 'deep', 'accelerator.json');
    expect(recall(file, 'a')).toBeNull();
    remember(file, 'a', { accelerator: 'kvm', reason: 'it ran' });
    expect(recall(file, 'a')).toEqual({ accelerator: 'kvm', reason: 'it ran' });
    expect(recall(file, 'b')).toBeNull();
    writeFileSync(file, '{"key":"a","accelerator":"magic","reason":""}');
    expect(recall(file, 'a')).toBeNull();
  });
  it('decides what isolation is promised', () => {
    expect(isolationOf('kvm')).toBe('vm');
    expect(isolationOf('tcg')).toBe('emulated');
    const found = { kind: 'found', version: '7.2.22' } as const;
    expect(statusOf(found, null, '')).toMatchObject({ reachable: true, isolation: 'emulated' });
    expect(statusOf(found, { accelerator: 'kvm', reason: 'It ran.' }, 'More.')).toEqual({
      ...{ reachable: true, version: '7.2.22', isolation: 'vm' },
      message: 'QEMU 7.2.22. It ran. More.',
    });
    expect(whatToDo('ENOENT', 'qemu', 'linux')).toMatch(/apt-get install/);
    expect(whatToDo('EACCES', 'qemu', 'linux')).toMatch(/EACCES/);
  });
});

describe('an image', () => {
  const tag = '0123456789ab';
  const names = ['disk.qcow2', 'vmlinuz', 'initrd'];
  const make = (): string => {
    const path = join(folder, tag);
    mkdirSync(path);
    for (const name of names) writeFileSync(join(path, name), name);
    const files = Object.fromEntries(names.map((name) => [name, { bytes: name.length, sha256: 'x' }]));
    const facts = { version: 1, tag, name: `wheelhouse/desktop:${tag}`, commandLine: 'a', commandLineEmulated: 'b' };
    const { guest } = hardware;
    writeFileSync(join(path, 'manifest.json'), JSON.stringify({ ...facts, diskBytes: 1, files, guest }));
    return path;
  };

  it('is found by its name or as the newest, when it is whole', () => {
    const path = make();
    expect(findImage(folder, 'desktop')?.name).toBe(`wheelhouse/desktop:${tag}`);
    expect(findImage(folder, `wheelhouse/desktop:${tag}`)?.kernel).toBe(join(path, 'vmlinuz'));
    expect(findImage(folder, 'wheelhouse/desktop:other')).toBeNull();
    expect(findImage(join(folder, 'nowhere'), 'desktop')).toBeNull();
    truncateSync(join(path, 'initrd'), 2);
    expect(readImage(path)).toBeNull();
  });
});

describe('a saved desktop', () => {
  const size = { width: 1280, height: 800 };
  const key = savedKey('7.2.22', 'i:1', size, hardware);
  const facts = { key, mode: 'mapped', image: 'i:1', qemu: '7.2.22', accelerator: 'tcg', madeAt: 'now' } as const;
  const fill = () => {
    for (const name of ['state', 'disk.qcow2', 'empty.qcow2']) writeFileSync(join(folder, name), name);
    writeFileSync(join(folder, 'memory'), Buffer.alloc(3 * 1024 * 1024, 7));
  };
  /** Changes a file and leaves length and times as they were. */
  const forge = (name: string, at: number) => {
    const path = join(folder, name);
    const { atime, mtime, size: bytes } = statSync(path);
    const data = Buffer.alloc(bytes, 7);
    data[at] = 8;
    writeFileSync(path, data);
    utimesSync(path, atime, mtime);
  };

  it('belongs to QEMU’s version, the arguments, the image and the size', () => {
    expect(savedKey('7.2.22', 'i:1', { ...size }, { ...hardware })).toBe(key);
    expect(savedKey('7.2.23', 'i:1', size, hardware)).not.toBe(key);
    expect(savedKey('7.2.22', 'i:2', size, hardware)).not.toBe(key);
    expect(savedKey('7.2.22', 'i:1', { ...size, width: 1024 }, hardware)).not.toBe(key);
    expect(savedKey('7.2.22', 'i:1', size, { ...hardware, memoryMiB: 2048 })).not.toBe(key);
    expect(savedKey('7.2.22', 'i:1', size, { ...hardware, accelerator: 'kvm' })).not.toBe(key);
  });

  it('counts only while its files are what they were', async () => {
    fill();
    const made = await sealSaved(folder, facts);
    expect(await readSaved(folder, key, true)).toEqual(made);
    expect(await readSaved(folder, 'another', false)).toBeNull();
    truncateSync(join(folder, 'memory'), 1024);
    expect(await readSaved(folder, key, false)).toBeNull();
    fill();
    expect(await readSaved(folder, key, false)).toBeNull();
    rmSync(join(folder, 'state'));
    expect(await readSaved(folder, key, false)).toBeNull();
  });

  it('is read, not only measured, when it is looked at thoroughly', async () => {
    for (const name of ['state', 'memory']) {
      fill();
      // Times of whole seconds, which can be put back exactly.
      for (const one of ['state', 'disk.qcow2', 'empty.qcow2', 'memory']) utimesSync(join(folder, one), 1, 1000);
      await sealSaved(folder, facts);
      forge(name, 0);
      expect(await readSaved(folder, key, false)).not.toBeNull();
      expect(await readSaved(folder, key, true)).toBeNull();
    }
  });

  it('is one of a few that are kept: the ones used last', () => {
    for (const [n, name] of ['old', 'older', 'new'].entries()) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'manifest.json'), '{}');
      utimesSync(join(folder, name, 'manifest.json'), 1, [200, 100, 300][n] ?? 0);
    }
    writeFileSync(join(folder, 'accelerator.json'), '{}');
    forgetOld(folder, 2);
    expect(readdirSync(folder).sort()).toEqual(['accelerator.json', 'new', 'old']);
  });

  it('has one maker at a time, also after one that died', async () => {
    const lock = join(folder, 'x.lock');
    const steps: string[] = [];
    const work = (name: string) => async () => {
      steps.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 20));
      steps.push(`${name} ends`);
    };
    await Promise.all([withFileLock(lock, never, work('a')), withFileLock(lock, never, work('b'))]);
    expect(steps).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
    writeFileSync(lock, '4194305');
    await withFileLock(lock, never, work('c'));
    writeFileSync(lock, String(process.pid));
    const stopped = AbortSignal.timeout(50);
    await expect(withFileLock(lock, stopped, work('d'))).rejects.toBeDefined();
    expect(steps).not.toContain('d begins');
  });
});

describe('records of machines', () => {
  const size = { cpus: 1, memoryMiB: 512, width: 1280, height: 800 };
  const record = {
    ...({ version: 1, poolId: 'p', image: 'i', size, linkPort: 4000, way: 'mapped' } as const),
    ...{ seat: 0, home: null, from: null, holding: false },
  };

  it('are found by their installation alone', () => {
    const [own, other] = [new Layout(folder, 'one'), new Layout(folder, 'two')];
    own.prepare('m_1');
    expect(own.all()).toEqual([]);
    own.write({ ...record, installationId: 'one', machineId: 'm_1' });
    expect(own.read('m_1')).toMatchObject({ linkPort: 4000 });
    expect(other.read('m_1')).toBeNull();
    expect(other.isForeign('m_1')).toBe(true);
    expect(own.isForeign('m_1')).toBe(false);
    expect(own.files('m_1').name).not.toBe(other.files('m_1').name);
    own.remove('m_1');
    own.remove('m_1');
    expect(own.all()).toEqual([]);
  });

  it('name a process by more than its number', async () => {
    const pidFile = join(folder, 'pid');
    expect(readPid(pidFile)).toBeNull();
    writeFileSync(pidFile, `${process.pid}\n`);
    expect(readPid(pidFile)).toBe(process.pid);
    expect(await isMachine(process.pid, 'wheelhouse-a-b')).toBe(false);
    for (const rubbish of ['', '-1', '1', 'x', '1.5']) {
      writeFileSync(pidFile, rubbish);
      expect(readPid(pidFile)).toBeNull();
    }
  });

  it('get their port from QEMU’s own table', () => {
    const table = [
      'Hub -1 (net):',
      '  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ',
      '  TCP[HOST_FORWARD]  16       127.0.0.1 43467       10.0.2.15  4100     0     0',
    ].join('\r\n');
    expect(forwardedPort(table, 4100)).toBe(43_467);
    expect(() => forwardedPort(table, 4101)).toThrow(/does not say/);
    expect(() => forwardedPort('', 4100)).toThrow(/does not say/);
  });
});

describe('the serial console', () => {
  it('shows a panic, and no control characters', () => {
    expect(panicIn('[    1.5] Kernel panic - not syncing: VFS: Unable to mount root')).toBe(
      'VFS: Unable to mount root',
    );
    expect(panicIn('all is well')).toBeNull();
    expect(printable('\u001b[31mred\u0007\r')).toBe(' [31mred');
  });
  it('keeps the last lines, over two files', () => {
    const file = join(folder, 'console.log');
    expect(lastLines(file, 5)).toEqual([]);
    writeFileSync(`${file}.1`, 'a\nb\n');
    writeFileSync(file, 'c\n');
    expect(lastLines(file, 2)).toEqual(['b', 'c']);
    expect(lastLines(file, 9)).toEqual(['a', 'b', 'c']);
  });
});

describe('QEMU’s own words', () => {
  it('are cut where a guest has it write without end; it goes on at the new end', () => {
    const file = join(folder, 'qemu.log');
    cutLog(file);
    const log = openSync(file, 'a');
    try {
      writeSync(log, 'first\n');
      cutLog(file);
      expect(readFileSync(file, 'utf8')).toBe('first\n');
      for (let n = 0; n < 20; n += 1) writeSync(log, `${'Guest moved used index\n'.repeat(2000)}`);
      writeSync(log, 'why it ended\n');
      cutLog(file);
      expect(statSync(file).size).toBe(0);
      expect(lastLines(file, 1)).toEqual(['why it ended']);
      writeSync(log, 'later\n');
      expect(lastLines(file, 2)).toEqual(['why it ended', 'later']);
      expect(statSync(file).size + statSync(`${file}.1`).size).toBeLessThan(100_000);
      expect(statSync(`${file}.1`).mode & 0o077).toBe(0);
    } finally {
      closeSync(log);
    }
  });
});

describe('figures of a process', () => {
  it('come from what the kernel says, whatever its name', () => {
    const stat = `7 (a) b (c) S 1 7 7 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 3 0 100 1 1`;
    expect(cpuSeconds(stat)).toBe(3);
    expect(cpuPercent({ used: 1, at: 0 }, { used: 1.5, at: 1000 })).toBe(50);
    expect(cpuPercent({ used: 1, at: 5 }, { used: 2, at: 5 })).toBe(0);
    expect(proportionalBytes('Rss:  9 kB\nPss:      88 kB\nPss_Anon:  3 kB\n')).toBe(88 * 1024);
  });
});
