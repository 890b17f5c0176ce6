import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startServer, type RunningServer } from '../src-main/server';
import { fakePool, fakeServices, fakeSession } from '../src-main/server/testing/fakeServices';
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
const at = async (...argv: string[]) => {
  let out = '';
  let err = '';
  const io = { out: (text: string) => (out += text), err: (text: string) => (err += text) };
  // Before "--", behind which nothing is a flag.
  const cut = argv.indexOf('--');
  const flags = ['--data', dataDir];
  const all = cut < 0 ? [...argv, ...flags] : [...argv.slice(0, cut), ...flags, ...argv.slice(cut)];
  return { code: await run(all, io), out, err };
};
const gone = { code: 1, out: '', err: expect.stringContaining('(not_found)') };

it('lists, looks at, keeps and destroys machines, and runs a command in one that failed', async () => {
  rooms.pools.set('other', fakePool('other', { displayName: 'Other' }));
  rooms.machines.add('m_ready0001');
  rooms.machines.add('m_broken001', { poolId: 'other', state: 'quarantined', trouble: 'disk_full', reason: 'Full.' });
  const list = async (...flags: string[]) =>
    (await at('machines', 'list', ...flags)).out.split('\n').filter((line) => line.startsWith('m_'));
  expect(await list()).toEqual([
    expect.stringMatching(/^m_ready0001 +desktop +ready +–/),
    expect.stringMatching(/^m_broken001 +other +quarantined \(disk_full\) .*Full\.$/),
  ]);
  expect(await list('--pool', 'Other')).toHaveLength(1);
  expect(await list('--quarantined')).toHaveLength(1);
  const shown = (await at('machines', 'show', 'm_broken001')).out;
  expect(shown).toMatch(/state +quarantined \(disk_full\)\n/);
  expect(shown.endsWith('\n\na·line\n')).toBe(true);
  expect((await at('machines', 'keep', 'm_broken001')).out).toMatch(/kept until +1970/);
  expect(await at('machines', 'run', 'm_broken001', '--', 'df', '-h')).toEqual({
    ...{ code: 0, err: '', out: 'admin: df -h\n' },
  });
  const said = (...command: string[]) => at('machines', 'run', 'm_broken001', '--', ...command).then(({ out }) => out);
  expect(await said('sh', '-c', "echo 'a b'")).toBe(`admin: sh -c 'echo '\\''a b'\\'''\n`);
  expect(await said('df -h | tail -1')).toBe('admin: df -h | tail -1\n');
  const failed = await at('machines', 'run', 'm_broken001', 'false', '--json');
  expect([failed.code, failed.err]).toEqual([1, 'wheelhouse: the command ended with 1\n']);
  expect(JSON.parse(failed.out)).toMatchObject({ exitCode: 1 });
  const healthy = await at('machines', 'run', 'm_ready0001', 'id');
  expect(healthy).toMatchObject({ code: 1, err: expect.stringContaining('(conflict)') });
  expect(await at('machines', 'destroy', 'm_broken001')).toEqual({ code: 0, out: '', err: '' });
  expect(await at('machines', 'show', 'm_broken001')).toMatchObject(gone);
});

it('lists, shows and deletes homes', async () => {
  for (let n = 0; n < 103; n++) rooms.homes.add(`h_many${n}`, { caller: n === 102 ? 'two' : 'one' });
  rooms.homes.add('h_full0001', { ...{ sessionId: 'session-1', bytes: 3 * 1024 ** 2, quotaMiB: 2, overQuota: true } });
  const all = JSON.parse((await at('homes', 'list', '--json')).out) as unknown[];
  expect(all).toHaveLength(104);
  expect((await at('homes', 'list', '--caller', 'two')).out).toMatch(/^ID .*\nh_many102 .*\n$/);
  const { out } = await at('homes', 'show', 'h_full0001');
  expect(out).toMatch(/state +attached\n/);
  expect(out).toMatch(/used +3\.0 MiB, quota 2 MiB \(nothing stops it there\): over it\n/);
  expect(await at('homes', 'delete', 'h_full0001')).toMatchObject({
    code: 1,
    err: expect.stringContaining('(conflict)'),
  });
  expect(await at('homes', 'delete', 'h_many0')).toEqual({ code: 0, out: '', err: '' });
  expect(await at('homes', 'show', 'h_many0')).toMatchObject(gone);
});

