import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { version } from '../package.json';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startServer, type RunningServer } from '../src-main/server';
import { fakeServices, fakeSession } from '../src-main/server/testing/fakeServices';
import { until } from '../src-main/server/testing/client';
import { systemClock } from '../src-main/base/clock';
import { systemIds } from '../src-main/base/ids';
import { createIdentity } from '../src-main/server/identity';
import { openDatabase } from '../src-main/store/database';
import { tokenStore } from '../src-main/store/tokens';
import { storeFile } from '../src-main/wheelhouse/dataDir';
import { writeRuntime } from '../src-main/wheelhouse/runtime';
import { connect } from './client';
import { run } from './program';
import { watch } from './watch';

let dataDir: string;
beforeEach(() => (dataDir = mkdtempSync(join(tmpdir(), 'wh-cli-'))));
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const cli = async (...argv: string[]) => {
  let out = '';
  let err = '';
  const code = await run(argv, { out: (text) => (out += text), err: (text) => (err += text) });
  return { code, out, err };
};

describe('tokens', () => {
  it('prints the token and nothing else, and ends it', async () => {
    const made = await cli('token', 'create', '--data', dataDir, '--role', 'agent', '--name', 'a', '--pools', 'x,y');
    expect(made).toMatchObject({ code: 0, err: 'wheelhouse: there is no pool of this id yet: x, y\n' });
    expect(made.out).toMatch(/^whl_agent_[\w-]{43}\n$/);
    const db = openDatabase(storeFile(dataDir));
    const identity = createIdentity({ tokens: tokenStore(db), clock: systemClock, ids: systemIds });
    expect(identity.authenticate(made.out.trim())).toMatchObject({ name: 'a', role: 'agent', pools: ['x', 'y'] });
    expect((await cli('token', 'create', '--data', dataDir, '--role', 'agent', '--name', 'a')).code).toBe(1);
    expect((await cli('token', 'list', '--data', dataDir)).out).toContain('x,y');
    expect((await cli('token', 'withdraw', 'a', '--data', dataDir)).code).toBe(0);
    expect(identity.authenticate(made.out.trim())).toBeNull();
    expect(await cli('token', 'withdraw', 'a', '--data', dataDir)).toMatchObject({
      code: 1,
      err: expect.stringContaining('(not_found)'),
    });
    db.close();
  });

  it('names a token by itself', async () => {
    const create = () => cli('token', 'create', '--data', dataDir, '--role', 'operator', '--json');
    expect(JSON.parse((await create()).out)).toMatchObject({ name: 'operator-1', role: 'operator' });
    expect(JSON.parse((await create()).out)).toMatchObject({ name: 'operator-2' });
  });
});

describe('use', () => {
  it('says its version', async () => {
    expect(await cli('--version')).toMatchObject({ code: 0, out: `${version}\n` });
  });
  it.each([
    [['token', 'create', '--role', 'king'], 2],
    [['token', 'create'], 2],
    [['nothing'], 2],
    [['pools', 'list', '--wrong'], 2],
    [['pools', 'create', 'x', '--warm', '3'], 2],
    [['pools', 'create', 'x', '--file', '/does/not/exist'], 2],
    [['serve', '--port', 'seven'], 2],
    [['--help'], 0],
    [['pools', 'list'], 1],
  ])('%j exits with %i', async (argv, code) => {
    const needsData = argv.length > 1 && !argv.includes('--wrong');
    const answer = await cli(...argv, ...(needsData ? ['--data', dataDir] : []));
    expect(answer.code).toBe(code);
    expect(code === 0 ? answer.out : answer.err).not.toBe('');
  });
});

