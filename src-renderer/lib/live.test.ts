import type { Action } from '@shared/action';
import type { Page } from '@shared/session';
import { describe, expect, it } from 'vitest';
import { action, session } from '../features/gallery/fixtures';
import { putAction, touched, upsert } from './live';

const page = (...data: Action[]): Page<Action> => ({ data, first_id: null, last_id: null, has_more: false });

describe('upsert', () => {
  it('keeps the place of what it replaces', () => {
    expect(
      upsert(
        [
          { id: 'a', n: 1 },
          { id: 'b', n: 1 },
        ],
        { id: 'a', n: 2 },
        (each) => each.id,
      ),
    ).toEqual([
      { id: 'a', n: 2 },
      { id: 'b', n: 1 },
    ]);
    expect(upsert([{ id: 'a', n: 1 }], { id: 'c', n: 3 }, (each) => each.id).map((each) => each.id)).toEqual([
      'a',
      'c',
    ]);
  });
});

describe('putAction', () => {
  it('appends to the newest page and replaces anywhere', () => {
    const data = {
      pages: [page(action('3', 'c'), action('4', 'd')), page(action('1', 'a'), action('2', 'b'))],
      pageParams: ['', '3'],
    };
    expect(putAction(data, action('5', 'e'))?.pages[0]?.data.map((row) => row.id)).toEqual(['3', '4', '5']);
    const replaced = putAction(data, action('1', 'done'));
    expect(replaced?.pages[1]?.data.map((row) => row.words)).toEqual(['done', 'b']);
    expect(replaced?.pages[0]?.data).toHaveLength(2);
  });
  it('knows nothing of a timeline that was never read', () => {
    expect(putAction(undefined, action('1', 'a'))).toBeUndefined();
  });
});

describe('touched', () => {
  const idle = { ...session(), lastActivityAt: '2026-11-20T14:00:00.000Z' };
  const act = (more: Partial<Action>) =>
    action('1', 'Clicked', { sessionId: idle.sessionId, at: '2026-11-20T14:00:08.000Z', durationMs: 500, ...more });

  it('sets the idle clock back when the agent acted', () => {
    expect(touched(idle, act({})).lastActivityAt).toBe('2026-11-20T14:00:08.500Z');
  });
  it('leaves the session alone for other sessions, for people, for older rows and for less than a second', () => {
    for (const more of [
      { sessionId: 'another-session' },
      { actor: { kind: 'human' as const, name: 'Mara K.' } },
      { at: '2026-11-20T13:00:00.000Z' },
      { at: '2026-11-20T14:00:00.400Z' },
    ])
      expect(touched(idle, act(more))).toBe(idle);
  });
});
