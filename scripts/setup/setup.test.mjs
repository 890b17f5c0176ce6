import { describe, expect, it } from 'vitest';
import { settle, sumPlaywright, sumVitest } from '../testResults.mjs';
import { fitsLock } from './dependencies.mjs';
import { pidFileIsStale, readFailure } from './docker.mjs';
import { chooseRuntime } from './electron.mjs';
import { hasDisplay } from './index.mjs';
import { isNoise } from '../lib/noise.mjs';
import { isDebianLike, missingElsewhere, missingGroups, wantedPackages } from './packages.mjs';
import { wantsOf } from './wants.mjs';

describe('the Electron runtime', () => {
  const facts = {
    ...{ official: false, evaluation: false, reachable: null, forbidden: false },
    ...{ fits: true, answer: undefined, terminal: false },
  };
  const cases = [
    ['the official one that is there', { official: true, evaluation: true }, 'official'],
    ['asks the network first', {}, 'probe'],
    ['downloads when it can', { reachable: true }, 'download'],
    ['falls back only when the host is out of reach', { reachable: false }, 'evaluation'],
    ['asks a person at a terminal, once', { reachable: false, terminal: true }, 'ask'],
    ['remembers yes', { reachable: false, terminal: true, answer: true }, 'evaluation'],
    ['remembers no', { reachable: false, terminal: true, answer: false }, 'refused'],
    ['takes the cached evaluation runtime without asking the network', { evaluation: true }, 'evaluation'],
    ['is never the evaluation runtime where that is forbidden', { reachable: false, forbidden: true }, 'refused'],
    ['nor a cached one', { evaluation: true, forbidden: true, reachable: false }, 'refused'],
    ['nor on another kind of computer', { reachable: false, fits: false }, 'unfit'],
  ];
  it.each(cases)('%s', (_, changed, expected) => {
    expect(chooseRuntime({ ...facts, ...changed })).toBe(expected);
  });
});

describe('dependencies', () => {
  const lock = {
    packages: {
      '': {},
      'node_modules/a': { version: '1.0.0' },
      'node_modules/b': { version: '2.0.0', optional: true },
    },
  };
  const installed = (packages) => ({ packages });

  it('fit when every version is the lock’s', () => {
    expect(
      fitsLock(lock, installed({ 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { version: '2.0.0' } })),
    ).toBe(true);
  });
  it('may lack what is optional', () => {
    expect(fitsLock(lock, installed({ 'node_modules/a': { version: '1.0.0' } }))).toBe(true);
  });
  it.each([
    ['another version', { 'node_modules/a': { version: '1.0.1' } }],
    ['one is missing', { 'node_modules/b': { version: '2.0.0' } }],
    ['one too many', { 'node_modules/a': { version: '1.0.0' }, 'node_modules/c': { version: '1.0.0' } }],
  ])('do not fit: %s', (_, packages) => {
    expect(fitsLock(lock, installed(packages))).toBe(false);
  });
  it('do not fit when nothing was installed', () => {
    expect(fitsLock(lock, null)).toBe(false);
  });
});

describe('system packages', () => {
  it('knows Debian and what is like it', () => {
    expect(isDebianLike('NAME="Debian"\nID=debian\n')).toBe(true);
    expect(isDebianLike('ID=linuxmint\nID_LIKE="ubuntu debian"\n')).toBe(true);
    expect(isDebianLike('ID=fedora\nID_LIKE="rhel"\nNAME="not debian"\n')).toBe(false);
    expect(isDebianLike('')).toBe(false);
  });
  it('wants a virtual display only where there is none', () => {
    expect(wantedPackages({ display: true })).not.toContain('xvfb');
    expect(wantedPackages({ display: false })).toContain('xvfb');
  });
  it('takes either name of a renamed library', () => {
    expect(missingGroups(['new|old', 'other'], new Set(['old']))).toEqual(['other']);
  });
  it('says what to do elsewhere', () => {
    expect(missingElsewhere({ platform: 'darwin', docker: false, xvfb: false, display: true })).toMatch(/brew/);
    expect(missingElsewhere({ platform: 'win32', docker: false, xvfb: false, display: true })).toMatch(/winget/);
    expect(missingElsewhere({ platform: 'linux', docker: true, xvfb: false, display: false })).toMatch(/Xvfb/);
    expect(missingElsewhere({ platform: 'linux', docker: true, xvfb: true, display: false })).toBeNull();
  });
  it('does not promise the machine image where Debian’s tools are missing', () => {
    const facts = { docker: true, xvfb: true, display: true };
    expect(missingElsewhere({ ...facts, platform: 'darwin', qemu: true })).toMatch(/Debian/);
  });
  it('sees a display in either variable', () => {
    expect(hasDisplay({ DISPLAY: ':0' }, 'linux')).toBe(true);
    expect(hasDisplay({ WAYLAND_DISPLAY: 'wayland-0' }, 'linux')).toBe(true);
    expect(hasDisplay({}, 'linux')).toBe(false);
    expect(hasDisplay({}, 'darwin')).toBe(true);
  });
});

