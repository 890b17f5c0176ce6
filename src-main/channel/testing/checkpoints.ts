import type { Checkpoint } from '@shared/checkpoint';
import { WheelhouseError } from '../../base/errors';
import type { Checkpoints } from '../../checkpoints/types';
import { makeSession } from './broker';

export interface CheckpointsDouble extends Checkpoints {
  items: Checkpoint[];
  /** Thrown by whatever is asked next, until it is taken back. */
  refuses: WheelhouseError | null;
  /** What was asked, in order. */
  log: string[];
}

/** Checkpoints in memory, without a machine. */
export function checkpointsDouble(): CheckpointsDouble {
  const may = () => {
    if (double.refuses) throw double.refuses;
  };
  const double: CheckpointsDouble = {
    items: [],
    refuses: null,
    log: [],
    list: (sessionId) => double.items.filter((item) => item.sessionId === sessionId),
    async create(sessionId, by, { name }) {
      may();
      double.log.push(`create ${name ?? ''} @${by.kind === 'agent' ? by.epoch : by.operator.name}`);
      const item: Checkpoint = {
        checkpointId: `k_${double.items.length + 1}`,
        sessionId,
        name: name ?? '12:00:00',
        cause: by.kind,
        createdBy: by.kind === 'agent' ? by.name : by.operator.name,
        createdAt: '2026-01-01T00:00:00.000Z',
        state: 'ready',
        reason: null,
        bytes: 1,
        frame: null,
        afterActionId: null,
      };
      double.items.push(item);
      return item;
    },
    async restore(sessionId, checkpointId, by) {
      may();
      double.log.push(`restore ${checkpointId} @${by.kind === 'agent' ? by.epoch : by.operator.name}`);
      const item = double.items.find((each) => each.checkpointId === checkpointId && each.sessionId === sessionId);
      if (!item) throw new WheelhouseError('not_found', `This session has no checkpoint ${checkpointId}.`);
      return item;
    },
    async branch(sessionId, checkpointId, by, { name }) {
      await double.restore(sessionId, checkpointId, { kind: 'operator', operator: by });
      return makeSession(`${sessionId}-branch`, by.name, { name });
    },
    async remove(sessionId, checkpointId) {
      may();
      double.log.push(`remove ${checkpointId}`);
      double.items = double.items.filter((each) => each.checkpointId !== checkpointId || each.sessionId !== sessionId);
    },
    beforeCommand: async (sessionId) => void double.log.push(`before a command of ${sessionId}`),
    close: async () => {},
  };
  return double;
}
