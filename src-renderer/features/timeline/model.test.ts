import type { Checkpoint } from '@shared/checkpoint';
import { describe, expect, it } from 'vitest';
import { action, at, me, story } from '../gallery/fixtures';
import { controlFact, factTitle, flatten, fold, outcomeLine, roleOf, rowWords } from './model';

const human = { actor: { kind: 'human' as const, name: me } };

describe('fold', () => {
  it('tells the story of a session', () => {
    expect(fold(story).map((row) => [row.kind, row.key])).toEqual([
      ['control', '1'],
      ['reads', '3'],
      ['action', '6'],
      ['action', '7'],
      ['action', '8'],
      ['help', '9'],
      ['control', '10'],
      ['action', '11'],
      ['action', '12'],
      ['action', '13'],
      ['control', '14'],
      ['action', '15'],
    ]);
  });

  it('folds reads of one kind only while nothing comes between', () => {
    const look = (id: string) => action(id, 'Looked at the screen', { tool: 'take_screenshot' });
    const rows = fold([
      look('1'),
      look('2'),
      action('3', 'Clicked **x**'),
      look('4'),
      action('5', 'Read the clipboard', { tool: 'clipboard_read' }),
    ]);
    expect(rows.map((row) => [row.kind, row.key])).toEqual([
      ['reads', '1'],
      ['action', '3'],
      ['action', '4'],
      ['action', '5'],
    ]);
    const reads = rows[0];
    expect(reads?.kind === 'reads' && outcomeLine(reads.action, reads)).toEqual({ tone: 'done', text: '2 times' });
  });

  it('never folds a refused read away', () => {
    const refused = action('2', 'Looked at the screen', {
      tool: 'take_screenshot',
      outcome: 'refused',
      message: 'Refused: the hold is private',
    });
    expect(fold([action('1', 'Looked at the screen', { tool: 'take_screenshot' }), refused])).toHaveLength(2);
  });

  it('keeps a hold open until it is handed back, and then says how long it was', () => {
    const take = action('1', 'x', { ...human, tool: 'control.take', at: at(200) });
    const click = action('2', 'Clicked **x**', human);
    expect(fold([take, click])[0]).toMatchObject({ current: true, heldMs: null });
    const rows = fold([
      take,
      click,
      action('3', 'x', { ...human, tool: 'control.release', at: at(92), arguments: { note: ' Done. ' } }),
    ]);
    expect(rows[0]).toMatchObject({ current: false });
    expect(rows[2]).toMatchObject({ fact: 'handedBack', heldMs: 108_000, note: 'Done.' });
  });

  it('ends a hold that lapsed, and starts another where it is given on', () => {
    const rows = fold([
      action('1', 'x', { ...human, tool: 'control.take' }),
      action('2', `**${me}** gave control to **Tom**`, { ...human, tool: 'control.give' }),
      action('3', 'x', {
        actor: { kind: 'broker', name: 'broker' },
        tool: 'control.lapse',
        arguments: { holder: 'Tom' },
      }),
    ]);
    expect(rows.map((row) => row.kind === 'control' && [row.fact, row.current])).toEqual([
      ['taken', false],
      ['given', false],
      ['lapsed', false],
    ]);
    expect(rows.map((row) => row.kind === 'control' && factTitle(row, me))).toEqual([
      'You took control',
      'You gave control to Tom',
      'Tom’s hold lapsed, paused',
    ]);
  });
});

describe('controlFact', () => {
  it('does not believe an agent that names a tool so', () => {
    expect(controlFact(action('1', 'x', { tool: 'control.release' }))).toBeNull();
    expect(controlFact(action('1', 'x', { ...human, tool: 'control.release' }))).toBe('handedBack');
  });
});

describe('rowWords', () => {
  it('says who did it and what was only tried', () => {
    expect(rowWords(action('1', 'Clicked **Save**'), me)).toBe('Clicked **Save**');
    expect(rowWords(action('1', 'Clicked **Save**', { outcome: 'refused' }), me)).toBe('Agent tried to click **Save**');
    expect(rowWords(action('1', 'Brought **x** to the front', { outcome: 'failed' }), me)).toBe(
      'Agent tried to bring **x** to the front',
    );
    expect(rowWords(action('1', 'Frobbed **Save**', { outcome: 'refused' }), me)).toBe('Agent tried: Frobbed **Save**');
    expect(rowWords(action('1', 'Typed **31 characters**', human), me)).toBe('You typed **31 characters**');
    expect(rowWords(action('1', 'Typed **3 characters**', { actor: { kind: 'human', name: 'Mara K.' } }), me)).toBe(
      'Mara K. typed **3 characters**',
    );
  });
});

