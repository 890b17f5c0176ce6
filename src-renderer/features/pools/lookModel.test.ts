import type { MachineLook } from '@shared/machineLook';
import { machineTroubles, type Machine } from '@shared/pool';
import { describe, expect, it } from 'vitest';
import { at, now } from '../gallery/fixtures';
import { timeOfDay } from '../../lib/clock';
import {
  answered,
  began,
  cannotRun,
  emptyTerminal,
  machineNote,
  recall,
  refused,
  stateWords,
  troubleWords,
} from './lookModel';
import { machineRole } from './model';

const machine = (patch: Partial<Machine> = {}): Machine => ({
  machineId: 'm-1',
  poolId: 'desktop',
  state: 'quarantined',
  image: 'desktop',
  sessionId: null,
  since: at(60),
  reason: 'It answers no more',
  cpuPercent: null,
  memoryBytes: null,
  ...patch,
});
const look = (patch: Partial<MachineLook> = {}): MachineLook => ({
  machine: machine(),
  state: 'running',
  lastSessionId: null,
  frame: null,
  frameAt: null,
  console: [],
  consoleError: null,
  canRun: false,
  ...patch,
});

it('has words for every trouble', () => {
  for (const trouble of machineTroubles) expect(troubleWords[trouble].means).toMatch(/\.$/);
});

it('says in the table what is wrong and how long it stays', () => {
  const keptUntil = at(-600);
  expect(machineNote(machine({ trouble: 'frozen', keptUntil }), now)).toBe(
    `Frozen, kept until ${timeOfDay(keptUntil)}`,
  );
  expect(machineNote(machine({ keptUntil: at(1) }), now)).toBe('It answers no more, goes now');
  expect(machineNote(machine(), now)).toBe('It answers no more');
  expect(machineNote(machine({ state: 'ready', trouble: 'dead', reason: null }), now)).toBe('');
});

it('names the trouble of a machine that a session has beside its state', () => {
  expect(stateWords(machine({ trouble: 'frozen' }))).toBe('Quarantined');
  expect(stateWords(machine({ state: 'leased', trouble: 'disk_full' }))).toBe('Leased, disk full');
  expect(stateWords(machine({ state: 'leased' }))).toBe('Leased');
  expect(machineRole(machine({ state: 'leased', trouble: 'disk_full' }))).toBe('trouble');
  expect(machineRole(machine({ state: 'leased' }))).toBe('agent');
});

it('says why nothing can be run', () => {
  expect(cannotRun(look({ canRun: true }))).toBeNull();
  expect(cannotRun(look({ machine: machine({ state: 'leased' }) }))).toContain('quarantined machines only');
  expect(cannotRun(look({ machine: machine({ trouble: 'frozen' }) }))).toContain('stands still');
  expect(cannotRun(look({ state: null }))).toContain('does not know');
});

describe('the terminal', () => {
  const run = { output: 'a\nb\n', exitCode: 0, truncated: false, durationMs: 41 };
  it('shows a command, what it said and how it ended', () => {
    const after = answered(began(emptyTerminal, 'ls'), run);
    expect(after.lines).toEqual([
      { kind: 'command', text: 'ls' },
      { kind: 'output', text: 'a\nb' },
      { kind: 'end', text: 'Exit 0, 41 ms', bad: false },
    ]);
    const cut = answered(emptyTerminal, { ...run, output: '', exitCode: 1, truncated: true });
    expect(cut.lines).toEqual([{ kind: 'end', text: 'Exit 1, 41 ms. The rest was cut off', bad: true }]);
    expect(refused(emptyTerminal, 'It is stopped.').lines).toEqual([
      { kind: 'end', text: 'It is stopped.', bad: true },
    ]);
    expect(answered(emptyTerminal, { ...run, exitCode: null }).lines.at(-1)).toMatchObject({ bad: true });
  });
  it('goes back through what was run and forth to what was being typed', () => {
    const start = began(began(began(emptyTerminal, 'df'), 'ls'), 'ls');
    expect(start.history).toEqual(['df', 'ls']);
    const up = recall(start, 'upt', 'up');
    expect(up?.text).toBe('ls');
    const top = recall(up!.terminal, 'ls', 'up');
    expect(top?.text).toBe('df');
    expect(recall(top!.terminal, 'df', 'up')).toBeNull();
    const back = recall(recall(top!.terminal, 'df', 'down')!.terminal, 'ls', 'down');
    expect(back?.text).toBe('upt');
    expect(recall(back!.terminal, 'upt', 'down')).toBeNull();
  });
  it('lets old lines go', () => {
    let terminal = emptyTerminal;
    for (let n = 0; n < 500; n += 1) terminal = began(terminal, `echo ${n}`);
    expect(terminal.lines).toHaveLength(400);
    expect(terminal.history).toHaveLength(100);
    expect(terminal.history.at(-1)).toBe('echo 499');
  });
});