describe('with a broker', () => {
  let rooms: ReturnType<typeof fakeServices>;
  let server: RunningServer;
  beforeEach(async () => {
    rooms = fakeServices();
    server = await startServer({ port: 0, services: rooms.services });
    writeRuntime(dataDir, { url: server.url, pid: process.pid, token: rooms.token('admin') });
  });
  afterEach(() => server.close());
  const at = (...argv: string[]) => cli(...argv, '--data', dataDir);

  it('lists, acquires and releases', async () => {
    const made = JSON.parse((await at('sessions', 'acquire', 'desktop', '--json')).out) as { sessionId: string };
    expect((await at('sessions', 'list')).out).toContain(made.sessionId);
    expect((await at('sessions', 'show', made.sessionId)).out).toMatch(/status +active/);
    expect(await at('control', 'take', made.sessionId)).toMatchObject({ code: 0, out: expect.stringMatching(/human/) });
    expect(await at('sessions', 'release', made.sessionId)).toMatchObject({ code: 0, out: '' });
    const gone = await at('sessions', 'show', made.sessionId);
    expect(gone).toMatchObject({ code: 1, out: '', err: expect.stringContaining('(session_gone)') });
    expect((await at('pools', 'create', 'Second', '--warm', '1:4', '--screen', '1024x768')).out).toMatch(/1024x768/);
    // By its name as well as by its id, which nobody can guess.
    expect((await at('pools', 'show', 'Second')).out).toMatch(/name +Second/);
    expect((await at('pools', 'show', 'Nowhere')).code).toBe(1);
    const bad = await at('pools', 'create', 'Third', '--warm', '9:4');
    expect([bad.code, bad.err]).toEqual([1, expect.stringContaining('minimum')]);
    expect((await at('pools', 'delete', 'desktop', '--force')).code).toBe(0);
  });

  it('saves, lists, goes back and branches, and stops everything', async () => {
    const { sessionId } = JSON.parse((await at('sessions', 'acquire', 'desktop', '--json')).out) as {
      sessionId: string;
    };
    const made = await at('sessions', 'checkpoint', sessionId, '--name', 'before', '--json');
    const { checkpointId } = JSON.parse(made.out) as { checkpointId: string };
    expect((await at('sessions', 'checkpoints', sessionId)).out).toMatch(new RegExp(`${checkpointId} +before +ready`));
    expect((await at('sessions', 'rewind', sessionId, checkpointId)).out).toMatch(/name +before/);
    const unknown = await at('sessions', 'rewind', sessionId, 'k_9');
    expect(unknown).toMatchObject({ code: 1, err: expect.stringContaining('(not_found)') });
    expect((await at('sessions', 'branch', sessionId, checkpointId, '--name', 'other')).out).toMatch(/name +other/);
    expect((await at('sessions', 'console', sessionId, '--lines', '2')).out).toBe('a·line\n');
    expect((await at('stop')).out).toBe('stopped 2 sessions\n');
    expect((await at('resume')).out).toBe('resumed 1 session\n');
  });

  it('says what was used, for people, programs and spreadsheets', async () => {
    rooms.live.emit(fakeSession('mine-0001', '=clerk'));
    rooms.callOf('mine-0001')();
    expect((await at('usage')).out).toMatch(/^SESSION .*\nmine-0001 +mine-0001 +1 +1 +0:00:0\d .*\nTOTAL +1 +1 /);
    const report = JSON.parse((await at('usage', '--by', 'caller', '--json')).out) as { rows: unknown[] };
    expect(report.rows).toMatchObject([{ key: '=clerk', calls: 1 }]);
    expect((await at('usage', '--csv', '--pool', 'desktop')).out).toMatch(/^session,.*\r\nmine-0001,.*"'=clerk",/);
    expect(await at('usage', '--from', 'never')).toMatchObject({ code: 1, err: expect.stringContaining('from') });
  });

  it('keeps a name’s control characters from the terminal', async () => {
    rooms.sessions.set('evil-0001', {
      ...fakeSession('evil-0001', 'a'),
      name: 'x\u001b]0;owned\u0007',
      agent: '\u202e',
    });
    const { out } = await at('sessions', 'list');
    expect(out).toContain('x·]0;owned·');
    // eslint-disable-next-line no-control-regex
    expect(out).not.toMatch(/[\u001b\u0007\u202e]/);
  });

  it('prints events as they come, also across a broken connection', async () => {
    const stop = new AbortController();
    let out = '';
    const io = { out: (text: string) => (out += text), err: () => undefined };
    const watching = watch(connect(dataDir), { sessionId: 'mine-0001', json: false, io, signal: stop.signal });
    const announce = setInterval(() => {
      rooms.bus.emit({ event: 'session', data: fakeSession('other-001', 'a') });
      rooms.bus.emit({ event: 'session', data: fakeSession('mine-0001', 'a') });
    }, 20);
    await until(() => out.includes('mine-0001  active'), 'the first event');
    const port = server.port;
    await server.close();
    server = await startServer({ port, services: rooms.services });
    out = '';
    await until(() => out.includes('mine-0001  active'), 'events after the break');
    clearInterval(announce);
    stop.abort();
    await watching;
    expect(out).not.toContain('other-001');
  });

  it('says that nothing runs when the broker is gone', async () => {
    await server.close();
    expect(await at('pools', 'list')).toMatchObject({
      code: 1,
      err: expect.stringContaining('No Wheelhouse is running'),
    });
    server = await startServer({ port: 0, services: rooms.services });
  });
});
