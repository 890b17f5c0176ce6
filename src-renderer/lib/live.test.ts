import type { Action } from '@shared/action';
import type { Page } from '@shared/session';
import { describe, expect, it } from 'vitest';
import { action } from '../features/gallery/fixtures';
import { putAction, upsert } from './live';

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
