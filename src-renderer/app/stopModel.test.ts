import { describe, expect, it } from 'vitest';
import { at, session } from '../features/gallery/fixtures';
import { asksToStopAll } from './useShortcuts';
import { stopState } from './stopModel';

const runs = session({ sessionId: 'runs' });
const still = session({ sessionId: 'still', frozen: true }, { kind: 'paused', stoppedWithAll: true });
const paused = session({ sessionId: 'paused', frozen: true }, { kind: 'paused', stoppedWithAll: false });

describe('stopState', () => {
  it('is said across the app while sessions are stopped that go on with everything', () => {
    expect(stopState([still, still])).toMatchObject({ shown: true, words: '2 sessions stand still' });
    expect(stopState([still, runs])).toMatchObject({ shown: true, words: '1 of 2 sessions stand still, 1 runs' });
    expect(stopState([still, paused])).toMatchObject({
      shown: true,
      words: '2 sessions stand still; 1 was paused before and stays so',
    });
  });
  it('is not said of what a person paused alone: letting everything go on would not reach it', () => {
    expect(stopState([paused, runs])).toMatchObject({ stopped: 1, running: 1, shown: false });
    expect(stopState([paused, paused])).toMatchObject({ stopped: 2, running: 0, shown: false });
  });
  it('counts what lives and has a machine', () => {
    expect(stopState([{ ...still, endedAt: at(1) }, session({ machineId: null })])).toMatchObject({
      stopped: 0,
      running: 0,
      shown: false,
    });
  });
});

it('takes the key by its place, whatever the layout puts on it', () => {
  const keys = { ctrlKey: true, metaKey: false, shiftKey: true, altKey: false, code: 'Period' };
  expect(asksToStopAll(keys)).toBe(true);
  expect(asksToStopAll({ ...keys, altKey: true })).toBe(false);
  expect(asksToStopAll({ ...keys, shiftKey: false })).toBe(false);
  expect(asksToStopAll({ ...keys, code: 'Comma' })).toBe(false);
});
