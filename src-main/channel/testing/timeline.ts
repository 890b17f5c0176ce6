import type { Action } from '@shared/action';
import { WheelhouseError } from '../../base/errors';
import type { Intent, Outcome, Timeline } from '../../timeline/types';

const unused = (): never => {
  throw new Error('not part of this double');
};

export interface Row extends Intent {
  outcome: Outcome | null;
  frames: string[];
}

/** Rows in memory; `full` refuses to record, as a full disk does. */
export function timelineDouble(): Timeline & { rows: Row[]; full: boolean } {
  const rows: Row[] = [];
  const record = (intent: Intent): Row => {
    if (timeline.full) throw new WheelhouseError('not_recorded', 'The disk is full.');
    const row = { ...intent, outcome: null, frames: [] };
    rows.push(row);
    return row;
  };
  const action = {} as Action;
  const timeline: ReturnType<typeof timelineDouble> = {
    rows,
    full: false,
    begin(intent) {
      const row = record(intent);
      return {
        id: `row_${rows.length}`,
        before: () => void row.frames.push('before'),
        after: () => void row.frames.push('after'),
        finish(outcome) {
          row.outcome = outcome;
          return action;
        },
      };
    },
    note(intent, outcome, frames) {
      const row = record(intent);
      row.outcome = outcome ?? { outcome: 'done' };
      if (frames?.before) row.frames.push('before');
      if (frames?.after) row.frames.push('after');
      return action;
    },
    list: unused,
    get: unused,
    verify: unused,
    frames: { put: unused, path: unused, crop: unused },
    recover: () => {},
  };
  return timeline;
}
