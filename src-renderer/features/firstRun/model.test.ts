import type { SetupStatus } from '@shared/ipc';
import { describe, expect, it } from 'vitest';
import { demoWords, dockerLine, dockerWay, imageLine, qemuWay, readyWays, summary } from './model';

const image = { state: 'ready' as const, tag: 'desktop:1', message: '' };
const missing = { state: 'missing' as const, tag: null, message: 'It has to be built.' };
const status = (patch: Partial<SetupStatus> = {}): SetupStatus => ({
  docker: {
    state: 'running',
    version: '27.3',
    message: 'Running',
    fix: null,
    cpus: 8,
    memoryBytes: 32 * 1024 ** 3,
    diskFreeBytes: 212 * 1024 ** 3,
  },
  image,
  qemu: {
    state: 'installed',
    version: '7.2.22',
    message: 'Emulated in software: slow, and not counted as isolation.',
    fix: null,
    isolation: 'emulated',
    image: missing,
  },
  build: null,
  ready: true,
  ...patch,
});
const stopped = {
  ...status().docker,
  state: 'stopped' as const,
  message: 'It has stopped.',
  fix: 'sudo service docker start',
};
const qemu = (patch: Partial<NonNullable<SetupStatus['qemu']>>) => ({ ...status().qemu!, ...patch });
const noQemu = qemu({
  state: 'missing',
  version: null,
  message: 'QEMU is not installed.',
  fix: 'sudo apt-get install -y qemu',
});
const build = { startedAt: '2026-11-20T14:00:00.000Z', percent: 58, secondsLeft: 170, steps: [], log: [], error: null };

describe('first run', () => {
  it('says what is left to do', () => {
    expect(summary(status())).toMatch(/^Start the demo/);
    const building = { image: { ...missing, state: 'building' as const }, build, ready: false };
    expect(summary(status(building))).toContain('in about 3 minutes');
    expect(summary(status({ docker: stopped, qemu: noQemu, ready: false }))).toMatch(/^Docker or QEMU is needed first/);
    expect(summary(status({ docker: stopped, ready: false }))).toBe('One image has to be built, once.');
    expect(summary(status({ docker: stopped, qemu: qemu({ state: 'checking' }), ready: false }))).toMatch(/^Looking/);
  });
  it('lists what was found, and only what was measured', () => {
    expect(dockerLine(status())).toEqual({
      tone: 'fine',
      title: 'Docker 27.3',
      text: 'Running. 8 CPU, 32 GB of memory and 212 GB of disk for desktops.',
    });
    expect(dockerLine(status({ docker: { ...status().docker, cpus: null, memoryBytes: null } })).text).toBe(
      'Running. 212 GB of disk for desktops.',
    );
    expect(
      dockerLine(status({ docker: { ...status().docker, state: 'missing', message: 'Install it.' } })),
    ).toMatchObject({ tone: 'warn', text: 'Install it.' });
    // Either will do: what is missing is a trouble only when both are.
    expect(dockerLine(status({ docker: stopped, qemu: noQemu })).tone).toBe('bad');
    expect(qemuWay(status({ docker: stopped, qemu: noQemu }))?.lines[0]?.tone).toBe('bad');
    expect(qemuWay(status({ qemu: noQemu }))?.lines[0]?.tone).toBe('warn');
    expect(imageLine({ state: 'failed', tag: null, message: 'No space left on the disk.' }, null)).toMatchObject({
      tone: 'bad',
      text: 'No space left on the disk.',
    });
  });
  it('does not say that an image is missing that nobody can look for', () => {
    expect(dockerWay(status({ image: missing, docker: stopped })).lines[1]?.text).toBe('Looked for once Docker runs.');
    expect(qemuWay(status({ qemu: noQemu }))?.lines[1]?.text).toBe('Looked for once QEMU is installed.');
    expect(dockerWay(status({ image: missing })).lines[1]?.text).toBe('It has to be built.');
  });
  it('has one thing that mends a way, and none for one that is ready or at work', () => {
    expect(dockerWay(status())).toMatchObject({ ready: true, state: 'Ready', mend: null });
    expect(dockerWay(status({ docker: stopped })).mend).toEqual({
      kind: 'command',
      command: 'sudo service docker start',
      line: 0,
    });
    expect(dockerWay(status({ image: missing })).mend).toEqual({ kind: 'build' });
    expect(dockerWay(status({ image: { ...missing, state: 'building' } }))).toMatchObject({
      state: 'Being set up',
      mend: null,
    });
    expect(qemuWay(status({ qemu: noQemu }))?.mend).toEqual({
      kind: 'command',
      command: 'sudo apt-get install -y qemu',
      line: 0,
    });
    expect(qemuWay(status())?.mend).toEqual({ kind: 'build' });
    // The programs that make the image are missing: building it would only fail.
    expect(qemuWay(status({ qemu: qemu({ fix: 'sudo apt-get install -y mmdebstrap' }) }))?.mend).toMatchObject({
      kind: 'command',
      line: 1,
    });
    expect(qemuWay(status({ qemu: qemu({ image, fix: 'sudo x' }) }))).toMatchObject({ ready: true, mend: null });
    expect(qemuWay(status({ qemu: undefined }))).toBeNull();
  });
  it('does not show emulation as if it were as good', () => {
    expect(qemuWay(status())?.lines[0]).toMatchObject({ tone: 'warn', title: 'QEMU 7.2, emulated' });
    expect(qemuWay(status({ qemu: qemu({ isolation: 'vm' }) }))?.lines[0]).toMatchObject({
      tone: 'fine',
      title: 'QEMU 7.2',
    });
  });
  it('offers the demo on what is ready, the quicker first', () => {
    expect(readyWays(status())).toEqual(['docker']);
    expect(readyWays(status({ qemu: qemu({ image }) }))).toEqual(['docker', 'qemu']);
    expect(readyWays(status({ docker: stopped, qemu: qemu({ image }) }))).toEqual(['qemu']);
    expect(readyWays(status({ docker: stopped }))).toEqual([]);
  });
  it('follows the demo agent', () => {
    expect(demoWords({ state: 'waiting', sessionId: null, step: 'x', message: null })).toContain('waits for you');
    expect(demoWords({ state: 'off', sessionId: null, step: '', message: null })).toBeNull();
  });
});