describe('outcomeLine', () => {
  it('shows duration, exit and reason', () => {
    expect(outcomeLine(action('1', 'x'))).toEqual({ tone: 'done', text: 'Done, 0.4 s' });
    expect(outcomeLine(action('1', 'x', { code: 'exit 0', durationMs: 1800 }))).toEqual({
      tone: 'done',
      text: 'Exit 0, 1.8 s',
    });
    expect(
      outcomeLine(action('1', 'x', { outcome: 'refused', message: 'Click refused: you hold control' }))?.text,
    ).toBe('Click refused: you hold control');
    expect(outcomeLine(action('1', 'x', { code: 'exit 7', durationMs: 500 }))).toEqual({
      tone: 'failed',
      text: 'Exit 7, 0.5 s',
    });
    expect(outcomeLine(action('1', 'x', { outcome: 'pending' }))?.tone).toBe('now');
    expect(outcomeLine(action('1', 'x', { outcome: 'pending', tool: 'await_control' }))?.tone).toBe('waits');
  });
});

describe('refusals', () => {
  const told = 'Mara K. has control of this computer since 2026-11-20T14:21:00.000Z. Call await_control to wait.';
  const refused = (code: string) => action('2', 'Clicked **x**', { outcome: 'refused', code, message: told });
  const hold = (holder: string) =>
    action('1', 'x', { actor: { kind: 'human', name: holder }, tool: 'control.take', arguments: { holder } });
  const lineUnder = (...actions: Parameters<typeof fold>[0]) => {
    const row = fold(actions).at(-1);
    return row && row.kind !== 'marker' ? outcomeLine(row.action, row, me)?.text : undefined;
  };

  it('are told to a person, not in the words for the agent', () => {
    expect(lineUnder(hold(me), refused('control_held'))).toBe('Refused: you held control');
    expect(lineUnder(hold('Mara K.'), refused('control_held'))).toBe('Refused: Mara K. held control');
    expect(lineUnder(refused('control_held'))).toBe('Refused: a person held control');
    expect(lineUnder(refused('control_paused'))).toBe('Refused: the session was paused');
    expect(lineUnder(refused('stale_epoch'))).toBe('Refused: control had changed hands');
    expect(lineUnder(refused('bad_request'))).toBe(told);
  });
});

it('roles follow the actor', () => {
  expect([
    roleOf(action('1', 'x'), me),
    roleOf(action('1', 'x', human), me),
    roleOf(action('1', 'x', { actor: { kind: 'human', name: 'Z' } }), me),
  ]).toEqual(['agent', 'you', 'other']);
});

it('pages are put in time order whichever way they come', () => {
  const [a, b, c, d] = [4, 3, 2, 1].map((n) => action(String(5 - n), 'x', { at: at(n) }));
  if (!a || !b || !c || !d) throw new Error('fixtures');
  expect(flatten([{ data: [c, d] }, { data: [a, b] }]).map((row) => row.id)).toEqual(['1', '2', '3', '4']);
  expect(flatten([{ data: [d, c] }, { data: [b, a] }]).map((row) => row.id)).toEqual(['1', '2', '3', '4']);
});

describe('checkpoints in the record', () => {
  const checkpoint = (checkpointId: string, afterActionId: string | null): Checkpoint => ({
    checkpointId,
    sessionId: 'gallery-session',
    name: checkpointId,
    cause: 'takeover',
    createdBy: 'Wheelhouse',
    createdAt: at(10),
    state: 'ready',
    reason: null,
    bytes: 1,
    frame: null,
    afterActionId,
  });
  it('are blocks of their own, and marked where no row tells of them', () => {
    const rows = fold(
      [
        action('a', 'Clicked **a**'),
        action('s', 'Saved', { tool: 'checkpoint.create', arguments: { checkpointId: 'told' } }),
        action('b', 'Clicked **b**'),
      ],
      { checkpoints: [checkpoint('told', 'a'), checkpoint('untold', 'b'), checkpoint('older', 'z')] },
    );
    expect(rows.map((row) => [row.kind, row.key])).toEqual([
      ['action', 'a'],
      ['checkpoint', 's'],
      ['action', 'b'],
      ['marker', 'at-untold'],
    ]);
    const own = action('s', 'Saved', { tool: 'checkpoint_create' });
    expect(fold([own], { checkpoints: [checkpoint('by-place', 's')] }).map((row) => row.kind)).toEqual(['checkpoint']);
  });
  it('leave what was undone in its place, said to be', () => {
    const rows = fold([action('a', 'Clicked **a**'), action('b', 'Clicked **b**')], { undone: new Set(['b']) });
    expect(rows.map((row) => row.kind === 'action' && row.undone)).toEqual([undefined, true]);
  });
});
