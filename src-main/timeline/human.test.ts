import { describe, expect, it } from 'vitest';
import { FakeClock } from '../base/clock';
import { silentLogger } from '../base/logger';
import { createHumanRecorder } from './human';
import type { Intent, PendingFrame, Timeline } from './types';

const viewer = { viewerId: 'v1', sessionId: 'session-1', operator: 'Mara' };

function make(options: { broken?: boolean } = {}) {
  const clock = new FakeClock();
  const rows: (Intent & { frames: number })[] = [];
  const control = { epoch: 2, private: false };
  let frames = 0;
  const note: Timeline['note'] = (intent, _outcome, pictures = {}) => {
    if (options.broken) throw new Error('disk');
    rows.push({ ...intent, frames: Object.values(pictures).filter(Boolean).length });
    return {} as ReturnType<Timeline['note']>;
  };
  const frame = async (): Promise<PendingFrame> => ({ version: ++frames, png: Promise.resolve(Buffer.from('x')) });
  const recorder = createHumanRecorder({
    timeline: { note },
    clock,
    logger: silentLogger,
    control: () => control,
    frame,
  });
  return { clock, rows, control, recorder, words: () => rows.map((row) => row.words), frames: () => frames };
}

describe("a person's input", () => {
  it('is a row a click and a row a burst of keys', () => {
    const { recorder, clock, words, rows } = make();
    recorder.input(viewer, { kind: 'click', x: 4, y: 5, button: 'Left' });
    for (let i = 0; i < 31; i++) {
      recorder.input(viewer, { kind: 'keys', count: 1 });
      clock.advance(1000);
    }
    expect(words()).toEqual(['Clicked at **4, 5**']);
    clock.advance(1499);
    expect(words()).toEqual(['Clicked at **4, 5**', 'Typed **31 characters**']);
    recorder.input(viewer, { kind: 'keys', count: 1 });
    recorder.input(viewer, { kind: 'click', x: 6, y: 7, button: 'Right' });
    expect(words().slice(2)).toEqual(['Typed **1 character**', 'Clicked at **6, 7** with the right button']);
    expect(rows.every((row) => row.actor.kind === 'human' && row.actor.name === 'Mara' && row.epoch === 2)).toBe(true);
    expect(rows.map((row) => row.frames)).toEqual([2, 0, 0, 2]);
  });
  it('folds scrolling, parts persons and epochs', () => {
    const { recorder, clock, words, control } = make();
    for (let i = 0; i < 9; i++) recorder.input(viewer, { kind: 'scroll', x: 1, y: 2, notches: 1 });
    recorder.input({ ...viewer, operator: 'Tom' }, { kind: 'keys', count: 2 });
    control.epoch = 3;
    recorder.input({ ...viewer, operator: 'Tom' }, { kind: 'keys', count: 3 });
    recorder.flush('session-1');
    recorder.flush('session-1');
    clock.advance(9999);
    expect(words()).toEqual(['Scrolled down at **1, 2**', 'Typed **2 characters**', 'Typed **3 characters**']);
  });
  it('leaves no row and no picture while private', () => {
    const { recorder, clock, words, control, frames } = make();
    control.private = true;
    recorder.input(viewer, { kind: 'keys', count: 9 });
    recorder.input(viewer, { kind: 'click', x: 1, y: 1, button: 'Left' });
    recorder.close();
    clock.advance(9999);
    expect([words(), frames()]).toEqual([[], 0]);
  });
  it('does not throw when the record refuses', async () => {
    const { recorder, clock } = make({ broken: true });
    expect(() => recorder.input(viewer, { kind: 'click', x: 1, y: 1, button: 'Left' })).not.toThrow();
    recorder.close();
    clock.advance(9999);
    await Promise.resolve();
  });
});
