import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { diagnosticsSchema } from '@shared/diagnostics';
import { diagnosticsReport } from '@shared/diagnosticsReport';
import type { BackendKind } from '@shared/pool';
import { systemClock } from '../base/clock';
import { WheelhouseError } from '../base/errors';
import type { BackendStatus, SandboxBackend } from '../sandbox/backend';
import { portWords, runtimeWords, windowWords, type AppFacts } from './appChecks';
import { backendDiagnostics, type BackendLook } from './backendChecks';
import { diskWords, memoryWords } from './computerChecks';
import { bytesWords, runCheck, withoutAdvice } from './diagnostic';
import { lookAtEverything } from './look';
import { acceleratorWords, describeQemu, installCommand, missingPrograms } from './qemuCheck';
import { savedWords } from './savedDesktops';
import { logWords, storeWords } from './storeChecks';

const gib = 1024 ** 3;
const app: AppFacts = {
  version: '0.1.0',
  electron: '45.4.1',
  unofficialRuntime: false,
  sandboxed: true,
  headless: false,
  url: 'http://127.0.0.1:7317',
  usualPort: 7317,
  logFile: '/d/logs/wheelhouse.log',
};
const emulated: BackendStatus = {
  reachable: true,
  version: '7.2.22',
  message:
    'QEMU 7.2.22. The processor is emulated, which is slower and keeps machines apart less well. KVM: there is no /dev/kvm.',
  isolation: 'emulated',
};
const docker: BackendStatus = {
  reachable: true,
  version: '27.3',
  message: 'Docker Engine 27.3.',
  isolation: 'container',
};
const gone: BackendStatus = { reachable: false, version: null, message: 'It is not installed.', isolation: 'none' };
const look = (kind: 'docker' | 'qemu', status: BackendStatus, image: string | null): BackendLook => ({
  ...{ kind, status, image },
  facts: [],
  machines: 0,
});
const states = (looks: { id: string; state: string }[]) => looks.map(({ id, state }) => `${id} ${state}`);

describe('what mends something', () => {
  it('is said once, by the command beside the words', () => {
    const words = 'The Docker Engine is not running (no /x). Start it: sudo systemctl start docker.';
    expect(withoutAdvice(words, 'sudo service docker start')).toBe('The Docker Engine is not running (no /x).');
    expect(withoutAdvice(words, null)).toBe(words);
  });
});

describe('what is said of the app and the computer', () => {
  it('names what is not as it should be', () => {
    expect(runtimeWords(app, '20.20.0').state).toBe('ok');
    expect(runtimeWords({ ...app, unofficialRuntime: true }, '20.20.0')).toMatchObject({
      state: 'warning',
      words: expect.stringContaining('unofficial'),
    });
    expect(runtimeWords({ ...app, electron: null, outside: true }, '20.20.0').words).toContain('This command runs on');
    expect(windowWords({ ...app, sandboxed: false }).state).toBe('warning');
    expect(windowWords({ ...app, sandboxed: null }).state).toBe('off');
    expect(portWords(app).state).toBe('ok');
    expect(portWords({ ...app, url: 'http://127.0.0.1:40123' })).toMatchObject({ state: 'warning' });
    expect(portWords({ ...app, url: null }).state).toBe('off');
  });
  it('counts memory and disk against what a desktop needs', () => {
    expect(memoryWords(8 * gib, 16 * gib).state).toBe('ok');
    expect(memoryWords(1 * gib, 16 * gib).state).toBe('warning');
    expect(memoryWords(gib / 4, 16 * gib).state).toBe('failed');
    expect(diskWords(70 * gib, '/d')).toMatchObject({ state: 'ok', words: '70 GB are free where /d lies.' });
    expect(diskWords(3 * gib, '/d')).toMatchObject({ state: 'warning', fix: 'free 5 GB' });
    expect(diskWords(gib / 2, '/d').state).toBe('failed');
    expect([bytesWords(400 * 1024), bytesWords(412 * 1024 ** 2), bytesWords(7.34 * gib)]).toEqual([
      '400 KB',
      '412 MB',
      '7.3 GB',
    ]);
  });
  it('follows the store and its log', () => {
    expect(storeWords(null, null).state).toBe('off');
    expect(storeWords(1024 ** 2, 0).state).toBe('ok');
    expect(storeWords(1024 ** 2, 300 * 1024 ** 2)).toMatchObject({ state: 'warning', fix: expect.any(String) });
    expect(logWords(null, null).state).toBe('off');
    expect(logWords('/l', 1024).words).toContain('/l');
    expect(savedWords(0, 0, 0, 0).state).toBe('off');
    expect(savedWords(1, gib, 2, gib).words).toContain('1 saved desktop, 1.0 GB; 2 machine images');
  });
});

