import { afterEach, describe, expect, it } from 'vitest';
import { mara, session, testControl, tom, turn } from './testing';

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

describe('a hold that is left alone', () => {
  it('lapses 30 s after the last viewer went, into paused', async () => {
    const { control, clock, machine, facts } = make();
    control.viewerOpened(session, 'Mara');
    control.viewerOpened(session, 'Mara');
    await control.act(session, mara, { action: 'take' });
    control.viewerClosed(session, 'Mara', false);
    expect(control.state(session).lapsesAt).toBeNull();
    control.viewerClosed(session, 'Mara', true);
    expect(control.state(session)).toMatchObject({
      kind: 'human',
      lapseReason: 'grace',
      lapsesAt: new Date(clock.now() + 30_000).toISOString(),
    });
    clock.advance(29_999);
    expect(control.state(session).kind).toBe('human');
    clock.advance(1);
    expect(control.state(session)).toMatchObject({ kind: 'paused', holder: 'Mara', lapsesAt: null, epoch: 3 });
    expect(refused(() => control.admit(session)).code).toBe('control_paused');
    await turn();
    expect(machine.raised).toEqual([2, 3]);
    expect(facts().at(-1)).toMatchObject({ tool: 'control.lapse', actor: { kind: 'broker' } });
  });
  it('is resumed silently by the same person only', async () => {
    const { control, clock } = make();
    control.viewerOpened(session, 'Mara');
    await control.act(session, mara, { action: 'take' });
    control.viewerClosed(session, 'Mara', false);
    clock.advance(20_000);
    control.viewerOpened(session, 'Tom');
    expect(control.state(session).lapseReason).toBe('grace');
    control.viewerOpened(session, 'Mara');
    expect(control.state(session)).toMatchObject({ kind: 'human', lapsesAt: null, epoch: 2 });
    clock.advance(60_000);
    expect(control.state(session)).toMatchObject({ kind: 'human', epoch: 2 });
  });
  it('notices a viewer that went while the machine was being fenced', async () => {
    const { control } = make();
    control.viewerOpened(session, 'Mara');
    const admission = control.admit(session);
    const taking = control.act(session, mara, { action: 'take' });
    control.viewerClosed(session, 'Mara', false);
    admission.done();
    await taking;
    expect(control.state(session).lapseReason).toBe('grace');
  });
  it('without input asks in the last minute, then is paused; input or keep renews it', async () => {
    const { control, clock } = make();
    await control.act(session, mara, { action: 'take' });
    clock.advance(500_000);
    control.touched(session);
    clock.advance(539_999);
    expect(control.state(session).lapsesAt).toBeNull();
    clock.advance(1);
    expect(control.state(session)).toMatchObject({
      lapseReason: 'idle',
      lapsesAt: new Date(clock.now() + 60_000).toISOString(),
    });
    clock.advance(30_000);
    control.touched(session);
    expect(control.state(session).lapsesAt).toBeNull();
    clock.advance(540_000);
    await control.act(session, mara, { action: 'keep' });
    expect(control.state(session).lapsesAt).toBeNull();
    clock.advance(540_000);
    expect(control.state(session).lapseReason).toBe('idle');
    clock.advance(60_000);
    expect(control.state(session)).toMatchObject({ kind: 'paused', holder: 'Mara' });
  });
  it('can be handed back by its person, or taken by anybody', async () => {
    const { control, clock } = make();
    await control.act(session, mara, { action: 'take' });
    clock.advance(600_000);
    expect(control.state(session).kind).toBe('paused');
    await expect(control.act(session, tom, { action: 'release' })).rejects.toMatchObject({ code: 'conflict' });
    await control.act(session, mara, { action: 'release', note: 'late' });
    expect(await control.awaitAgent(session, 1, never)).toBe(true);
    expect(control.takeHandback(session)).toMatchObject({ note: 'late', heldMs: 600_000 });
    await control.act(session, mara, { action: 'take' });
    clock.advance(600_000);
    expect((await control.act(session, tom, { action: 'take' })).holder).toBe('Tom');
  });
});

