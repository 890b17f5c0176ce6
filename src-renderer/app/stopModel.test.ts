import { describe, expect, it } from 'vitest';
import { at, session } from '../features/gallery/fixtures';
import { asksToStopAll } from './useShortcuts';
import { stopState } from './stopModel';

const runs = session({ sessionId: 'runs' });
const still = session({ sessionId: 'still', frozen: true }, { kind: 'paused' });

describe('stopState', () => {
  it('is said across the app once everything was stopped, not for one session of several', () => {
    expect(stopState([still, runs], false)).toMatchObject({ stopped: 1, running: 1, shown: false });
    expect(stopState([still, runs], true)).toMatchObject({ shown: true, words: '1 of 2 sessions stand still, 1 runs' });
    expect(stopState([still, still], false)).toMatchObject({ shown: true, words: '2 sessions stand still' });
  });
  it('counts what lives and has a machine', () => {
    expect(stopState([{ ...still, endedAt: at(1) }, session({ machineId: null })], true)).toMatchObject({
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
