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
const to = { checkpointId: 'k_1', name: 'before', at: '2026-01-01T00:00:00.000Z', undoneMs: 5, undoneActions: 2 };

describe('a pause', () => {
  it('stops the machine at once, and it runs again before anybody is granted control', async () => {
    const { control, machine } = make();
    const running = control.admit(session);
    await control.act(session, mara, { action: 'pause' });
    expect(running.signal.aborted).toBe(true);
    expect(control.state(session)).toMatchObject({ kind: 'paused', pausedBy: 'Mara', epoch: 2 });
    await turn();
    await control.act(session, tom, { action: 'take' });
    expect(machine.story).toEqual(['freeze', 'thaw', 'fence 3']);
    await control.act(session, tom, { action: 'release', leavePaused: true });
    await turn();
    await control.act(session, tom, { action: 'resume' });
    await turn();
    expect(control.state(session).kind).toBe('agent');
    expect(machine.story.slice(3)).toEqual(['freeze', 'thaw', 'fence 5']);
  });

  it('names who stopped the computer to the agent', async () => {
    const { control } = make();
    await control.act(session, mara, { action: 'pause' });
    expect(() => control.admit(session)).toThrow(/^Mara has stopped this computer/);
  });

  it('that nobody decided leaves the machine running', async () => {
    const { control, clock, machine } = make();
    control.viewerOpened(session, 'Mara');
    await control.act(session, mara, { action: 'take' });
    control.viewerClosed(session, 'Mara', false);
    clock.advance(30_000);
    await turn();
    expect(control.state(session).kind).toBe('paused');
    expect(machine.story).toEqual(['fence 2', 'fence 3']);
    // A person may still decide to stop it.
    await control.act(session, tom, { action: 'pause' });
    await turn();
    expect(machine.story.at(-1)).toBe('freeze');
  });

  it('of a machine that can’t be stopped shuts it off instead', async () => {
    const { control, machine } = make();
    machine.freeze = async () => {
      throw new Error('no such thing');
    };
    await control.act(session, mara, { action: 'pause' });
    await turn();
    expect(machine.story).toEqual(['freeze', 'thaw', 'fence 2']);
    expect(control.state(session).kind).toBe('paused');
  });

  it('is over in the order it was decided, however slow the machine', async () => {
    const { control, machine } = make();
    let stopped: () => void = () => {};
    machine.freeze = () => new Promise<void>((resolve) => (stopped = resolve));
    await control.act(session, mara, { action: 'pause' });
    const taking = control.act(session, mara, { action: 'take' });
    await turn();
    expect(machine.story).toEqual(['freeze']);
    stopped();
    expect((await taking).kind).toBe('human');
    expect(machine.story).toEqual(['freeze', 'thaw', 'fence 3']);
  });

  it('does not grant control of a machine that does not run again', async () => {
    const { control, machine } = make();
    await control.act(session, mara, { action: 'pause' });
    await turn();
    machine.thaw = async () => {
      throw new Error('stuck');
    };
    await expect(control.act(session, mara, { action: 'take' })).rejects.toMatchObject({ code: 'guest_failed' });
    expect(control.state(session).kind).toBe('paused');
    machine.thaw = async () => {};
    expect((await control.act(session, mara, { action: 'take' })).kind).toBe('human');
  });

  it('holds over a restart; what should run is let go on', async () => {
    const first = make();
    await first.control.act(session, mara, { action: 'pause' });
    await turn();
    const again = first.restart();
    await turn();
    expect(again.control.state(session)).toMatchObject({ kind: 'paused', pausedBy: 'Mara' });
    expect(first.machine.story).toEqual(['freeze', 'freeze']);
    await again.control.act(session, mara, { action: 'take' });
    expect(first.machine.story.slice(2)).toEqual(['thaw', 'fence 3']);
    // Now it dies after the take: the hold comes back as paused with grace, on a machine that runs.
    first.restart();
    await turn();
    expect(first.machine.story.slice(4)).toEqual(['thaw']);
  });
});

describe('stop-everything', () => {
  it('counts what it stopped, and gives back just that', async () => {
    const { control } = make();
    for (const id of ['session-2', 'session-3', 'session-4']) control.open(id);
    await control.act('session-2', mara, { action: 'take' });
    await control.act('session-3', mara, { action: 'pause' });
    control.viewerOpened('session-4', 'Tom');
    await control.act('session-4', tom, { action: 'take' });
    control.viewerClosed('session-4', 'Tom', false);
    expect(await control.stopAll(root)).toBe(3);
    expect(await control.stopAll(root)).toBe(0);
    // A viewer that comes back does not undo it.
    control.viewerOpened('session-4', 'Tom');
    for (const id of [session, 'session-2', 'session-4']) {
      expect(control.state(id)).toMatchObject({ kind: 'paused', pausedBy: 'Root', stoppedWithAll: true });
    }
    expect(await control.resumeAll(mara)).toBe(3);
    expect(control.state(session).kind).toBe('agent');
    expect(control.state('session-2')).toMatchObject({ kind: 'human', holder: 'Mara' });
    expect(control.state('session-3')).toMatchObject({ kind: 'paused', pausedBy: 'Mara', stoppedWithAll: false });
    expect(control.state('session-4')).toMatchObject({ kind: 'human', holder: 'Tom' });
    expect(await control.resumeAll(mara)).toBe(0);
  });

  it('does not let go on what a person decided for one session since, nor give it to who left it', async () => {
    const { control } = make();
    control.open('session-2');
    await control.act('session-2', mara, { action: 'take' });
    expect(await control.stopAll(root)).toBe(2);
    await control.act(session, tom, { action: 'pause' });
    await control.act('session-2', mara, { action: 'release', leavePaused: true });
    expect(await control.resumeAll(root)).toBe(0);
    expect(control.state(session)).toMatchObject({ kind: 'paused', pausedBy: 'Tom' });
    expect(control.state('session-2')).toMatchObject({ kind: 'paused', pausedBy: 'Mara', holder: null });
    await control.act('session-2', tom, { action: 'resume' });
    await turn();
    expect(control.state('session-2').kind).toBe('agent');
  });

  it('is remembered over a restart', async () => {
    const first = make();
    await first.control.stopAll(root);
    const { control } = first.restart();
    expect(await control.resumeAll(root)).toBe(1);
    expect(control.state(session).kind).toBe('agent');
  });
});

describe('a machine that was put back', () => {
  it('is shut off at the current epoch, and a person’s hand-back tells of it', async () => {
    const { control, machine } = make();
    await control.act(session, mara, { action: 'take' });
    await control.rewound(session, to);
    expect(machine.raised).toEqual([2, 2]);
    await control.act(session, mara, { action: 'release' });
    await turn();
    expect(control.takeHandback(session)).toMatchObject({ by: 'Mara', rewoundTo: to });
  });

  it('under the agent has a newer epoch', async () => {
    const { control, machine } = make();
    await control.rewound(session, to);
    expect(machine.raised).toEqual([2]);
    expect(control.admit(session).epoch).toBe(2);
    expect(control.takeHandback(session)).toBeNull();
  });
});
