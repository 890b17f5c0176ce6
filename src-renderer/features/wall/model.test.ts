import { describe, expect, it } from 'vitest';
import { action, at, barStates, help, me, now, session } from '../gallery/fixtures';
import { filterCounts, groupTiles, matches, tileOf } from './model';

const tiles = barStates.map((each, index) =>
  tileOf(
    { ...each.session, sessionId: `session-${index}`, createdAt: at(1000 - index) },
    each.latest,
    each.help,
    me,
    now,
  ),
);

describe('tiles', () => {
  it('count every tile under one filter', () => {
    const { all, ...parts } = filterCounts(tiles);
    expect(all).toBe(barStates.length);
    expect(Object.values(parts).reduce((sum, n) => sum + n, 0)).toBe(all);
  });
  it('say who acts and for how long', () => {
    expect(tileOf(session(), undefined, help, me, now)).toMatchObject({
      word: 'Needs help',
      filter: 'needs',
      clock: 'waits 1:48',
    });
    expect(
      tileOf(session({}, { kind: 'human', holder: 'Mara K.' }), action('a', 'x'), undefined, me, now),
    ).toMatchObject({ word: 'Mara K.', line: 'Mara K. has the wheel', clock: 'held 2:14' });
    expect(tileOf(session(), action('a', 'Clicked **Save**'), undefined, me, now)).toMatchObject({
      word: 'Agent',
      line: 'Clicked Save',
      clock: 'idle 0:02',
    });
  });
  it('are found by every word, in any case', () => {
    const tile = tileOf(session(), action('a', 'Clicked **Save**'), undefined, me, now);
    expect(matches(tile, 'all', 'BATCH claude')).toBe(true);
    expect(matches(tile, 'agent', 'save')).toBe(true);
    expect(matches(tile, 'agent', 'batch vscode')).toBe(false);
    expect(matches(tile, 'you', '')).toBe(false);
  });
});

describe('groupTiles', () => {
  it('keeps the place of a tile whose state changes', () => {
    const order = (list: typeof tiles) =>
      groupTiles(list, 'pool', []).flatMap((group) => group.tiles.map((tile) => tile.session.sessionId));
    const changed = tiles.map((tile, index) =>
      index === 3
        ? tileOf(
            { ...tile.session, control: { ...tile.session.control, kind: 'paused' } },
            undefined,
            help,
            me,
            now + 60_000,
          )
        : tile,
    );
    expect(order(changed)).toEqual(order(tiles));
    expect(order(tiles.toReversed())).toEqual(order(tiles));
  });
  it('puts what needs a person first when grouped by state', () => {
    expect(groupTiles(tiles, 'state', [])[0]?.title).toBe('Needs you');
  });
});

it('shows a suspended session as such, with no clock that runs', () => {
  const asleep = session({ status: 'idle', suspendedAt: at(2700), machineId: null });
  expect(tileOf(asleep, undefined, undefined, me, now)).toMatchObject({
    word: 'Suspended',
    filter: 'nobody',
    clock: '45 min',
    asleep: expect.stringMatching(/^\d\d:\d\d$/),
  });
  expect(tileOf(session(), undefined, undefined, me, now).asleep).toBeNull();
  const queued = session({ status: 'queued', queue: { place: 2, waiting: 3 } });
  expect(tileOf(queued, undefined, undefined, me, now)).toMatchObject({
    word: 'Queued',
    line: '2nd of 3 in the queue',
    asleep: null,
  });
});
