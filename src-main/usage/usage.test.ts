import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Action } from '@shared/action';
import type { Session } from '@shared/session';
import { usageQuerySchema, type UsageQuery } from '@shared/usage';
import { createBus, type Bus } from '../base/bus';
import { FakeClock, iso, type Clock } from '../base/clock';
import { Emitter } from '../base/emitter';
import { silentLogger } from '../base/logger';
import { fakeSession } from '../server/testing/fakeServices';
import { openDatabase, sql, type Database } from '../store/database';
import { toCsv } from './csv';
import { createUsage, type Usage } from './index';

const hour = 3_600_000;
let fake: FakeClock;
let jump: { wall: number; monotonic: number };
let clock: Clock;
let db: Database;
let bus: Bus;
let live: Emitter<Session>;
let suspended: Emitter<Session>;
let ended: Emitter<Session>;
let usage: Usage;

const start = () =>
  createUsage({
    db,
    broker: {
      onLive: (listener) => live.on(listener),
      onSuspended: (listener) => suspended.on((one) => listener(one, { all: false, failure: null })),
      onEnded: (listener) => ended.on(listener),
    },
    ...{ bus, clock, logger: silentLogger },
  });
beforeEach(() => {
  fake = new FakeClock(Date.UTC(2026, 0, 10, 12, 10));
  jump = { wall: 0, monotonic: 0 };
  clock = {
    now: () => fake.now() + jump.wall,
    monotonic: () => fake.monotonic() + jump.monotonic,
    after: (ms, run) => fake.after(ms, run),
  };
  db = openDatabase(':memory:');
  bus = createBus((error) => {
    throw error;
  });
  live = new Emitter();
  suspended = new Emitter();
  ended = new Emitter();
  usage = start();
});
afterEach(() => {
  usage.close();
  db.close();
});

const session = (id: string, change: Partial<Session> = {}): Session => ({ ...fakeSession(id, 'clerk'), ...change });
const report = (query: Partial<UsageQuery> = {}) => usage.report(usageQuerySchema.parse(query));
const total = () => report().total;
const control = (sessionId: string, kind: Session['control']['kind']) =>
  bus.emit({ event: 'control', data: { sessionId, control: { ...session(sessionId).control, kind } } });
const action = (sessionId: string, frames: Pick<Action, 'frameBefore' | 'frameAfter'>) =>
  bus.emit({ event: 'action', data: { sessionId, ...frames } as Action });
const frame = (hash: string, bytes: number) =>
  sql(db, 'INSERT INTO frames (hash, bytes, at) VALUES (?, ?, 0)').run(hash, bytes);

describe('the time of a session', () => {
  it('falls into parts that never overlap, and the rest is idle', () => {
    live.emit(session('s-0000001'));
    fake.advance(1000);
    const over = usage.call('s-0000001', 'click');
    fake.advance(500);
    const second = usage.call('s-0000001', 'take_screenshot');
    over();
    fake.advance(250);
    second();
    fake.advance(1000);
    control('s-0000001', 'human');
    const meanwhile = usage.call('s-0000001', 'take_screenshot');
    fake.advance(3000);
    control('s-0000001', 'paused');
    fake.advance(2000);
    control('s-0000001', 'agent');
    meanwhile();
    bus.emit({ event: 'session', data: session('s-0000001', { status: 'idle' }) });
    fake.advance(60_000);
    bus.emit({ event: 'session', data: session('s-0000001', { frozen: true }) });
    fake.advance(5000);
    ended.emit(session('s-0000001', { status: 'released' }));
    fake.advance(90_000);
    expect(total()).toEqual({
      ...{ sessions: 1, calls: 3, wallMs: 72_750, activeMs: 750, heldMs: 3000, pausedMs: 7000, suspendedMs: 60_000 },
      ...{ recordBytes: 0, checkpointBytes: 0 },
    });
  });

  it('goes on while it is suspended, also when it was found so after a start', () => {
    suspended.emit(session('s-0000001', { status: 'idle' }));
    fake.advance(4000);
    bus.emit({ event: 'session', data: session('s-0000001', { status: 'acquiring' }) });
    fake.advance(1000);
    live.emit(session('s-0000001'));
    fake.advance(2000);
    expect(total()).toMatchObject({ sessions: 1, wallMs: 7000, suspendedMs: 5000, activeMs: 0 });
  });

  it('is not the agent’s while its call waits for a person', () => {
    live.emit(session('s-0000001'));
    const over = usage.call('s-0000001', 'request_human');
    fake.advance(10_000);
    over();
    expect(total()).toMatchObject({ calls: 1, wallMs: 10_000, activeMs: 0 });
  });

  it('is what the monotonic clock says: jumps of the wall clock and sleep book nothing', () => {
    live.emit(session('s-0000001'));
    fake.advance(5000);
    jump.wall = -3 * hour;
    fake.advance(5000);
    jump.wall = 2 * hour;
    fake.advance(5000);
    jump.monotonic = 8 * hour;
    usage.call('s-0000001', 'click')();
    fake.advance(5000);
    const { total: all } = report({ to: '2026-01-11' });
    // Of the look in which it slept, at most the whole look is lost.
    expect(all.wallMs).toBeLessThanOrEqual(20_000);
    expect(all.wallMs).toBeGreaterThanOrEqual(18_000);
  });
});

