import { afterEach, describe, expect, it } from 'vitest';
import { mara, root, session, testControl, tom, turn } from './testing';

let made: ReturnType<typeof testControl>[] = [];
const make = (...args: Parameters<typeof testControl>) => {
  const one = testControl(...args);
  made.push(one);
  return one;
};
afterEach(() => {
  for (const { remove } of made) remove();
  made = [];
});
const never = new AbortController().signal;
const refused = (work: () => unknown): Record<string, unknown> => {
  try {
    work();
  } catch (error) {
    const { code, data, message } = error as { code: string; data: Record<string, unknown>; message: string };
    return { code, message, ...data };
  }
  throw new Error('was not refused');
};

describe('taking control', () => {
  it('refuses the agent at once, fences, grants, and tells everybody', async () => {
    const { control, machine, kinds, facts } = make();
    const seen: string[] = [];
    control.onChange((id, state) => seen.push(`${id} ${state.kind}`));
    const admission = control.admit(session);
    expect(admission.epoch).toBe(1);
    admission.done();
    const taking = control.act(session, mara, { action: 'take' });
    const error = refused(() => control.admit(session));
    expect(error).toMatchObject({ code: 'control_held', holder: 'Mara', tool: 'await_control' });
    expect(error.message).toContain('await_control');
    expect(await taking).toMatchObject({ kind: 'human', holder: 'Mara', epoch: 2, lapsesAt: null });
    expect(machine.raised).toEqual([2]);
    expect(kinds()).toEqual(['requested', 'human']);
    expect(seen).toEqual([`${session} requested`, `${session} human`]);
    expect([control.holds(session, 'Mara'), control.holds(session, 'Tom')]).toEqual([true, false]);
    expect(facts()).toMatchObject([
      { tool: 'control.take', words: '**Mara** took control', epoch: 2, actor: { kind: 'human', name: 'Mara' } },
    ]);
  });
  it('lets admitted actions finish before anything is fenced', async () => {
    const { control, machine, kinds, clock } = make();
    const admission = control.admit(session);
    const taking = control.act(session, mara, { action: 'take' });
    await turn();
    expect([machine.raised, kinds(), control.holds(session, 'Mara')]).toEqual([[], ['requested', 'draining'], false]);
    clock.advance(300);
    admission.done();
    expect((await taking).kind).toBe('human');
    expect([admission.signal.aborted, machine.raised]).toEqual([false, [2]]);
    admission.done();
  });
  it('cuts off at 2 s what does not finish', async () => {
    const { control, machine, clock } = make();
    const [slow, slower] = [control.admit(session), control.admit(session)];
    const taking = control.act(session, mara, { action: 'take' });
    clock.advance(1999);
    slow.done();
    await turn();
    expect([slower.signal.aborted, machine.raised]).toEqual([false, []]);
    clock.advance(1);
    expect((await taking).kind).toBe('human');
    expect(slower.signal.aborted).toBe(true);
    expect(slower.signal.reason).toMatchObject({ code: 'control_held', data: { holder: 'Mara' } });
  });
  it('pauses when the machine does not confirm, and nobody gets it', async () => {
    const { control, machine, facts } = make();
    machine.raise = () => Promise.reject(new Error('link lost'));
    await expect(control.act(session, mara, { action: 'take' })).rejects.toMatchObject({ code: 'guest_failed' });
    expect(control.state(session)).toMatchObject({ kind: 'paused', holder: null });
    expect(refused(() => control.admit(session)).code).toBe('control_paused');
    expect(facts().map((fact) => fact.tool)).toEqual(['control.pause']);
    machine.raise = () => Promise.resolve();
    expect((await control.act(session, mara, { action: 'take' })).kind).toBe('human');
  });
  it('is refused while another holds, forced by admins only, and the same person may ask twice', async () => {
    const { control, machine } = make();
    await control.act(session, mara, { action: 'take' });
    expect(await control.act(session, mara, { action: 'take' })).toMatchObject({ epoch: 2 });
    await expect(control.act(session, tom, { action: 'take' })).rejects.toMatchObject({
      code: 'control_held',
      data: { holder: 'Mara' },
    });
    await expect(control.act(session, tom, { action: 'take', force: true })).rejects.toMatchObject({
      code: 'forbidden',
    });
    expect(await control.act(session, root, { action: 'take', force: true })).toMatchObject({
      holder: 'Root',
      epoch: 3,
    });
    expect(machine.raised).toEqual([2, 3]);
    await expect(control.act(session, mara, { action: 'release' })).rejects.toMatchObject({ data: { holder: 'Root' } });
  });
  it('goes to the admin who forces it while the first still drains', async () => {
    const { control, machine } = make();
    const admission = control.admit(session);
    const first = control.act(session, mara, { action: 'take' });
    const second = control.act(session, root, { action: 'take', force: true });
    const outcome = expect(first).rejects.toMatchObject({ code: 'control_held', data: { holder: 'Root' } });
    admission.done();
    expect((await second).holder).toBe('Root');
    await outcome;
    expect(machine.raised).toEqual([3]);
  });
  it('does not happen when it cannot be recorded', async () => {
    const { control, db, machine } = make();
    db.exec("CREATE TRIGGER full BEFORE INSERT ON actions BEGIN SELECT RAISE(FAIL, 'disk'); END");
    await expect(control.act(session, mara, { action: 'take' })).rejects.toMatchObject({ code: 'not_recorded' });
    expect(control.state(session)).toMatchObject({ kind: 'paused', holder: null });
    expect(control.holds(session, 'Mara')).toBe(false);
    expect(machine.raised).toEqual([2]);
    db.exec('DROP TRIGGER full');
    expect((await control.act(session, mara, { action: 'take' })).kind).toBe('human');
  });
  it('leaves everything as it was when the intent cannot be stored', async () => {
    const { control, db, machine } = make();
    db.exec("CREATE TRIGGER full BEFORE INSERT ON controls BEGIN SELECT RAISE(FAIL, 'disk'); END");
    await expect(control.act(session, mara, { action: 'take' })).rejects.toMatchObject({ code: 'not_recorded' });
    expect([control.state(session).kind, machine.raised]).toEqual(['agent', []]);
    control.admit(session).done();
  });
});