describe('a restart', () => {
  it('brings a hold back as paused with grace for its holder', async () => {
    const { control, restart, clock, machine } = make();
    await control.act(session, mara, { action: 'take' });
    const { control: again } = restart();
    expect(again.state(session)).toMatchObject({ kind: 'paused', holder: 'Mara', lapseReason: 'grace', epoch: 3 });
    expect(refused(() => again.admit(session)).code).toBe('control_paused');
    await expect(again.act(session, tom, { action: 'take' })).rejects.toMatchObject({ code: 'control_held' });
    clock.advance(29_000);
    again.viewerOpened(session, 'Mara');
    await turn();
    expect(again.state(session)).toMatchObject({ kind: 'human', holder: 'Mara', epoch: 4 });
    expect(machine.raised).toEqual([2, 4]);
    again.close(session);
  });
  it('ends the grace for others too, also when it restarts once more', async () => {
    const { control, restart, clock } = make();
    await control.act(session, mara, { action: 'take' });
    restart();
    const { control: again } = restart();
    expect(again.state(session)).toMatchObject({ kind: 'paused', lapseReason: 'grace', epoch: 3 });
    clock.advance(30_000);
    expect(again.state(session)).toMatchObject({ kind: 'paused', lapsesAt: null });
    again.viewerOpened(session, 'Mara');
    expect(again.state(session).kind).toBe('paused');
    expect((await again.act(session, tom, { action: 'take' })).holder).toBe('Tom');
  });
  it('goes on from every intent', async () => {
    const taking = make();
    taking.machine.raise = () => new Promise(() => {});
    void taking.control.act(session, mara, { action: 'take' }).catch(() => {});
    expect(taking.restart().control.state(session)).toMatchObject({ kind: 'paused', holder: 'Mara', epoch: 3 });

    const giving = make();
    await giving.control.act(session, mara, { action: 'take' });
    giving.machine.raise = () => new Promise(() => {});
    await giving.control.act(session, mara, { action: 'release', note: 'n' });
    const { control } = giving.restart();
    expect(control.state(session)).toMatchObject({ kind: 'agent', epoch: 4 });
    expect(control.takeHandback(session)).toMatchObject({ note: 'n', frameAfter: null, epoch: 4 });

    const agent = make();
    expect(agent.restart().control.state(session)).toMatchObject({ kind: 'agent', epoch: 1 });

    const pausing = make();
    await pausing.control.act(session, mara, { action: 'pause' });
    expect(pausing.restart().control.state(session)).toMatchObject({ kind: 'paused', lapsesAt: null, epoch: 2 });
  });
});

describe('waiting and ending', () => {
  it('ends at the time, on abort and with the session', async () => {
    const { control, clock } = make();
    await control.act(session, mara, { action: 'take' });
    const late = control.awaitAgent(session, 100, never);
    clock.advance(100);
    expect(await late).toBe(false);
    const stop = new AbortController();
    const aborted = control.awaitAgent(session, 100, stop.signal);
    stop.abort(new Error('gone'));
    await expect(aborted).rejects.toThrow('gone');
    const ended = control.awaitAgent(session, 100, never);
    const admitted = expect(ended).rejects.toMatchObject({ code: 'session_gone' });
    control.close(session);
    await admitted;
    expect(refused(() => control.admit(session)).code).toBe('session_gone');
    await expect(control.act(session, mara, { action: 'take' })).rejects.toMatchObject({ code: 'session_gone' });
    expect(control.state(session)).toMatchObject({ kind: 'agent', epoch: 3 });
    expect([control.holds(session, 'Mara'), control.takeHandback(session)]).toEqual([false, null]);
    control.touched(session);
    control.viewerClosed(session, 'Mara', true);
  });
  it('cuts off what runs, a take included, and counts on when the name is used again', async () => {
    const { control, machine } = make();
    const admission = control.admit(session);
    const taking = expect(control.act(session, mara, { action: 'take' })).rejects.toMatchObject({
      code: 'session_gone',
    });
    control.close(session);
    await taking;
    expect([admission.signal.aborted, machine.raised]).toEqual([true, []]);
    control.open(session);
    expect(control.admit(session).epoch).toBe(4);
  });
  it('does not pretend to a private hold', async () => {
    const { control } = make();
    await expect(control.act(session, mara, { action: 'take', private: true })).rejects.toMatchObject({
      code: 'not_supported',
    });
    expect(control.state(session).kind).toBe('agent');
  });
});