describe('Docker Engine', () => {
  it('tells a refusal from an engine that does not run', () => {
    expect(readFailure('docker is not installed')).toBe('missing');
    expect(readFailure('Got permission denied while trying to connect to the Docker daemon socket')).toBe('denied');
    expect(readFailure('Cannot connect to the Docker daemon at unix:///var/run/docker.sock.')).toBe('stopped');
  });
  it('knows a pid file that nobody stands behind', () => {
    const names = { 10: 'dockerd', 11: 'bash' };
    const nameOf = (pid) => names[pid] ?? null;
    expect(pidFileIsStale('10\n', nameOf)).toBe(false);
    expect(pidFileIsStale('11\n', nameOf)).toBe(true);
    expect(pidFileIsStale('12\n', nameOf)).toBe(true);
    expect(pidFileIsStale('rubbish', nameOf)).toBe(true);
  });
});

describe('what the arguments want', () => {
  it.each([
    ['nothing said: Docker, or QEMU where it can’t be had', [], 'or-qemu', false, null],
    ['QEMU, and Docker where it is there already', ['--demo', '--backend', 'qemu'], 'if-there', true, 'qemu'],
    ['the same, joined', ['--backend=qemu'], 'if-there', true, 'qemu'],
    ['Docker and nothing else', ['--backend', 'docker'], 'needed', false, 'docker'],
    ['both', ['--qemu'], 'needed', true, null],
    ['no Docker', ['--no-docker'], 'no', true, 'qemu'],
  ])('%s', (_, args, docker, qemu, backend) => {
    expect(wantsOf(args)).toMatchObject({ wants: { docker, qemu }, backend });
  });
  it('passes on what is the app’s, and the backend that --no-docker means', () => {
    expect(wantsOf(['--demo', '--backend', 'qemu', '--qemu']).rest).toEqual(['--demo', '--backend', 'qemu']);
    expect(wantsOf(['--no-docker', '--port', '0']).rest).toEqual(['--port', '0', '--backend', 'qemu']);
  });
  it('refuses what there is not', () => {
    expect(() => wantsOf(['--backend', 'vmware'])).toThrow(/docker or qemu/);
    expect(() => wantsOf(['--backend'])).toThrow(/nothing/);
    expect(() => wantsOf(['--backend', 'docker', '--no-docker'])).toThrow(/together/);
  });
});

describe('Chromium’s talk', () => {
  it('is left out when it is about this computer’s bus and graphics', () => {
    expect(isNoise('[4711:1121/031405.123456:ERROR:bus.cc(407)] Failed to connect to the bus: no such file')).toBe(
      true,
    );
    expect(isNoise('[4711:1121/031405.123456:ERROR:dbus/bus.cc(407)] Failed to connect to the bus')).toBe(true);
    expect(isNoise('[1:1121/031405.1:ERROR:viz_main_impl.cc(181)] Exiting GPU process')).toBe(true);
  });
  it('is kept when it may matter, and so is everything of ours', () => {
    expect(isNoise('[1:1121/031405.1:FATAL:bus.cc(407)] gone')).toBe(false);
    expect(isNoise('[1:1121/031405.1:ERROR:electron_main.cc(12)] no app')).toBe(false);
    expect(isNoise('Wheelhouse could not start: bus.cc')).toBe(false);
  });
});

describe('the sum of the tests', () => {
  it('counts a file that could not be loaded as a failure', () => {
    const testResults = [
      { status: 'failed', assertionResults: [] },
      { status: 'failed', assertionResults: [{}] },
      { status: 'passed', assertionResults: [{}] },
    ];
    expect(sumVitest({ numPassedTests: 1, numFailedTests: 1, testResults })).toEqual({
      passed: 1,
      failed: 2,
      skipped: 0,
    });
  });
  it('counts a flaky test and an error outside tests as failures', () => {
    const stats = { expected: 3, unexpected: 1, flaky: 1, skipped: 2 };
    expect(sumPlaywright({ stats, errors: [{}] })).toEqual({ passed: 3, failed: 3, skipped: 2 });
  });
  it('lets no suite that ended badly pass', () => {
    expect(settle(null, 1)).toEqual({ passed: 0, failed: 1, skipped: 0 });
    expect(settle({ passed: 5, failed: 0, skipped: 0 }, 1)).toEqual({ passed: 5, failed: 1, skipped: 0 });
    expect(settle({ passed: 5, failed: 0, skipped: 0 }, 0)).toEqual({ passed: 5, failed: 0, skipped: 0 });
  });
  it('counts a report that is missing as a failure, whatever the exit code', () => {
    expect(settle(null, 0).failed).toBe(1);
  });
});
