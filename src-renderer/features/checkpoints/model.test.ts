import { describe, expect, it } from 'vitest';
import { action, at, checkpoint, me, now, session } from '../gallery/fixtures';
import {
  branchName,
  causeWords,
  holdOf,
  holdWords,
  lastFrame,
  newestFirst,
  rewinding,
  rewindWords,
  sinceWords,
  sizeWords,
  support,
} from './model';

describe('words of a checkpoint', () => {
  it('say who or what made it', () => {
    expect(causeWords({ cause: 'operator', createdBy: me }, me)).toBe('Saved by you');
    expect(causeWords({ cause: 'operator', createdBy: 'Mara K.' }, me)).toBe('Saved by Mara K.');
    expect(causeWords({ cause: 'command', createdBy: 'Wheelhouse' }, me)).toBe('Before a command');
  });
  it('say its size in the unit that fits', () => {
    expect([sizeWords(null), sizeWords(272 * 1024 ** 2), sizeWords(1.4 * 1024 ** 3)]).toEqual(['', '272 MB', '1.4 GB']);
  });
  it('never count more than is known', () => {
    expect(sinceWords({ undoes: 0, bringsBack: 0, whole: true })).toBe('Nothing since');
    expect(sinceWords({ undoes: 0, bringsBack: 2, whole: true })).toBe('Brings 2 undone back');
    expect(sinceWords({ undoes: 3, bringsBack: 2, whole: true })).toBe('3 actions since, brings 2 undone back');
    expect(sinceWords({ undoes: 1, bringsBack: 0, whole: true })).toBe('1 action since');
    expect(sinceWords({ undoes: 100, bringsBack: 0, whole: false })).toBe('More than 100 actions since');
  });
});

describe('rewindWords', () => {
  const words = (undoes: number, bringsBack = 0, whole = true) =>
    rewindWords(checkpoint({ createdAt: at(840) }), { undoes, bringsBack, whole }, now).join(' ');
  it('says the time and the number that are undone, and that the agent is told', () => {
    expect(words(23)).toContain('The last 14 min are undone: 23 actions.');
    expect(words(23)).toContain('The agent is told');
    expect(words(23)).not.toContain('come back');
  });
  it('says what an earlier rewind undid and this one brings back', () => {
    expect(words(1, 2)).toContain('2 actions come back');
  });
  it('does not call it nothing when older actions were not read', () => {
    expect(words(0, 0, false)).toContain('are undone: older actions.');
    expect(words(0)).toContain('no action was made since');
  });
});

describe('support', () => {
  const machine = { backend: 'qemu' as const, checkpoints: true, guestAgent: true, consoleLog: true };
  it('tells each reason apart', () => {
    expect(support(session({ machine })).kind).toBe('yes');
    expect(support(session({ machine, endedAt: at(1) })).kind).toBe('ended');
    expect(support(session({ machine: null })).kind).toBe('starting');
    expect(support(session({ machine: { ...machine, backend: 'docker', checkpoints: false } }))).toMatchObject({
      kind: 'no',
      words: expect.stringContaining('QEMU pool'),
    });
  });
});

describe('rewinding', () => {
  const rewind = (outcome: 'pending' | 'done') =>
    action('r', 'Rewound', { tool: 'checkpoint.restore', outcome, arguments: { checkpointId: 'cp' } });
  it('lasts as long as its row is open', () => {
    expect(rewinding([rewind('pending')], [checkpoint({ checkpointId: 'cp', name: 'Signed in' })])).toEqual({
      name: 'Signed in',
    });
    expect(rewinding([rewind('pending')], [])).toEqual({ name: 'an earlier moment' });
    expect(rewinding([rewind('done')], [])).toBeNull();
    expect(rewinding([], [])).toBeNull();
  });
});

it('lists the newest first and keeps a branch’s name within bounds', () => {
  const list = newestFirst([
    checkpoint({ checkpointId: 'a', createdAt: at(9) }),
    checkpoint({ checkpointId: 'b', createdAt: at(1) }),
  ]);
  expect(list.map((each) => each.checkpointId)).toEqual(['b', 'a']);
  expect(branchName(session({ name: 'x'.repeat(120) }), checkpoint()).length).toBe(120);
});

it('says whose wheel it takes for it', () => {
  const words = (kind: 'agent' | 'human' | 'paused', holder: string | null = null) =>
    holdWords(holdOf(session({}, { kind, holder }), me));
  expect(words('agent')).toContain('then the agent gets it again');
  expect(words('paused')).toContain('paused again');
  expect(words('human', me)).toBe('You keep the wheel.');
  expect(words('human', 'Mara K.')).toContain('Mara K. has the wheel now');
});

it('finds the newest picture in the record', () => {
  const rows = [
    action('a', 'x', { frameBefore: 'one', frameAfter: 'two' }),
    action('b', 'y', { frameBefore: 'three' }),
    action('c', 'z'),
  ];
  expect(lastFrame(rows)).toBe('three');
  expect(lastFrame(rows.slice(0, 1))).toBe('two');
  expect(lastFrame([])).toBeNull();
});
