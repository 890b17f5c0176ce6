import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Pool } from '@shared/pool';
import { startServer, type RunningServer } from '../src-main/server';
import { fakePool, fakeServices } from '../src-main/server/testing/fakeServices';
import { writeRuntime } from '../src-main/wheelhouse/runtime';
import { run } from './program';

let dataDir: string;
let rooms: ReturnType<typeof fakeServices>;
let server: RunningServer;
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'wh-cli-'));
  rooms = fakeServices();
  server = await startServer({ port: 0, services: rooms.services });
  writeRuntime(dataDir, { url: server.url, pid: process.pid, token: rooms.token('admin') });
});
afterEach(async () => {
  await server.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const pools = async (...argv: string[]) => {
  let out = '';
  let err = '';
  const io = { out: (text: string) => (out += text), err: (text: string) => (err += text) };
  const code = await run(['pools', ...argv, '--data', dataDir], io);
  return { code, out, err };
};
const file = (text: string): string => {
  const path = join(dataDir, 'pools.yaml');
  writeFileSync(path, text);
  return path;
};

it('has a flag for every field, and leaves what is not said as it is', async () => {
  const flags = [
    ...['--description', 'For forms', '--backend', 'qemu', '--image', 'win', '--cpus', '1.5', '--memory', '4096'],
    ...[
      '--screen',
      '1920x1080',
      '--warm-min',
      '1',
      '--warm-max',
      '5',
      '--idle-minutes',
      '20',
      '--idle-policy',
      'suspend',
    ],
    ...[
      '--home',
      'keep',
      '--home-quota',
      '512',
      '--home-days',
      '7',
      '--network',
      'allowlist',
      '--allow',
      'a.example, b.example',
    ],
    ...['--checkpoints-before-takeover', '--checkpoints-before-commands', '--checkpoints-keep', '4'],
    ...['--sessions-per-token', '3', '--assign', 'clerk,desk', '--isolation-required', '--paused'],
    ...['--freeze', '--idle-keeps', 'machine', '--acquire-screen', '--acquire-idle', '60:3600'],
  ];
  const {
    observed: _,
    id: __,
    createdAt: ___,
    ...made
  } = JSON.parse((await pools('create', 'Forms', ...flags, '--json')).out) as Pool;
  expect(made).toEqual({
    displayName: 'Forms',
    description: 'For forms',
    backend: 'qemu',
    image: 'win',
    size: { cpus: 1.5, memoryMiB: 4096, width: 1920, height: 1080 },
    warm: { minimum: 1, maximum: 5, freeze: true },
    idle: { policy: 'suspend', keeps: 'machine', afterSeconds: 1200 },
    acquire: { screen: true, idleSeconds: { minimum: 60, maximum: 3600 } },
    home: { policy: 'keep', quotaMiB: 512, expiresAfterDays: 7 },
    network: { policy: 'allowlist', allow: ['a.example', 'b.example'] },
    checkpoints: { beforeTakeover: true, beforeCommands: true, keep: 4 },
    limits: { sessionsPerToken: 3 },
    assignments: ['clerk', 'desk'],
    isolationRequired: true,
    paused: true,
  });
  rooms.pools.set(
    'desktop',
    fakePool('desktop', { limits: { sessionsPerToken: 2 }, warm: { minimum: 3, maximum: 9 } }),
  );
  const changed = await pools(
    ...[
      'update',
      'desktop',
      '--warm-max',
      '4',
      '--sessions-per-token',
      'none',
      '--assign',
      '',
      '--no-paused',
      '--acquire-idle',
      'none',
      '--no-freeze',
      '--json',
    ],
  );
  expect(JSON.parse(changed.out)).toMatchObject({
    warm: { minimum: 3, maximum: 4, freeze: false },
    acquire: { screen: false, idleSeconds: null },
    limits: { sessionsPerToken: null },
    assignments: [],
    paused: false,
  });
  expect(await pools('update', 'desktop', '--idle-minutes', 'long')).toMatchObject({ code: 2 });
  expect((await pools('update', 'desktop', '--cpus', '900')).err).toContain('body.size.cpus: ');
});

it('tries again, and says what a pool does with homes and wishes', async () => {
  const keeps = { home: { policy: 'keep' as const, quotaMiB: 512, expiresAfterDays: 7 } };
  const may = { acquire: { screen: true, idleSeconds: { minimum: 60, maximum: 90 } } };
  rooms.pools.set('desktop', fakePool('desktop', { ...keeps, ...may }));
  const { out } = await pools('retry', 'desktop');
  expect(out).toMatch(/homes +kept, at most 512 MiB, for 7 days without use/);
  expect(out).toMatch(/requests +may choose their screen and their idle time \(60 to 90 s\)/);
  expect(rooms.retried).toEqual(['desktop']);
  expect(await pools('retry', 'nope')).toMatchObject({ code: 1, err: expect.stringContaining('(not_found)') });
  expect(await pools('update', 'desktop', '--acquire-idle', '60')).toMatchObject({ code: 2 });
});

it('takes the usual time of an idle policy that is another, unless one is said', async () => {
  const idle = async (...flags: string[]) => (JSON.parse((await pools(...flags, '--json')).out) as Pool).idle;
  expect(await idle('create', 'A', '--idle-policy', 'suspend')).toEqual({ policy: 'suspend', afterSeconds: 900 });
  expect(await idle('create', 'B', '--idle-policy', 'suspend', '--idle', '60')).toMatchObject({ afterSeconds: 60 });
  expect(await idle('update', 'B', '--idle-policy', 'suspend')).toMatchObject({ afterSeconds: 60 });
  expect(await idle('update', 'B', '--idle-policy', 'release')).toEqual({ policy: 'release', afterSeconds: 1800 });
  expect((await pools('update', 'B', '--idle-policy', 'sleep')).err).toContain('idle.policy');
});

it('pauses and lets go on', async () => {
  expect((await pools('pause', 'desktop')).out).toMatch(/paused +true/);
  expect(JSON.parse((await pools('resume', 'desktop', '--json')).out)).toMatchObject({ paused: false });
  expect(await pools('pause', 'nope')).toMatchObject({ code: 1, err: expect.stringContaining('(not_found)') });
});

it('goes to a file and back, changes nothing twice, and shows the difference before', async () => {
  const all = await pools('export');
  expect(all.out.split('\n')[0]).toBe(`# yaml-language-server: $schema=${server.url}/schemas/pool.json`);
  expect(await pools('import', file(all.out))).toMatchObject({ code: 0, out: 'unchanged desktop (desktop)\n' });
  const path = file(all.out.replace('maximum: 8', 'maximum: 4').replace('assignments: []', 'assignments: [clerk]'));
  const difference = '  warm.maximum: 8 -> 4\n  assignments: [] -> ["clerk"]\n';
  expect((await pools('import', path, '--dry-run')).out).toBe(`would change desktop (desktop)\n${difference}`);
  expect(rooms.pools.get('desktop')?.warm.maximum).toBe(8);
  expect((await pools('import', path)).out).toBe(`changed desktop (desktop)\n${difference}`);
  expect(rooms.pools.get('desktop')?.warm.maximum).toBe(4);
  expect((await pools('import', path)).out).toBe('unchanged desktop (desktop)\n');
  expect(JSON.parse((await pools('import', path, '--json')).out)).toMatchObject({ pools: [{ action: 'unchanged' }] });

  const out = join(dataDir, 'one.json');
  expect(await pools('export', 'desktop', '--json', '--out', out)).toMatchObject({ code: 0, out: '' });
  expect(JSON.parse(readFileSync(out, 'utf8'))).toMatchObject({ pools: [{ id: 'desktop' }] });
  expect((await pools('import', out)).out).toBe('unchanged desktop (desktop)\n');
});

it('says what is wrong with a file, by path and line', async () => {
  const bad = await pools('import', file('pools:\n  - displayName: A\n    warm: { maximum: 0 }\n    sise: 3\n'));
  expect([bad.code, bad.out]).toEqual([1, '']);
  expect(bad.err).toContain('pools[0].warm.maximum: line 3: ');
  expect(bad.err).toContain('pools[0].sise: line 4: there is no such field');
  expect(await pools('import', join(dataDir, 'none.yaml'))).toMatchObject({ code: 2 });
  expect(await pools('export', '--out', join(dataDir, 'no', 'such', 'folder'))).toMatchObject({ code: 1 });
  expect(await pools('import')).toMatchObject({ code: 2 });
});