it('downloads all of a home, or leaves nothing', async () => {
  const text = 'x'.repeat(200_000);
  rooms.homes.add('h_whole001', {}, () => Readable.from([Buffer.from(text), Buffer.from('end')]));
  const file = join(dataDir, 'mine.tar');
  expect(await at('homes', 'download', 'h_whole001', '--out', file)).toEqual({ code: 0, out: `${file}\n`, err: '' });
  expect(readFileSync(file, 'utf8')).toBe(`${text}end`);
  const breaks = async function* () {
    yield Buffer.from(text);
    await new Promise((resolve) => setTimeout(resolve, 50));
    throw new Error('the container went away');
  };
  rooms.homes.add('h_half0001', {}, () => Readable.from(breaks()));
  const half = join(dataDir, 'half.tar');
  const broken = await at('homes', 'download', 'h_half0001', '--out', half);
  expect([broken.code, broken.out, existsSync(half)]).toEqual([1, '', false]);
  expect(await at('homes', 'download', 'h_none0001', '--out', half)).toMatchObject(gone);
  expect(readdirSync(dataDir).filter((name) => name.includes('tar'))).toEqual(['mine.tar']);
});

it('shows and sets what the pools may take, and leaves what is not named', async () => {
  expect((await at('capacity', 'set', '--machines', '4', '--memory', 'none')).code).toBe(0);
  expect((await at('capacity', 'set', '--cpus', '1.5')).code).toBe(0);
  const { out } = await at('capacity', 'show');
  expect(out).toMatch(/limit +4 +no limit +1\.5\n/);
  expect(out).toMatch(/desktop +1 +2048 +2 +3\n/);
  expect(JSON.parse((await at('capacity', 'show', '--json')).out)).toMatchObject({
    limits: { machines: 4, memoryMiB: null, cpus: 1.5 },
  });
  expect(await at('capacity', 'set')).toMatchObject({ code: 2 });
  expect(await at('capacity', 'set', '--machines', 'many')).toMatchObject({ code: 2 });
  expect(await at('capacity', 'set', '--machines', '0')).toMatchObject({ code: 1 });
});

it('suspends and resumes, asks for what a pool allows, and says who waits where', async () => {
  const wishes = ['--screen', '1024x768', '--idle', '90', '--home', 'h_mine00001'];
  const made = await at('sessions', 'acquire', 'desktop', ...wishes, '--json');
  const { sessionId } = JSON.parse(made.out) as { sessionId: string };
  expect(rooms.acquired).toMatchObject([
    { screen: { width: 1024, height: 768 }, idleSeconds: 90, homeId: 'h_mine00001' },
  ]);
  expect((await at('sessions', 'suspend', sessionId)).out).toMatch(/status +idle \(suspended since 1970/);
  expect((await at('sessions', 'list')).out).toMatch(/idle \(suspended since/);
  expect((await at('sessions', 'resume', sessionId)).out).toMatch(/status +active\n/);
  const waits = { ...fakeSession('session-2', 'one'), status: 'queued' as const, queue: { place: 2, waiting: 5 } };
  rooms.sessions.set('session-2', { ...waits, home: { homeId: 'h_mine00001', keep: true }, idleSeconds: 90 });
  const { out } = await at('sessions', 'show', 'session-2');
  expect(out).toMatch(/status +queued \(2 of 5\)\n/);
  expect(out).toMatch(/home +h_mine00001 \(kept\)\nidle after +90 s\n/);
  expect(await at('sessions', 'acquire', 'desktop', '--screen', 'big')).toMatchObject({ code: 2 });
  expect(await at('sessions', 'acquire', 'desktop', '--idle', 'long')).toMatchObject({ code: 2 });
});

it('says and sets what becomes of machines at a stop', async () => {
  expect((await at('settings', 'show')).out).toMatch(/^machines at a stop +default: /);
  expect((await at('settings', 'set', '--on-stop', 'destroy')).out).toMatch(/ destroy\n$/);
  expect(JSON.parse((await at('settings', 'show', '--json')).out)).toEqual({ onStop: 'destroy' });
  expect((await at('settings', 'set', '--on-stop', 'default')).out).toMatch(/default: /);
  expect(await at('settings', 'set', '--on-stop', 'perhaps')).toMatchObject({ code: 2 });
  expect(await at('settings', 'set')).toMatchObject({ code: 2 });
  expect(await at('serve', '--on-stop', 'perhaps')).toMatchObject({ code: 2 });
  expect(await at('serve', '--on-stop', 'keep', '--destroy')).toMatchObject({ code: 2 });
});
