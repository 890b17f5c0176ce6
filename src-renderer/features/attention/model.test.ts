import type { Attention } from '@shared/action';
import { describe, expect, it } from 'vitest';
import { at, help } from '../gallery/fixtures';
import { byUrgency, move, queue } from './model';

const call = (id: string, patch: Partial<Attention> = {}): Attention => ({ ...help, id, ...patch });
const calls = [
  call('late', { urgency: 'later' }),
  call('young', { at: at(10) }),
  call('old', { at: at(500) }),
  call('gone', { state: 'answered' }),
  call('soon', { urgency: 'soon', state: 'taken' }),
];

describe('queue', () => {
  it('ranks by urgency, then age, and drops what is over', () => {
    expect(queue(calls).map((each) => each.id)).toEqual(['old', 'young', 'soon', 'late']);
    expect(byUrgency(queue(calls)).map((group) => [group.urgency, group.calls.length])).toEqual([
      ['now', 2],
      ['soon', 1],
      ['later', 1],
    ]);
  });
});

describe('move', () => {
  const list = queue(calls);
  it('stops at the ends with J and K', () => {
    expect([move(list, 'old', 'down'), move(list, 'old', 'up'), move(list, 'late', 'down')]).toEqual([
      'young',
      'old',
      'late',
    ]);
  });
  it('goes on with N past what is taken, and round', () => {
    expect([move(list, 'young', 'next'), move(list, 'late', 'next')]).toEqual(['late', 'old']);
  });
  it('starts at the first when what was chosen is gone', () => {
    expect([move(list, 'nobody', 'down'), move([], 'x', 'next')]).toEqual(['old', null]);
  });
});
