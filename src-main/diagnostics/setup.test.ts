import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SetupStatus } from '@shared/ipc';
import { systemClock } from '../base/clock';
import { silentLogger } from '../base/logger';
import { describeDocker } from './dockerCheck';
import { applyBuildEvent, createImageBuild, type BuildEvent } from './imageBuild';
import { createSetup, describeImage } from './setup';

const machine = { platform: 'linux' as const, cpus: 2, memoryBytes: 1, diskFreeBytes: 1 };
const running: SetupStatus['docker'] = {
  state: 'running',
  version: '20.10',
  message: 'Running',
  fix: null,
  cpus: 2,
  memoryBytes: 1,
  diskFreeBytes: 1,
};

const installed = {
  state: 'installed' as const,
  version: '7.2.22',
  message: 'Emulated in software.',
  fix: null,
  isolation: 'emulated' as const,
};
const going: NonNullable<SetupStatus['build']> = {
  startedAt: '',
  percent: 40,
  secondsLeft: 9,
  steps: [],
  log: [],
  error: null,
};

/** A script that prints what the real one prints, and ends as told. */
function scriptOf(events: (BuildEvent | object)[], end: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'wh-build-')), 'build.mjs');
  const lines = events.map((event) => `console.log(${JSON.stringify(JSON.stringify(event))});`);
  writeFileSync(file, `${lines.join('\n')}\n${end}`);
  return file;
}
const build = (script: string, onChange: () => void = () => {}) =>
  createImageBuild({
    scripts: { docker: script, qemu: script },
    clock: systemClock,
    logger: silentLogger,
    onChange,
    execPath: process.execPath,
    env: process.env,
  });

describe('what the first run finds', () => {
  it('tells a stopped engine from a missing one', () => {
    const status = { reachable: false, version: null, isolation: 'none' as const };
    expect(describeDocker({ ...status, message: 'Docker is not installed.' }, machine).state).toBe('missing');
    expect(describeDocker({ ...status, message: 'The engine does not answer.' }, machine)).toMatchObject({
      state: 'stopped',
      fix: expect.stringContaining('docker'),
    });
  });

  it('says what the image is doing', () => {
    expect(describeImage('docker', 'wheelhouse/desktop:1', null, false).state).toBe('ready');
    expect(describeImage('docker', 'wheelhouse/desktop:1', going, true).state).toBe('building');
    expect(describeImage('docker', null, null, false).state).toBe('missing');
    // The other image's build says nothing of this one.
    expect(describeImage('qemu', null, going, true).state).toBe('missing');
    expect(describeImage('qemu', null, { ...going, backend: 'qemu', error: 'No space.' }, false)).toMatchObject({
      state: 'failed',
      message: 'No space.',
    });
  });
});

describe('the image build', () => {
  it('never lets the percentage go back and keeps a bounded log', () => {
    let state = going;
    state = applyBuildEvent(state, { event: 'progress', percent: 20, secondsLeft: 5 });
    expect(state.percent).toBe(40);
    for (let n = 0; n < 500; n += 1) state = applyBuildEvent(state, { event: 'log', line: String(n) });
    expect(state.log).toHaveLength(200);
    expect(state.log.at(-1)).toBe('499');
  });

  it('follows a real process to its end', async () => {
    const seen: number[] = [];
    const made = build(
      scriptOf(
        [
          { event: 'start', tag: 't:1', steps: [{ name: 'Chromium' }] },
          { event: 'step', name: 'Chromium', state: 'running', seconds: null },
          { event: 'progress', percent: 50, secondsLeft: 3 },
          { event: 'unheard-of' },
          { event: 'step', name: 'Chromium', state: 'done', seconds: 2 },
          { event: 'done', tag: 't:1', built: true },
        ],
        '',
      ),
      () => seen.push(made.current()?.percent ?? -1),
    );
    expect(await made.start('docker')).toBe(true);
    expect(made.current()).toMatchObject({ percent: 100, steps: [{ name: 'Chromium', state: 'done', seconds: 2 }] });
    expect(seen).toContain(50);
  });

  it('says why it failed', async () => {
    const made = build(
      scriptOf(
        [{ event: 'failed', message: 'No space left on the disk.', fix: 'Free 3 GB.' }],
        'process.exitCode = 1;',
      ),
    );
    expect(await made.start('docker')).toBe(false);
    expect(made.current()?.error).toBe('No space left on the disk. Free 3 GB.');
  });

  it('can be cancelled, which is not a failure', async () => {
    const made = build(scriptOf([{ event: 'start', tag: 't', steps: [] }], 'setTimeout(() => {}, 60000);'));
    const end = made.start('docker');
    await expect.poll(() => made.running()).toBe(true);
    made.cancel();
    expect(await end).toBe(false);
    expect(made.current()).toBeNull();
  });

  it('tells the pools once the image is there', async () => {
    let found: string | null = null;
    const told: string[] = [];
    const images = build(scriptOf([{ event: 'done', tag: 't:1', built: true }], ''));
    const said: SetupStatus[] = [];
    const setup = createSetup({
      checkDocker: () => Promise.resolve(running),
      checkQemu: () => Promise.resolve(installed),
      findImage: (way) => Promise.resolve(way === 'docker' ? found : null),
      build: images,
      announce: (status) => said.push(status),
      onImage: (way) => void told.push(way),
    });
    expect((await setup.look()).image.state).toBe('missing');
    found = 't:1';
    await setup.buildImage();
    await expect.poll(() => told).toEqual(['docker']);
    expect(said.at(-1)).toMatchObject({ ready: true, image: { state: 'ready', tag: 't:1' } });
  });

  it('makes one image at a time', async () => {
    const made = build(scriptOf([{ event: 'start', tag: 't', steps: [] }], 'setTimeout(() => {}, 60000);'));
    const end = made.start('qemu');
    await expect.poll(() => made.running()).toBe(true);
    expect(made.start('qemu')).toBe(end);
    expect(() => made.start('docker')).toThrow(/Another image/);
    made.cancel();
    await end;
  });

  it('is ready with QEMU alone, and builds for what is there', async () => {
    const images = build(scriptOf([{ event: 'done', tag: 'q:1', built: true }], ''));
    let tag: string | null = null;
    const setup = createSetup({
      checkDocker: () => Promise.resolve({ ...running, state: 'missing' as const }),
      checkQemu: () => Promise.resolve(installed),
      findImage: (way) => Promise.resolve(way === 'qemu' ? tag : null),
      build: images,
      announce: () => {},
      onImage: () => {},
    });
    expect(await setup.look()).toMatchObject({ ready: false, qemu: { image: { state: 'missing' } } });
    tag = 'q:1';
    await setup.buildImage();
    await expect.poll(() => setup.status().ready).toBe(true);
    expect(setup.status()).toMatchObject({
      qemu: { image: { state: 'ready', tag: 'q:1' } },
      build: { backend: 'qemu' },
    });
  });
});
