import { controlKinds } from '@shared/control';
import { describe, expect, it } from 'vitest';
import { action, at, barStates, help, me, now, session } from '../gallery/fixtures';
import { controlBar, mayType } from './controlModel';

const bar = (name: string) => {
  const found = barStates.find((each) => each.name === name);
  if (!found) throw new Error(name);
  return controlBar({ session: found.session, me, latest: found.latest, help: found.help, now });
};

describe('controlBar', () => {
  it.each([
    ['Agent', 'agent', 'Agent is acting', ['stop', 'pause', 'take']],
    ['Taking', 'you', 'You get the wheel', ['cancel']],
    ['You', 'you', 'You have the wheel', ['handback']],
    ['Asked for', 'you', 'You have the wheel', ['give', 'keepFromAsker', 'handback']],
    ['No input', 'you', 'You have the wheel', ['keepIdle', 'handback']],
    ['Handing back', 'agent', 'Agent gets the wheel', []],
    ['Other', 'other', 'Mara K. has the wheel', ['ask', 'takeAdmin']],
    ['Other, lost', 'other', 'Mara K. has the wheel', ['takeAdmin']],
    ['Paused', 'nobody', 'Paused', ['stop', 'resume', 'take']],
    ['Stopped', 'nobody', 'Stopped by you', ['stop', 'resume', 'take']],
    ['Nobody', 'nobody', 'Nobody is acting', ['stop', 'pause', 'take']],
    ['Help', 'trouble', 'Agent needs help', ['stop', 'answer', 'take']],
    ['Failed', 'trouble', 'The desktop is gone', []],
    ['Released', 'nobody', 'Session ended', []],
  ])('%s: the colour, the sentence and what can be done agree', (name, role, flag, actions) => {
    expect(bar(name)).toMatchObject({ role, flag, actions });
  });

  it('says who stopped the computer or paused it', () => {
    const by = (pausedBy: string | null, frozen = true) =>
      controlBar({
        session: session({ frozen }, { kind: 'paused', pausedBy }),
        me,
        latest: undefined,
        help: undefined,
        now,
      });
    expect(by(me, false).flag).toBe('Paused by you');
    expect(by(me)).toMatchObject({ flag: 'Stopped by you', role: 'nobody' });
    expect(by(me).sentence).toContain('The computer stands still');
    expect(by('Mara K.').flag).toBe('Stopped by Mara K.');
    expect(by(null).flag).toBe('Stopped');
  });

  it('says of an agent only what is so', () => {
    const say = (more: object, latest?: ReturnType<typeof action>) =>
      controlBar({ session: session(more), me, latest, help: undefined, now });
    // A branch, or a session that a person started: there is no agent in it.
    expect(say({ agent: '' })).toMatchObject({ flag: 'Nobody is acting', role: 'nobody' });
    expect(say({}).flag).toBe('Agent is acting');
    const ran = action('r', 'Ran **ls**', { outcome: 'refused', code: 'control_held' });
    expect(say({}, ran).sentence).toBe('Agent tried to run **ls**');
    expect(
      controlBar({ session: session(), me, latest: action('a', 'Ran **ls**'), help: undefined, now, rewound: true }),
    ).toMatchObject({ sentence: 'Has not acted since the rewind' });
  });

  it('offers nothing while the machine is put back, whoever holds it', () => {
    const held = session({}, { kind: 'human', holder: me });
    expect(
      controlBar({ session: held, me, latest: undefined, help: undefined, now, goingBack: 'Signed in' }),
    ).toMatchObject({ flag: 'Going back', actions: [], keys: false });
  });

  it('counts down what ends by itself, and up what one holds', () => {
    expect(bar('No input').clock).toBe('1:10');
    expect(bar('Other, lost').clock).toBe('0:21');
    expect(bar('You')).toMatchObject({ held: '2:14', clock: null, keys: true });
  });

  it('warns of an idle end only when it is near', () => {
    const held = session({}, { kind: 'human', holder: me, lapsesAt: at(-500), lapseReason: 'idle' });
    expect(controlBar({ session: held, me, latest: undefined, help: undefined, now }).actions).toEqual(['handback']);
  });

  it('never calls a long running action idle', () => {
    const running = { session: session({ lastActivityAt: at(300) }), me, help: undefined, now };
    expect(controlBar({ ...running, latest: action('a', 'Ran **make**', { outcome: 'pending' }) }).role).toBe('agent');
    expect(controlBar({ ...running, latest: action('a', 'Ran **make**') }).role).toBe('nobody');
  });

  it('offers to take control only where nobody has to be asked', () => {
    for (const kind of controlKinds) {
      const state = controlBar({
        session: session({}, { kind, holder: 'Mara K.' }),
        me,
        latest: undefined,
        help: undefined,
        now,
      });
      expect(state.actions.includes('take')).toBe(kind === 'agent' || kind === 'paused');
    }
  });

  it('keeps the call for help behind a person who took the wheel', () => {
    expect(
      controlBar({ session: session({}, { kind: 'human', holder: me }), me, latest: undefined, help, now }).role,
    ).toBe('you');
  });
});

describe('mayType', () => {
  it('is true for the holder of a living session alone', () => {
    expect(mayType(session({}, { kind: 'human', holder: me }), me)).toBe(true);
    expect(mayType(session({}, { kind: 'human', holder: 'Mara K.' }), me)).toBe(false);
    expect(mayType(session({}, { kind: 'handback', holder: me }), me)).toBe(false);
    expect(mayType(session({}, { kind: 'draining', holder: me }), me)).toBe(false);
    expect(mayType(session({ endedAt: at(1) }, { kind: 'human', holder: me }), me)).toBe(false);
  });
});

it('says when an idle session is suspended instead of released', () => {
  const idle = session({ lastActivityAt: at(680), expiresAt: at(-720) });
  const words = (suspends: boolean) =>
    controlBar({ session: idle, me, latest: undefined, help: undefined, now, suspends }).sentence;
  expect(words(true)).toBe('Idle for 11:20, suspends in 12 min');
  expect(words(false)).toBe('Idle for 11:20, released in 12 min');
});

describe('a session without a machine', () => {
  const bar = (patch: Parameters<typeof session>[0]) =>
    controlBar({ session: session({ machineId: null, ...patch }), me, latest: undefined, help: undefined, now });
  it('is suspended: it can be taken, by way of another machine, or ended', () => {
    const asleep = bar({ status: 'idle', suspendedAt: at(2700) });
    expect(asleep).toMatchObject({ role: 'nobody', icon: 'asleep', flag: 'Suspended', actions: ['stop', 'take'] });
    expect(asleep.sentence).toMatch(/^Since \d\d:\d\d/);
  });
  it('resumes, which is not a first start', () => {
    expect(bar({ status: 'acquiring', suspendedAt: at(2700) }).flag).toBe('Resuming');
    expect(bar({ status: 'acquiring' }).flag).toBe('Getting a desktop');
  });
  it('waits in the queue and tells its place', () => {
    expect(bar({ status: 'queued', queue: { place: 2, waiting: 3 } }).sentence).toBe(
      'Waits for a free machine. 2nd of 3 in the queue',
    );
    expect(bar({ status: 'queued' }).sentence).toBe('Waits for a free machine');
  });
});