describe('what is kept', () => {
  it('outlives a crash but for the last seconds, and a stop in full', () => {
    live.emit(session('s-0000001'));
    fake.advance(60_000);
    // No close: the process is gone, another one reads what it wrote.
    const crashed = usage;
    usage = start();
    const read = total().wallMs;
    expect(read).toBeGreaterThanOrEqual(55_000);
    expect(read).toBeLessThanOrEqual(60_000);
    usage.close();
    crashed.close();
    usage = start();
    expect(total().wallMs).toBe(60_000);
    live.emit(session('s-0000001'));
    fake.advance(1000);
    usage.close();
    usage = start();
    expect(total()).toMatchObject({ sessions: 1, wallMs: 61_000 });
  });

  it('waits in memory while the disk refuses', () => {
    live.emit(session('s-0000001'));
    db.exec("CREATE TRIGGER full BEFORE INSERT ON usage BEGIN SELECT raise(FAIL, 'disk full'); END");
    fake.advance(30_000);
    frame('a'.repeat(64), 100);
    action('s-0000001', { frameBefore: null, frameAfter: 'a'.repeat(64) });
    fake.advance(30_000);
    expect(total().wallMs).toBe(0);
    db.exec('DROP TRIGGER full');
    expect(total()).toMatchObject({ wallMs: 60_000, recordBytes: 100 });
  });

  it('counts the bytes of each picture and checkpoint once, also of those that come after the end', () => {
    frame('a'.repeat(64), 100);
    frame('b'.repeat(64), 30);
    frame('c'.repeat(64), 7);
    live.emit(session('s-0000001'));
    action('s-0000001', { frameBefore: 'a'.repeat(64), frameAfter: null });
    fake.advance(10_000);
    action('s-0000001', { frameBefore: 'a'.repeat(64), frameAfter: 'b'.repeat(64) });
    const checkpoint = {
      ...{ checkpointId: 'k_1', sessionId: 's-0000001', name: '', cause: 'agent' as const, createdBy: 'clerk' },
      ...{ createdAt: iso(0), reason: null, frame: null, afterActionId: null },
    };
    bus.emit({ event: 'checkpoint', data: { ...checkpoint, state: 'saving', bytes: null } });
    bus.emit({ event: 'checkpoint', data: { ...checkpoint, state: 'ready', bytes: 5000 } });
    fake.advance(10_000);
    bus.emit({ event: 'checkpoint', data: { ...checkpoint, state: 'ready', bytes: 5000 } });
    ended.emit(session('s-0000001', { status: 'released' }));
    action('s-0000001', { frameBefore: null, frameAfter: 'c'.repeat(64) });
    expect(total()).toMatchObject({ recordBytes: 137, checkpointBytes: 5000 });
  });
});

describe('the report', () => {
  beforeEach(() => {
    live.emit(session('s-0000001', { poolId: 'desktop' }));
    fake.advance(10_000);
    live.emit(session('s-0000002', { poolId: 'other', caller: 'auditor' }));
    fake.advance(hour);
    ended.emit(session('s-0000001'));
    ended.emit(session('s-0000002'));
  });

  it('groups by session, pool and caller', () => {
    expect(report().rows.map(({ key, poolId, caller, wallMs }) => [key, poolId, caller, wallMs])).toEqual(
      expect.arrayContaining([
        ['s-0000002', 'other', 'auditor', hour],
        ['s-0000001', 'desktop', 'clerk', hour + 10_000],
      ]),
    );
    expect(report({ by: 'pool' }).rows.map(({ key, name, caller }) => [key, name, caller])).toEqual([
      ['desktop', 'Desktop', null],
      ['other', 'other', null],
    ]);
    expect(report({ by: 'caller' }).rows.map(({ key, sessions }) => [key, sessions])).toEqual([
      ['clerk', 1],
      ['auditor', 1],
    ]);
    expect(report({ by: 'caller', pool: 'other' }).rows.map(({ key }) => key)).toEqual(['auditor']);
  });

  it('is of whole hours between from and to', () => {
    const first = report({ from: '2026-01-10T12:00:00Z', to: '2026-01-10T13:00:00Z' });
    const second = report({ from: '2026-01-10T14:30:00+01:00', to: '2026-01-10T14:59:00Z' });
    // To the look that stands on the boundary.
    expect(Math.abs(first.total.wallMs - (100 * 60_000 - 10_000))).toBeLessThanOrEqual(4000);
    expect(second.from).toBe('2026-01-10T13:00:00.000Z');
    expect(first.total.wallMs + second.total.wallMs).toBe(2 * hour + 10_000);
    expect(report({ from: '2025-01-01', to: '2025-02-01' })).toMatchObject({ rows: [], total: { wallMs: 0 } });
    expect(() => report({ from: '2026-01-10T12:30:00Z', to: '2026-01-10T12:40:00Z' })).toThrow('at least an hour');
  });

  it('is CSV that no spreadsheet runs and every reader splits alike', () => {
    const names = ['=HYPERLINK("http://evil")', '  +1', '@x', 'two\r\nlines, "quoted"', 'plain'];
    const [row] = report().rows;
    const csv = toCsv({ ...report(), rows: names.map((name) => ({ ...row!, name })) });
    const cells = csv.slice(csv.indexOf('\r\n') + 2);
    expect(csv.split('\r\n')[0]).toBe(
      'session,name,pool_id,caller,sessions,calls,wall_seconds,active_seconds,held_seconds,paused_seconds,suspended_seconds,record_bytes,checkpoint_bytes',
    );
    expect(cells).toContain(`,"'=HYPERLINK(""http://evil"")",`);
    expect(cells).toContain(`,"'  +1",`);
    expect(cells).toContain(`,"'@x",`);
    expect(cells).toContain(',"two\r\nlines, ""quoted""",');
    expect(cells).toMatch(/,plain,[a-z]+,[a-z]+,1,0,\d+\.\d{3},/);
  });
});
