import { describe, expect, it } from 'vitest';
import { action } from '../gallery/fixtures';
import { checkpointFact, isAct, lastRewind, lineage } from './lineage';

const act = (id: string) => action(id, `Clicked **${id}**`);
const rewind = (
  id: string,
  checkpointId: string,
  afterActionId?: string | null,
  outcome: 'done' | 'failed' | 'pending' = 'done',
) =>
  action(id, 'Rewound', {
    actor: { kind: 'human', name: 'You' },
    tool: 'checkpoint.restore',
    outcome,
    arguments: { checkpointId, ...(afterActionId === undefined ? {} : { afterActionId }) },
  });
const save = (id: string, checkpointId: string) =>
  action(id, 'Saved', { tool: 'checkpoint_create', arguments: { checkpointId } });

describe('lineage', () => {
  it('counts what a rewind would undo, reads and talk left out', () => {
    const rows = [act('a'), act('b'), action('c', 'Looked', { tool: 'take_screenshot' }), act('d')];
    expect(lineage(rows, true).since('a')).toEqual({ undoes: 2, bringsBack: 0, whole: true });
    expect(lineage(rows, true).since('d')).toEqual({ undoes: 0, bringsBack: 0, whole: true });
    expect(lineage(rows, true).since(null)).toEqual({ undoes: 3, bringsBack: 0, whole: true });
  });
  it('tells when the machine was last put back, by a rewind that was done', () => {
    const failed = rewind('f', 'cp', 'a', 'failed');
    const done = { ...rewind('r', 'cp', 'a'), durationMs: 900 };
    expect(lastRewind([act('a'), failed])).toBeNull();
    expect(lastRewind([act('a'), done, failed])).toBe(Date.parse(done.at) + 900);
  });
  it('says at least so many when the checkpoint is older than what is loaded', () => {
    expect(lineage([act('b'), act('c')], false).since('a')).toEqual({ undoes: 2, bringsBack: 0, whole: false });
    expect(lineage([act('b')], false).since(null)).toMatchObject({ whole: false });
  });
  it('marks what lies between the checkpoint and the rewind as undone, and nothing after', () => {
    const rows = [act('a'), act('b'), act('c'), rewind('r', 'cp', 'a'), act('d')];
    expect([...lineage(rows, true).undone]).toEqual(['b', 'c']);
    expect(lineage(rows, true).since('a')).toMatchObject({ undoes: 1 });
  });
  it('brings back what an earlier rewind undid', () => {
    const rows = [act('a'), act('b'), act('c'), rewind('r', 'cp1', 'a'), act('d')];
    expect(lineage(rows, true).since('b')).toEqual({ undoes: 1, bringsBack: 1, whole: true });
    expect([...lineage([...rows, rewind('s', 'cp2', 'b')], true).undone]).toEqual(['c', 'd']);
  });
  it('undoes nothing while a rewind is under way or when it failed', () => {
    for (const outcome of ['pending', 'failed'] as const)
      expect(lineage([act('a'), act('b'), rewind('r', 'cp', 'a', outcome)], true).undone.size).toBe(0);
  });
  it('finds the place by the row that saved it when the rewind does not tell', () => {
    const rows = [act('a'), save('s', 'cp'), act('b'), rewind('r', 'cp')];
    expect([...lineage(rows, true).undone]).toEqual(['b']);
    expect(lineage([act('a'), rewind('r', 'unknown')], true).undone.size).toBe(0);
  });
  it('asks the checkpoints that are there when no row tells', () => {
    const rows = [act('a'), act('b'), rewind('r', 'cp')];
    expect([...lineage(rows, true, [{ checkpointId: 'cp', afterActionId: 'a' }]).undone]).toEqual(['b']);
    expect([...lineage(rows, true, [{ checkpointId: 'cp', afterActionId: null }]).undone]).toEqual(['a', 'b']);
  });
  it('goes back to the beginning, or past what is loaded', () => {
    expect([...lineage([act('a'), rewind('r', 'cp', null)], true).undone]).toEqual(['a']);
    expect([...lineage([act('m'), rewind('r', 'cp', 'older')], false).undone]).toEqual(['m']);
  });
});

it('tells checkpoint rows and acts apart', () => {
  expect(checkpointFact(save('s', 'cp'))).toBe('saved');
  expect(checkpointFact(action('l', 'Listed', { tool: 'checkpoint_list' }))).toBeNull();
  expect(isAct(save('s', 'cp'))).toBe(false);
  expect(isAct(action('x', 'Clicked', { outcome: 'refused' }))).toBe(false);
  expect(isAct(action('x', 'Typed', { tool: 'human.keys', actor: { kind: 'human', name: 'You' } }))).toBe(true);
});
