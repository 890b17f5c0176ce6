import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { root } from '../lib/paths.mjs';
import { refusal } from './layers.mjs';

describe('layers', () => {
  const allowed = [
    ['src-main/broker/acquire.ts', '../store/sessions', false],
    ['src-main/broker/acquire.ts', '../sandbox/backend', false],
    ['src-main/store/pools.ts', '../control/types', true],
    ['src-main/sandbox/docker/index.ts', '../backend', false],
    ['src-main/sandbox/docker/index.ts', './containers', false],
    ['src-main/guest/index.ts', '../../src-guest/linkCrypto', false],
    ['src-main/wheelhouse.ts', './sandbox/docker', false],
    ['src-main/app/run.ts', '../ipc/router', false],
    ['src-main/app/run.ts', 'electron', false],
    ['src-cli/index.ts', '../src-main/wheelhouse', false],
    ['src-main/base/clock.test.ts', '../broker/index', false],
    ['src-shared/pool.ts', 'zod', false],
    ['src-renderer/app/main.tsx', '@shared/ipc', false],
    ['bench/index.ts', '../src-main/wheelhouse', false],
  ];
  const refused = [
    ['src-main/base/clock.ts', '../store/database', false],
    ['src-main/store/pools.ts', '../broker/index', false],
    ['src-main/broker/acquire.ts', '../sandbox/docker/index', false],
    ['src-main/broker/acquire.ts', '../sandbox/fake', false],
    ['src-main/broker/acquire.ts', '../channel/index', false],
    ['src-main/broker/acquire.ts', 'electron', false],
    ['src-main/ipc/rooms.ts', '../app/window', false],
    ['src-main/channel/index.ts', '../../src-guest/linkCrypto', false],
    ['src-main/screen/hub.ts', '../wheelhouse', false],
    ['src-renderer/app/main.tsx', '../../src-main/base/ids', false],
    ['src-renderer/app/main.tsx', 'electron', false],
    ['src-guest/index.ts', '../src-main/base/ids', false],
    ['src-shared/pool.ts', 'ws', false],
    ['src-shared/pool.ts', '../src-main/base/ids', false],
    ['src-main/base/clock.ts', '../unknown/thing', false],
  ];

  it.each(allowed)('%s may import %s', (from, specifier, typeOnly) => {
    expect(refusal(from, specifier, typeOnly)).toBeNull();
  });

  it.each(refused)('%s may not import %s', (from, specifier, typeOnly) => {
    expect(refusal(from, specifier, typeOnly)).toEqual(expect.any(String));
  });
});

describe('the lint rule', () => {
  const folder = mkdtempSync(join(root, 'src-main/base/.lint-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is really run by oxlint', () => {
    const file = join(folder, 'broken.ts');
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, "import { createBroker } from '../../broker/index';\nexport const made = createBroker;\n");
    let output = '';
    try {
      output = execFileSync(process.execPath, [join(root, 'node_modules/oxlint/bin/oxlint'), file], {
        cwd: root,
        encoding: 'utf8',
      });
    } catch (error) {
      output = `${error.stdout}${error.stderr}`;
    }
    expect(output).toContain('Layer broken: base may not import broker');
  }, 60_000);
});
