import { describe, expect, it } from 'vitest';
import { createBus } from '../base/bus';
import { FakeClock } from '../base/clock';
import { countingIds } from '../base/ids';
import { silentLogger } from '../base/logger';
import { openDatabase } from '../store/database';
import type { WheelhouseEvent } from '@shared/event';
import { createAttention } from './attention';
import { mara, session, testControl, turn } from './testing';

const never = new AbortController().signal;
function make() {
  const db = openDatabase(':memory:');
  const clock = new FakeClock();
  const ids = countingIds();
  const events: WheelhouseEvent[] = [];
  const build = () => {
    const bus = createBus();
    bus.on((event) => events.push(event));
    return createAttention({ db, bus, clock, ids, logger: silentLogger });
  };
  const queue = build();
  const ask = (over: Partial<Parameters<typeof queue.ask>[0]> = {}) =>
    queue.ask({
      kind: 'help',
      sessionId: session,
      poolId: null,
      title: 'A code',
      why: 'The page wants one',
      urgency: 'soon',
      deadlineMs: null,
      ...over,
    });
  return { db, clock, events, queue, ask, restart: build };
}

describe('calls for a person', () => {
  it('are ranked by urgency, then age', () => {
    const { queue, ask, clock } = make();
    const later = ask({ urgency: 'later' }).id;
    clock.advance(1);
    const soon = ask().id;
    clock.advance(1);
    const now = ask({ urgency: 'now' }).id;
    clock.advance(1);
    const soon2 = ask().id;
    expect(queue.list().map((item) => item.id)).toEqual([now, soon, soon2, later]);
  });
  it('expire at the deadline, wake who waits, and nobody there is an answer', async () => {
    const { queue, ask, clock, events } = make();
    const { id } = ask({ deadlineMs: 60_000 });
    const waiting = queue.wait(id, 90_000, never);
    const short = queue.wait(id, 10_000, never);
    clock.advance(10_000);
    expect((await short).state).toBe('waiting');
    clock.advance(50_000);
    expect((await waiting).state).toBe('expired');
    expect(() => queue.answer(id, 'Mara', 'x')).toThrow(expect.objectContaining({ code: 'conflict' }));
    expect(queue.list()).toEqual([]);
    expect(events.map((event) => event.event === 'attention' && event.data.state)).toEqual(['waiting', 'expired']);
    expect(() => ask({ deadlineMs: 0 })).toThrow(expect.objectContaining({ code: 'bad_request' }));
  });
  it('are answered in words, once', async () => {
    const { queue, ask } = make();
    const { id } = ask();
    const waiting = queue.wait(id, 90_000, never);
    queue.answer(id, 'Mara', 'Use 4711');
    expect(await waiting).toMatchObject({ state: 'answered', answeredBy: 'Mara', answer: 'Use 4711' });
    expect((await queue.wait(id, 1, never)).state).toBe('answered');
    await expect(queue.wait('att_none', 1, never)).rejects.toMatchObject({ code: 'not_found' });
  });
  it('do not expire while somebody is at it, and wait again when they leave', () => {
    const { queue, ask, clock } = make();
    const { id } = ask({ deadlineMs: 1000 });
    queue.taken(session, 'Mara');
    clock.advance(5000);
    expect(queue.get(id)).toMatchObject({ state: 'taken', answeredBy: 'Mara' });
    queue.abandoned(session);
    expect(queue.get(id)).toMatchObject({ state: 'waiting', answeredBy: null });
    clock.advance(1);
    expect(queue.get(id).state).toBe('expired');
  });
  it('survive a restart with their deadlines', () => {
    const { ask, clock, queue, restart } = make();
    const [a, b, c] = [ask({ deadlineMs: 1000 }).id, ask({ deadlineMs: 9000 }).id, ask().id];
    queue.close();
    clock.advance(5000);
    const again = restart();
    clock.advance(1);
    expect([a, b, c].map((id) => again.get(id).state)).toEqual(['expired', 'waiting', 'waiting']);
    clock.advance(5000);
    expect(again.get(b).state).toBe('expired');
  });
  it('end with the session, and a wait ends when its caller goes', async () => {
    const { queue, ask } = make();
    const mine = ask();
    const other = ask({ sessionId: 'session-2' });
    const waiting = queue.wait(mine.id, 1000, never);
    const stop = new AbortController();
    const aborted = queue.wait(other.id, 1000, stop.signal);
    stop.abort(new Error('gone'));
    await expect(aborted).rejects.toThrow('gone');
    queue.withdraw(session);
    expect((await waiting).state).toBe('withdrawn');
    expect(queue.get(other.id).state).toBe('waiting');
  });
  it('carry a note that only persons see and that is never stored', async () => {
    const { queue, ask, db, events } = make();
    const { id } = ask();
    queue.setPersonNote(session, 'canary-4711');
    expect(queue.list()[0]?.personNote).toBe('canary-4711');
    expect(events.at(-1)).toMatchObject({ event: 'attention', data: { personNote: 'canary-4711' } });
    const waiting = queue.wait(id, 1, never);
    const answered = queue.answer(id, 'Mara', 'done');
    for (const told of [queue.get(id), answered, await waiting, ask()]) expect(told.personNote).toBeNull();
    expect(JSON.stringify(db.prepare('SELECT * FROM attention').all())).not.toContain('canary');
    queue.withdraw(session);
    ask();
    expect(queue.list()[0]?.personNote).toBeNull();
  });
});

describe('with control', () => {
  it('a take takes it, the hand-back answers it with the note', async () => {
    const { control, attention, remove } = testControl();
    const request = {
      kind: 'help',
      sessionId: session,
      poolId: null,
      title: 't',
      why: 'w',
      urgency: 'now',
      deadlineMs: null,
    } as const;
    const { id } = attention.ask(request);
    await control.act(session, mara, { action: 'take' });
    expect(attention.get(id)).toMatchObject({ state: 'taken', answeredBy: 'Mara' });
    await control.act(session, mara, { action: 'release', note: 'Signed in' });
    await turn();
    expect(attention.get(id)).toMatchObject({ state: 'answered', answeredBy: 'Mara', answer: 'Signed in' });
    remove();
  });
  it('a hold that lapses puts it back, the session end withdraws it', async () => {
    const { control, attention, clock, remove } = testControl();
    const request = {
      kind: 'help',
      sessionId: session,
      poolId: null,
      title: 't',
      why: 'w',
      urgency: 'now',
      deadlineMs: null,
    } as const;
    const { id } = attention.ask(request);
    await control.act(session, mara, { action: 'take' });
    clock.advance(600_000);
    expect(attention.get(id).state).toBe('waiting');
    control.close(session);
    expect(attention.get(id).state).toBe('withdrawn');
    remove();
  });
});