describe('what is said of the backends', () => {
  it('does not call emulation isolation, and says why there is no better', () => {
    const words = acceleratorWords(emulated);
    expect(words).toBe('Emulated in software: slow, and not counted as isolation. KVM: there is no /dev/kvm.');
    expect(describeQemu({ status: emulated, missing: [], platform: 'linux' })).toMatchObject({
      state: 'installed',
      isolation: 'emulated',
      fix: null,
    });
    expect(acceleratorWords({ isolation: 'vm', message: 'QEMU 9.1.0. A kernel was started on KVM and ran.' })).toMatch(
      /^Virtual machines .* A kernel was started/,
    );
  });
  it('names the packages that are missing, as a command', () => {
    const empty = mkdtempSync(join(tmpdir(), 'wh-path-'));
    for (const name of ['mke2fs', 'mmdebstrap', 'newuidmap']) writeFileSync(join(empty, name), '');
    expect(installCommand(['qemu-system-x86_64', 'qemu-img'], 'linux')).toBe(
      'sudo apt-get install -y qemu-system-x86 qemu-utils',
    );
    expect(installCommand([], 'linux')).toBeNull();
    expect(installCommand(['qemu-img'], 'win32')).toBeNull();
    // Whatever this computer has: root needs no newuidmap.
    expect(missingPrograms('', true)).not.toContain('newuidmap');
    expect(missingPrograms(empty, false)).not.toContain('mmdebstrap');
    expect(describeQemu({ status: gone, missing: ['qemu-img'], platform: 'linux' })).toMatchObject({
      state: 'missing',
      message: 'It is not installed.',
      fix: 'sudo apt-get install -y qemu-utils',
    });
  });
  it('is a failure only where nothing else makes desktops', () => {
    const [ready, none] = [look('docker', docker, 'd:1'), look('docker', gone, null)];
    const [machine, bare] = [look('qemu', emulated, 'q:1'), look('qemu', emulated, null)];
    expect(states(backendDiagnostics(none, [machine], 'x'))).toEqual(['docker off']);
    expect(states(backendDiagnostics(none, [bare], 'x'))).toEqual(['docker failed']);
    expect(states(backendDiagnostics(machine, [none], null))).toEqual(['qemu warning', 'qemu.image ok']);
    expect(states(backendDiagnostics(bare, [ready], null))).toEqual(['qemu warning', 'qemu.image off']);
    expect(backendDiagnostics(bare, [none], null)[1]).toMatchObject({
      state: 'failed',
      fix: expect.stringContaining('--qemu'),
    });
  });
});

describe('the whole look', () => {
  const backend = (kind: BackendKind, changes: Partial<SandboxBackend>): SandboxBackend =>
    ({
      kind,
      probe: async () => (kind === 'docker' ? gone : emulated),
      resolveImage: async () => 'wheelhouse/desktop:0123456789ab',
      list: async () => [],
      facts: async () => [{ name: 'Accelerator', words: 'emulation' }],
      ...changes,
    }) as unknown as SandboxBackend;
  const deps = (qemu: Partial<SandboxBackend> = {}) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'wh-look-'));
    return {
      app,
      dataDir,
      cacheDir: join(dataDir, 'cache'),
      storeFile: join(dataDir, 'wheelhouse.sqlite'),
      backends: new Map([
        ['docker' as const, backend('docker', {})],
        ['qemu' as const, backend('qemu', qemu)],
      ]),
      clock: systemClock,
    };
  };

  it('fits its schema, the answer first, each thing once', async () => {
    const found = diagnosticsSchema.parse(await lookAtEverything(deps()));
    expect(found.checks[0]).toMatchObject({ id: 'desktops', state: 'ok' });
    const ids = found.checks.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(
      expect.arrayContaining(['docker', 'qemu', 'qemu.image', 'memory', 'disk.data', 'store', 'port', 'log']),
    );
    expect(found.backends.find(({ kind }) => kind === 'qemu')).toMatchObject({
      reachable: true,
      isolation: 'emulated',
      facts: expect.arrayContaining([{ name: 'Accelerator', words: 'emulation' }]),
    });
  });

  it('says so when nothing can make a desktop', async () => {
    const found = await lookAtEverything(deps({ resolveImage: async () => null }));
    expect(found.checks[0]).toMatchObject({ id: 'desktops', state: 'failed' });
  });

  it('goes on where one thing does not answer', async () => {
    const found = await lookAtEverything(
      deps({ facts: () => Promise.reject(new WheelhouseError('guest_failed', 'QMP is mute')) }),
    );
    expect(JSON.stringify(found.backends)).toContain('QMP is mute');
    const hung = await runCheck({ id: 'x', name: 'X', look: () => new Promise(() => {}) }, 20);
    expect(hung).toMatchObject({ id: 'x', state: 'failed', words: expect.stringContaining('20 ms') });
  });

  it('becomes a text without secrets', () => {
    const text = diagnosticsReport({
      at: '2026-11-21T03:00:00.000Z',
      checks: [
        {
          id: 'a',
          name: 'A',
          state: 'failed',
          words: 'tcp://me:hunter2@host whl_admin_s3cr3t-x\n\u001b[2J',
          fix: 'mend it',
        },
        { id: 'b', name: 'B', state: 'ok', words: 'fine', fix: 'never said' },
      ],
      backends: [
        {
          ...{ kind: 'qemu', reachable: true, version: '7.2', isolation: 'emulated', message: '', machines: 2 },
          facts: [{ name: 'Address', words: 'ws://h/x?ticket=abc' }],
        },
      ],
    });
    expect(text).not.toMatch(/hunter2|s3cr3t|abc|never said/);
    expect(text).not.toContain('\u001b');
    expect(text).toContain('FAILED  A: tcp://[cut]@host [cut]');
    expect(text).toContain('mend: mend it');
    expect(text).toContain('qemu 7.2: 2 machines');
  });
});