describe('handing back', () => {
  it('tells the agent once, with the note and what changed', async () => {
    const { control, machine, clock, kinds } = make();
    await control.act(session, mara, { action: 'take' });
    await turn();
    const waiting = control.awaitAgent(session, 60_000, never);
    clock.advance(5000);
    machine.windows = ['Report', 'Terminal'];
    machine.frame = 'a'.repeat(64);
    const state = await control.act(session, mara, { action: 'release', note: ' Skip 48219. ' });
    expect([state.kind, control.holds(session, 'Mara')]).toEqual(['handback', false]);
    expect(refused(() => control.admit(session)).code).toBe('control_held');
    expect(await waiting).toBe(true);
    expect(control.admit(session).epoch).toBe(3);
    expect(control.takeHandback(session)).toEqual({
      by: 'Mara',
      note: 'Skip 48219.',
      heldMs: 5000,
      at: new Date(clock.now()).toISOString(),
      epoch: 3,
      frameBefore: 'f'.repeat(64),
      frameAfter: 'a'.repeat(64),
      windowsOpened: ['Report', 'Terminal'],
      windowsClosed: ['Editor'],
    });
    expect(control.takeHandback(session)).toBeNull();
    expect([machine.raised, kinds()]).toEqual([
      [2, 3],
      ['requested', 'human', 'handback', 'agent'],
    ]);
  });
  it('is told also after a restart, once', async () => {
    const { control, restart } = make();
    await control.act(session, mara, { action: 'take' });
    await control.act(session, mara, { action: 'release', note: 'n' });
    await turn();
    const again = restart().control;
    expect(again.takeHandback(session)).toMatchObject({ note: 'n', by: 'Mara' });
    expect(restart().control.takeHandback(session)).toBeNull();
  });
  it('joins two holds the agent has not heard of', async () => {
    const { control, clock } = make();
    for (const note of ['one', 'two']) {
      await control.act(session, mara, { action: 'take' });
      clock.advance(1000);
      await control.act(session, mara, { action: 'release', note });
      await turn();
    }
    expect(control.takeHandback(session)).toMatchObject({ note: 'one\ntwo', heldMs: 2000, epoch: 5 });
  });
  it('claims nothing when nobody could look, and does not wait for ever', async () => {
    const { control, machine } = make({ lookMs: 5 });
    machine.look = () => new Promise(() => {});
    await control.act(session, mara, { action: 'take' });
    await control.act(session, mara, { action: 'release' });
    expect(await control.awaitAgent(session, 60_000, never)).toBe(true);
    expect(control.takeHandback(session)).toMatchObject({ frameAfter: null, windowsOpened: [], windowsClosed: [] });
  });
  it('may leave the session paused; the agent hears of it when it goes on', async () => {
    const { control } = make();
    await control.act(session, mara, { action: 'take' });
    expect((await control.act(session, mara, { action: 'release', leavePaused: true, note: 'n' })).kind).toBe('paused');
    expect(refused(() => control.admit(session))).toMatchObject({ code: 'control_paused', by: 'Mara' });
    expect(control.takeHandback(session)).toBeNull();
    await control.act(session, tom, { action: 'resume' });
    expect(await control.awaitAgent(session, 1000, never)).toBe(true);
    expect(control.takeHandback(session)).toMatchObject({ by: 'Mara', note: 'n' });
  });
  it('of an older hold never ends a newer one', async () => {
    const { control } = make();
    const { epoch } = await control.act(session, mara, { action: 'take' });
    await control.act(session, root, { action: 'take', force: true });
    await control.act(session, root, { action: 'give', to: 'Mara' });
    await turn();
    await expect(control.act(session, mara, { action: 'release', epoch })).rejects.toMatchObject({ code: 'conflict' });
    expect(control.state(session)).toMatchObject({ kind: 'human', holder: 'Mara', epoch: 4 });
  });
});

