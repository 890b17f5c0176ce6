import type { SetupStatus } from '@shared/ipc';
import { describe, expect, it } from 'vitest';
import { demoWords, dockerLine, imageLine, summary } from './model';

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
  image: { state: 'ready', tag: 'desktop:1', message: '' },
  build: null,
  ready: true,
  ...patch,
});
const build = { startedAt: '2026-11-20T14:00:00.000Z', percent: 58, secondsLeft: 170, steps: [], log: [], error: null };

describe('first run', () => {
  it('says what is left to do', () => {
    expect(summary(status())).toMatch(/^Start the demo/);
    expect(summary(status({ image: { state: 'building', tag: null, message: '' }, build }))).toContain(
      'in about 3 minutes',
    );
    expect(summary(status({ docker: { ...status().docker, state: 'stopped' } }))).toMatch(/^Docker is needed first/);
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
    ).toMatchObject({ tone: 'bad', text: 'Install it.' });
    expect(
      imageLine(status({ image: { state: 'failed', tag: null, message: 'No space left on the disk.' } })),
    ).toMatchObject({ tone: 'bad', text: 'No space left on the disk.' });
  });
  it('does not say that an image is missing that nobody can look for', () => {
    const image = { state: 'missing' as const, tag: null, message: 'It has to be built.' };
    expect(imageLine(status({ image, docker: { ...status().docker, state: 'stopped' } })).text).toBe(
      'Looked for once Docker runs.',
    );
    expect(imageLine(status({ image })).text).toBe('It has to be built.');
  });
  it('follows the demo agent', () => {
    expect(demoWords({ state: 'waiting', sessionId: null, step: 'x', message: null })).toContain('waits for you');
    expect(demoWords({ state: 'off', sessionId: null, step: '', message: null })).toBeNull();
  });
});
