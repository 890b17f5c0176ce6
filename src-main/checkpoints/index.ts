import type { Session } from '@shared/session';
import { WheelhouseError } from '../base/errors';
import { sleep } from '../base/deadline';
import type { CheckpointRow } from '../store/checkpoints';
import { sessionStore } from '../store/sessions';
import { usualBytes } from './bounds';
import type { CheckpointDeps, CheckpointLimits } from './deps';
import { branch } from './branch';
import { createPolicy } from './policy';
import { recover } from './recovery';
import { restoreByAgent, restoreByOperator } from './restore';
import { save, type SaveRequest } from './save';
import { Shelf } from './shelf';
import type { Checkpoints } from './types';

export type { CheckpointDeps, CheckpointLimits } from './deps';

const usual: CheckpointLimits = {
  bytes: usualBytes,
  saveMs: 120_000,
  restoreMs: 60_000,
  removeMs: 30_000,
  branchMs: 60_000,
  commandWaitMs: 8_000,
  commandEveryMs: 60_000,
};

/** At most so long is waited, when the program stops, for what is being saved or put back. */
const closeMs = 5_000;

export interface CheckpointService extends Checkpoints {
  /** After the broker has adopted its machines: finishes or undoes what the last process left. */
  recover(): Promise<void>;
}

/** See Checkpoints. */
export function createCheckpoints(deps: CheckpointDeps): CheckpointService {
  const { broker, control } = deps;
  const logger = deps.logger.child({ room: 'checkpoints' });
  const limits = { ...usual, ...deps.limits };
  const shelf = new Shelf(deps, limits);
  const closing = new AbortController();

  const live = (sessionId: string): Session => {
    const session = broker.sessions.get(sessionId);
    if (session.endedAt === null) return session;
    throw new WheelhouseError('session_gone', 'The session has ended, and its checkpoints with it.');
  };
  const supported = (sessionId: string): Session => {
    const session = live(sessionId);
    const { backend } = broker.machineOf(sessionId);
    if (backend.checkpoints && session.machine?.checkpoints !== false) return session;
    throw new WheelhouseError(
      'not_supported',
      backend.kind === 'docker'
        ? 'Containers keep no checkpoints: only a pool of QEMU machines does. An operator can start the session there.'
        : 'This machine keeps no checkpoints.',
    );
  };
  /** Its machine need not be there: the files are. */
  const branchable = (sessionId: string, checkpointId: string): Session => {
    const session = live(sessionId);
    const { backend } = shelf.ready(sessionId, checkpointId);
    if (deps.backends.get(backend)?.checkpoints) return session;
    throw new WheelhouseError(
      'not_supported',
      `This computer has no ${backend} backend that keeps checkpoints any more.`,
    );
  };
  /** One of a machine that the session had before it was suspended fits no other machine. */
  const otherMachine = ({ machine_id: machineId, name }: CheckpointRow): WheelhouseError =>
    new WheelhouseError(
      'conflict',
      `The session was suspended after checkpoint “${name}” and has another machine since, which can't be put back to it. Start another session from it instead.`,
      { machineId, branch: true },
    );
  const create = (request: SaveRequest) => {
    supported(request.sessionId);
    return shelf.alone(request.sessionId, () => save(deps, limits, shelf, request, closing.signal));
  };
  const policy = createPolicy({ deps, limits, isBusy: shelf.isBusy, create, logger });
  const offEnded = broker.onEnded(({ sessionId }) => {
    policy.forget(sessionId);
    void shelf.ended(sessionId).catch((error: unknown) => {
      logger.error({ err: error, sessionId }, 'checkpoints of an ended session stay until the next start');
    });
  });
  const offChange = control.onChange(policy.controlChanged);

  return {
    list(sessionId) {
      broker.sessions.get(sessionId);
      return shelf.list(sessionId);
    },
    create: (sessionId, by, { name, cause }) => create({ sessionId, by, name, cause: cause ?? by.kind }),
    restore(sessionId, checkpointId, by, { force = false } = {}) {
      const { status, machineId } = live(sessionId);
      const row = shelf.find(sessionId, checkpointId);
      const suspended = status === 'idle' || status === 'acquiring';
      if (suspended || (machineId !== null && row.machine_id !== machineId)) throw otherMachine(row);
      supported(sessionId);
      shelf.ready(sessionId, checkpointId);
      return shelf.alone(sessionId, () =>
        shelf.using(checkpointId, () =>
          by.kind === 'agent'
            ? restoreByAgent(deps, limits, row, by, closing.signal)
            : restoreByOperator(deps, limits, row, by.operator, force, closing.signal),
        ),
      );
    },
    branch(sessionId, checkpointId, by, { name }, signal) {
      const session = branchable(sessionId, checkpointId);
      const row = shelf.ready(sessionId, checkpointId);
      return shelf.using(checkpointId, () => branch(deps, limits, { session, row, by, name }, signal));
    },
    async remove(sessionId, checkpointId, by) {
      live(sessionId);
      const row = shelf.find(sessionId, checkpointId);
      if (row.state === 'saving') {
        throw new WheelhouseError('conflict', 'It is still being saved.', { state: row.state });
      }
      const actor =
        by.kind === 'agent'
          ? ({ kind: 'agent', name: by.name } as const)
          : ({ kind: 'human', name: by.operator.name } as const);
      deps.timeline.note({
        sessionId,
        actor,
        epoch: control.state(sessionId).epoch,
        tool: 'checkpoint.remove',
        arguments: { checkpointId, name: row.name },
        words: `**${actor.name}** removed a checkpoint`,
        point: null,
      });
      shelf.remove(row);
    },
    beforeCommand: (sessionId) => policy.beforeCommand(sessionId),
    recover: () =>
      recover(
        shelf,
        deps.backends.values(),
        (sessionId) => {
          try {
            return broker.sessions.get(sessionId).endedAt === null;
          } catch {
            return false;
          }
        },
        (checkpointId) =>
          sessionStore(deps.db)
            .live()
            .some((row) => row.savedAs === checkpointId),
        logger,
      ),
    async close() {
      offEnded();
      offChange();
      closing.abort(new WheelhouseError('not_ready', 'Wheelhouse is stopping.'));
      await Promise.race([shelf.idle(), sleep(closeMs)]);
    },
  };
}
