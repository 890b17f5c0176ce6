import type { ControlState } from '@shared/control';
import { within } from '../base/deadline';
import type { Logger } from '../base/logger';
import type { CheckpointDeps, CheckpointLimits } from './deps';
import type { SaveRequest } from './save';

/**
 * The checkpoints that a pool wants by itself. They are a net, not a gate: one that can't be saved is in the log and in
 * the list, and neither the person nor the command waits for it any longer.
 */
export function createPolicy(parts: {
  deps: Pick<CheckpointDeps, 'broker' | 'clock'>;
  limits: CheckpointLimits;
  isBusy(sessionId: string): boolean;
  create(request: SaveRequest): Promise<unknown>;
  logger: Logger;
}) {
  const { deps, limits, isBusy, create, logger } = parts;
  const { broker, clock } = deps;
  /** Who held last, between changes of hands: `agent` or somebody else. */
  const withAgent = new Map<string, boolean>();
  const lastCommand = new Map<string, number>();

  const wants = (sessionId: string, what: 'beforeTakeover' | 'beforeCommands'): boolean => {
    const session = broker.sessions.get(sessionId);
    if (session.endedAt !== null || session.machine?.checkpoints !== true || isBusy(sessionId)) return false;
    return broker.pools.get(session.poolId).checkpoints[what];
  };
  const attempt = async (request: SaveRequest): Promise<void> => {
    try {
      await create(request);
    } catch (error) {
      logger.warn({ err: error, sessionId: request.sessionId, cause: request.cause }, 'no checkpoint by policy');
    }
  };

  return {
    /** As a person has been granted control; the look of the takeover and this share the machine, the grant waits for neither. */
    controlChanged(sessionId: string, state: ControlState): void {
      if (state.kind === 'agent') return void withAgent.delete(sessionId);
      if (state.kind !== 'human' || withAgent.get(sessionId) === false) return;
      withAgent.set(sessionId, false);
      const who = state.holder ?? 'A person';
      try {
        if (!wants(sessionId, 'beforeTakeover')) return;
      } catch (error) {
        return logger.warn({ err: error, sessionId }, 'no look at the policy of checkpoints');
      }
      const by = { kind: 'policy', words: `as **${who}** took control` } as const;
      void attempt({ sessionId, by, name: `Before ${who} took control`.slice(0, 80), cause: 'takeover' });
    },
    /** Resolves when the command may run. Never rejects. */
    async beforeCommand(sessionId: string): Promise<void> {
      try {
        const now = clock.monotonic();
        const last = lastCommand.get(sessionId) ?? -Infinity;
        if (now - last < limits.commandEveryMs || !wants(sessionId, 'beforeCommands')) return;
        lastCommand.set(sessionId, now);
        const by = { kind: 'policy', words: 'before a command' } as const;
        const saved = attempt({ sessionId, by, name: 'Before a command', cause: 'command' });
        await within(saved, limits.commandWaitMs, 'The checkpoint before a command');
      } catch (error) {
        logger.warn({ err: error, sessionId }, 'a command did not wait for its checkpoint');
      }
    },
    forget(sessionId: string): void {
      withAgent.delete(sessionId);
      lastCommand.delete(sessionId);
    },
  };
}