describe('several operators', () => {
  it('ask, keep and give', async () => {
    const { control, machine, facts } = make();
    await expect(control.act(session, tom, { action: 'request' })).rejects.toMatchObject({ code: 'conflict' });
    await control.act(session, mara, { action: 'take' });
    expect((await control.act(session, tom, { action: 'request' })).askedBy).toBe('Tom');
    await expect(control.act(session, root, { action: 'request' })).rejects.toMatchObject({ code: 'conflict' });
    expect((await control.act(session, mara, { action: 'keep' })).askedBy).toBeNull();
    await control.act(session, tom, { action: 'request' });
    expect(await control.act(session, mara, { action: 'give' })).toMatchObject({ kind: 'requested', holder: 'Tom' });
    expect(control.holds(session, 'Mara')).toBe(false);
    await turn();
    expect(control.state(session)).toMatchObject({ kind: 'human', holder: 'Tom', epoch: 3, askedBy: null });
    expect(machine.raised).toEqual([2, 3]);
    expect(facts().at(-1)).toMatchObject({ tool: 'control.give', words: '**Mara** gave control to **Tom**' });
  });
});

describe('pause', () => {
  it('refuses the agent by name and lets it go on without a hand-back', async () => {
    const { control, clock, machine } = make();
    const admission = control.admit(session);
    expect((await control.act(session, mara, { action: 'pause' })).kind).toBe('paused');
    expect(refused(() => control.admit(session))).toMatchObject({
      code: 'control_paused',
      by: 'Mara',
      tool: 'await_control',
    });
    clock.advance(2000);
    await turn();
    expect([admission.signal.aborted, machine.story]).toEqual([true, ['freeze']]);
    await control.act(session, tom, { action: 'resume' });
    expect(await control.awaitAgent(session, 1, never)).toBe(true);
    expect([control.takeHandback(session), control.state(session).epoch]).toEqual([null, 3]);
  });
  it('works when nothing can be recorded', async () => {
    const { control, db } = make();
    db.exec("CREATE TRIGGER full BEFORE INSERT ON actions BEGIN SELECT RAISE(FAIL, 'disk'); END");
    expect((await control.act(session, mara, { action: 'pause' })).kind).toBe('paused');
    expect(refused(() => control.admit(session)).code).toBe('control_paused');
  });
});
