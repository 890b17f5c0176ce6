import { existsSync, readdirSync, readFileSync, writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Transformer } from '@napi-rs/image';
import { afterEach, describe, expect, it } from 'vitest';
import { intent, pngOf, testTimeline } from './testing';
import type { TimelineLimits } from './timeline';

let made: ReturnType<typeof testTimeline>[] = [];
const make = (limits?: TimelineLimits) => {
  const one = testTimeline(limits);
  made.push(one);
  return one;
};
afterEach(() => {
  for (const { db, remove } of made) {
    remove();
    if (db.isOpen) db.close();
  }
  made = [];
});
const code = (work: () => unknown): unknown => {
  try {
    work();
    return null;
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

describe('an action', () => {
  it('is stored before it runs, announced, finished once, and chained', () => {
    const { timeline, announced, clock } = make();
    const open = timeline.begin(intent());
    expect(timeline.get(open.id)).toMatchObject({
      outcome: 'pending',
      outcomeHash: null,
      words: 'Clicked at **1, 2**',
    });
    clock.advance(40);
    const done = open.finish({ outcome: 'done', words: 'Clicked **Save**', code: 'exit 0' });
    expect(timeline.get(open.id)).toEqual(done);
    expect(done).toMatchObject({ outcome: 'done', durationMs: 40, words: 'Clicked **Save**', code: 'exit 0' });
    expect(open.finish({ outcome: 'failed' })).toEqual(done);
    expect(announced.map((action) => action.outcome)).toEqual(['pending', 'done']);
    expect(timeline.verify('session-1')).toBeNull();
    expect(timeline.head('session-1')).toEqual({ links: 2, hash: done.outcomeHash });
  });
  it('keeps the chain whole when actions overlap and sessions mix', () => {
    const { timeline } = make();
    const a = timeline.begin(intent());
    const other = timeline.begin(intent({ sessionId: 'session-2' }));
    const b = timeline.begin(intent());
    b.finish({ outcome: 'failed', code: 'guest_failed', message: 'no' });
    other.finish({ outcome: 'done' });
    timeline.note(intent({ tool: 'control.take' }));
    a.finish({ outcome: 'done' });
    expect(timeline.verify('session-1')).toBeNull();
    expect(timeline.verify('session-2')).toBeNull();
    expect(timeline.verify('never-was')).toBeNull();
  });
  it.each([
    ["UPDATE actions SET words = 'x' WHERE id = ?", 0],
    ["UPDATE actions SET arguments = '{}' WHERE id = ?", 1],
    ["UPDATE actions SET outcome = 'failed' WHERE id = ?", 1],
    ["UPDATE actions SET message = 'x' WHERE id = ?", 2],
    ['UPDATE actions SET point_x = 9 WHERE id = ?', 0],
    [`UPDATE actions SET frame_after = '${'0'.repeat(64)}' WHERE id = ?`, 2],
    ["UPDATE actions SET outcome = 'pending', outcome_hash = NULL WHERE id = ?", 2],
    ['DELETE FROM actions WHERE id = ?', 1],
    ['DELETE FROM links WHERE action_id = ?', 1],
    ["DELETE FROM links WHERE kind = 'outcome' AND action_id = ?", 2],
    ["UPDATE links SET kind = 'after' WHERE kind = 'outcome' AND action_id = ?", 1],
  ])('shows what was altered: %s', (sql, which) => {
    const { timeline, db } = make();
    const ids = [0, 1, 2].map(() => timeline.note(intent()).id);
    expect(timeline.verify('session-1')).toBeNull();
    db.prepare(sql).run(ids[which] ?? '');
    expect(timeline.verify('session-1')).not.toBeNull();
  });
  it('masks before anything is stored', () => {
    const { timeline, db } = make();
    timeline
      .begin(
        intent({ arguments: { text: 'Bearer canary-canary', password: 'canary' }, words: 'Typed **password=canary**' }),
      )
      .finish({
        outcome: 'failed',
        message: 'token=canary was wrong',
        words: 'Ran `x --secret canary`',
        code: 'password: canary',
      });
    const stored = JSON.stringify(db.prepare('SELECT * FROM actions').all());
    expect(stored).toContain('[masked]');
    expect(stored).not.toContain('canary');
  });
  it('marks what a crash left as interrupted', () => {
    const { timeline, announced } = make();
    const left = timeline.begin(intent());
    timeline.note(intent());
    timeline.recover();
    expect(timeline.get(left.id)).toMatchObject({ outcome: 'failed', code: 'interrupted', durationMs: null });
    expect(announced.at(-1)?.id).toBe(left.id);
    expect(timeline.verify('session-1')).toBeNull();
  });
});

describe('a full disk', () => {
  const fill = (db: ReturnType<typeof make>['db']) => {
    const pages = (db.prepare('PRAGMA page_count').get() as { page_count: number }).page_count;
    db.exec(`PRAGMA max_page_count = ${pages}`);
  };
  it('refuses the intent, and goes on when there is room', () => {
    const { timeline, db } = make();
    fill(db);
    const refused = () => {
      for (let i = 0; i < 500; i++) timeline.begin(intent({ arguments: { text: 'long words '.repeat(300) } }));
    };
    expect(code(refused)).toBe('not_recorded');
    expect(code(() => timeline.note(intent({ arguments: { text: 'long words '.repeat(700) } })))).toBe('not_recorded');
    db.exec('PRAGMA max_page_count = 100000');
    timeline.begin(intent()).finish({ outcome: 'done' });
    expect(timeline.verify('session-1')).toBeNull();
  });
  it('owes an outcome and writes it before the next intent', () => {
    const { timeline, db } = make();
    const open = timeline.begin(intent());
    fill(db);
    const message = 'm '.repeat(1000);
    const opens = [open];
    // fills the last free pages
    expect(
      code(() => {
        for (let i = 0; i < 500; i++) opens.push(timeline.begin(intent({ arguments: { text: message } })));
      }),
    ).toBe('not_recorded');
    for (const one of opens) expect(one.finish({ outcome: 'done', message }).outcome).toBe('done');
    expect(opens.some((one) => timeline.get(one.id).outcome === 'pending')).toBe(true);
    expect(code(() => timeline.begin(intent()))).toBe('not_recorded');
    db.exec('PRAGMA max_page_count = 100000');
    timeline.begin(intent()).finish({ outcome: 'done' });
    expect(opens.map((one) => timeline.get(one.id).outcome)).toEqual(opens.map(() => 'done'));
    expect(timeline.verify('session-1')).toBeNull();
  });
});

it('what is owed is written at the end', async () => {
  const { timeline, db } = make();
  const open = timeline.begin(intent());
  db.exec("CREATE TRIGGER full BEFORE UPDATE ON actions BEGIN SELECT RAISE(FAIL, 'disk'); END");
  expect(open.finish({ outcome: 'done' })).toMatchObject({ outcome: 'done', outcomeHash: null });
  expect(timeline.get(open.id).outcome).toBe('pending');
  db.exec('DROP TRIGGER full');
  await timeline.close();
  expect(timeline.get(open.id).outcome).toBe('done');
  expect(timeline.verify('session-1')).toBeNull();
});

describe('frames', () => {
  it('are stored by content, joined in one commit and announced once more', async () => {
    const { timeline, announced, dataDir } = make();
    const [a, b] = [await pngOf(40, 30, 0xff0000), await pngOf(40, 30, 0x00ff00)];
    const open = timeline.begin(intent());
    const same = Promise.resolve(a);
    open.before({ version: 1, png: same });
    open.finish({ outcome: 'done' });
    open.after({ version: 2, png: Promise.resolve(b) });
    const next = timeline.begin(intent());
    next.before({ version: 1, png: same });
    next.after({ version: 3, png: Promise.resolve(Buffer.from(a)) });
    const before = announced.length;
    await timeline.idle();
    const row = timeline.get(open.id);
    expect(readFileSync(timeline.frames.path(row.frameBefore ?? ''))).toEqual(a);
    expect(readFileSync(timeline.frames.path(row.frameAfter ?? ''))).toEqual(b);
    expect(timeline.get(next.id)).toMatchObject({ frameBefore: row.frameBefore, frameAfter: row.frameBefore });
    expect(announced.length - before).toBe(2);
    expect(
      readdirSync(join(dataDir, 'frames')).flatMap((dir) => readdirSync(join(dataDir, 'frames', dir))).length,
    ).toBe(2);
    expect(timeline.verify('session-1')).toBeNull();
  });
  it('that cannot be had leave the action as it is', async () => {
    const { timeline, dataDir } = make();
    writeFileSync(join(dataDir, 'frames'), 'in the way');
    const open = timeline.begin(intent());
    open.before({ version: 1, png: Promise.reject(new Error('the hub closed')) });
    open.after({ version: 2, png: pngOf(4, 4, 1) });
    open.finish({ outcome: 'done' });
    await timeline.idle();
    expect(timeline.get(open.id)).toMatchObject({ outcome: 'done', frameBefore: null, frameAfter: null });
    expect(timeline.verify('session-1')).toBeNull();
  });
  it('show an exchanged frame hash', async () => {
    const { timeline, db } = make();
    const open = timeline.begin(intent());
    open.before({ version: 1, png: pngOf(4, 4, 1) });
    await timeline.idle();
    db.prepare('UPDATE actions SET frame_before = ?').run('0'.repeat(64));
    expect(timeline.verify('session-1')).toBe(open.id);
  });
  it('give way to newer ones at the bound; rows stay, what is used again stays', async () => {
    const pictures = await Promise.all(Array.from({ length: 12 }, (_, i) => pngOf(200, 200, i * 9000)));
    const each = Math.max(...pictures.map((png) => png.length));
    const { timeline, clock } = make({ frameBytes: each * 6 });
    const hashes: string[] = [];
    for (const png of pictures) {
      clock.advance(1000);
      const open = timeline.begin(intent());
      open.before({ version: 1, png: Promise.resolve(png) });
      open.after({ version: 2, png: Promise.resolve(pictures[0] ?? png) });
      await timeline.idle();
      hashes.push(timeline.get(open.id).frameBefore ?? '');
    }
    const kept = hashes.filter((hash) => code(() => timeline.frames.path(hash)) === null);
    expect(kept.length).toBeGreaterThan(2);
    expect(kept.length).toBeLessThanOrEqual(6);
    expect(kept).toContain(hashes[0]);
    expect(kept).toContain(hashes.at(-1));
    expect(code(() => timeline.frames.path(hashes[1] ?? ''))).toBe('not_found');
    expect(timeline.list('session-1', { limit: 50, order: 'asc' }).data).toHaveLength(12);
    expect(timeline.verify('session-1')).toBeNull();
  });
  it('sweeps what a crash left, and nothing fresh or known', async () => {
    const { timeline, dataDir, clock } = make();
    const hash = await timeline.frames.put(await pngOf(4, 4, 7));
    const dir = join(dataDir, 'frames', 'ab');
    mkdirSync(dir, { recursive: true });
    const orphan = join(dir, `${'ab'.repeat(32)}.png`);
    writeFileSync(orphan, 'x');
    // file times are the computer's own
    clock.advance(Math.max(0, Date.now() - clock.now()) + 120_000);
    timeline.recover();
    await expect.poll(() => existsSync(orphan)).toBe(false);
    expect(existsSync(timeline.frames.path(hash))).toBe(true);
  });
  it.each(['', '..', '../../etc/passwd', 'a'.repeat(63), 'A'.repeat(64), `${'a'.repeat(62)}/.`])(
    'know no %s',
    (hash) => {
      const { timeline } = make();
      expect(code(() => timeline.frames.path(hash))).toBe('not_found');
    },
  );
});

describe('crops', () => {
  it('cut, scale, clamp and keep within the bound', async () => {
    const { timeline } = make({ cropCacheBytes: 400 });
    const hash = await timeline.frames.put(await pngOf(100, 80, 0x102030));
    const size = async (rect: { x: number; y: number; width: number; height: number }, scale: number) => {
      const png = await timeline.frames.crop(hash, rect, scale);
      return [png.readUInt32BE(16), png.readUInt32BE(20)];
    };
    expect(await size({ x: 10, y: 10, width: 40, height: 20 }, 1)).toEqual([40, 20]);
    expect(await size({ x: 10, y: 10, width: 40, height: 20 }, 0.5)).toEqual([20, 10]);
    expect(await size({ x: -10, y: 70, width: 40, height: 20 }, 1)).toEqual([30, 10]);
    for (let x = 0; x < 20; x++) expect(await size({ x, y: 0, width: 30, height: 30 }, 0.05)).toEqual([2, 2]);
    await expect(size({ x: 100, y: 0, width: 4, height: 4 }, 1)).rejects.toMatchObject({ code: 'bad_request' });
    await expect(size({ x: 0, y: 0, width: Number.NaN, height: 4 }, 1)).rejects.toMatchObject({ code: 'bad_request' });
    await expect(size({ x: 0, y: 0, width: 4, height: 4 }, 2)).rejects.toMatchObject({ code: 'bad_request' });
    await expect(timeline.frames.crop('f'.repeat(64), { x: 0, y: 0, width: 4, height: 4 }, 1)).rejects.toMatchObject({
      code: 'not_found',
    });
  });
});

it('a crop shows the part that was asked for', async () => {
  const { timeline } = make();
  const pixels = Buffer.alloc(100 * 80 * 4, 255);
  for (let i = 0; i < 100 * 80; i++) pixels.writeUInt16BE(((i % 100) << 8) | Math.floor(i / 100), i * 4);
  const hash = await timeline.frames.put(await Transformer.fromRgbaPixels(pixels, 100, 80).png());
  const part = await timeline.frames.crop(hash, { x: 60, y: 40, width: 20, height: 10 }, 0.5);
  const raw = await new Transformer(part).rawPixels();
  expect([part.readUInt32BE(16), part.readUInt32BE(20)]).toEqual([10, 5]);
  expect(Math.abs((raw[0] ?? 0) - 60)).toBeLessThan(3);
  expect(Math.abs((raw[1] ?? 0) - 40)).toBeLessThan(3);
});

describe('lists', () => {
  it('page in both directions', () => {
    const { timeline } = make();
    const ids = Array.from({ length: 7 }, () => timeline.note(intent()).id);
    timeline.note(intent({ sessionId: 'session-2' }));
    const list = (query: { order: 'asc' | 'desc'; after?: string; before?: string; limit?: number }) => {
      const page = timeline.list('session-1', { limit: 3, ...query });
      return [page.data.map((action) => ids.indexOf(action.id)), page.has_more];
    };
    expect(list({ order: 'asc' })).toEqual([[0, 1, 2], true]);
    expect(list({ order: 'asc', after: ids[2] })).toEqual([[3, 4, 5], true]);
    expect(list({ order: 'asc', after: ids[5] })).toEqual([[6], false]);
    expect(list({ order: 'desc' })).toEqual([[6, 5, 4], true]);
    expect(list({ order: 'desc', after: ids[4] })).toEqual([[3, 2, 1], true]);
    expect(list({ order: 'asc', before: ids[5] })).toEqual([[2, 3, 4], true]);
    expect(list({ order: 'desc', before: ids[5] })).toEqual([[6], false]);
    expect(code(() => list({ order: 'asc', after: 'act_none' }))).toBe('bad_request');
    expect(code(() => timeline.list('session-2', { limit: 3, order: 'asc', after: ids[0] }))).toBe('bad_request');
  });
  it('search words, tools and arguments, and take signs for what they are', () => {
    const { timeline } = make();
    timeline.note(intent({ words: 'Clicked **Refund 100%**' }));
    timeline.note(intent({ tool: 'scroll', words: 'Scrolled' }));
    timeline.note(intent({ arguments: { text: 'order_48213' }, words: 'Typed' }));
    const found = (q: string) => timeline.list('session-1', { limit: 9, order: 'asc', q }).data.length;
    expect([
      found('refund'),
      found('100%'),
      found('%'),
      found('SCROLL'),
      found('order_48'),
      found('_'),
      found("'"),
    ]).toEqual([1, 1, 1, 1, 1, 1, 0]);
  });
});
