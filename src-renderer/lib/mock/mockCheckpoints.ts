import type { Action } from '@shared/action';
import type { Checkpoint, CheckpointCause } from '@shared/checkpoint';
import type { ControlState } from '@shared/control';
import type { ErrorCode } from '@shared/errors';
import type { PushData, PushName, RequestInput, RequestName, RequestOutput } from '@shared/ipc';
import type { Session } from '@shared/session';
import { ago, me, sceneOf, sessions } from './mockData';
import { frameHash } from './drawings';

export type Handlers = { [N in RequestName]: (input: RequestInput<N>) => RequestOutput<N> | Promise<RequestOutput<N>> };

export const refuse = (code: ErrorCode, message: string) => ({
  error: { code, message, type: 'conflict', details: [], additionalInfo: {} },
});

/** What the handlers of one subject need of development's main process. */
export interface MockWorld {
  wish: URLSearchParams;
  push<N extends PushName>(name: N, data: PushData<N>): void;
  find(id: string): Session;
  rows(id: string): Action[];
  /** Appends a row and announces it; the same object is changed and announced again when it ends. */
  note(id: string, words: string, patch: Partial<Action>): Action;
  setControl(id: string, patch: Partial<ControlState>): ControlState;
  /** Ends the screen's connections and refuses new ones until it is called again with false. */
  away(id: string, away: boolean): void;
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));
const human = { actor: { kind: 'human' as const, name: me }, point: null, frameBefore: null, frameAfter: null };

/** Checkpoints as development's main process keeps them; `?slow` makes each step last. */
export function checkpointHandlers(world: MockWorld) {
  const lists = new Map<string, Checkpoint[]>();
  const lag = world.wish.has('slow') ? 60_000 : 900;
  const list = (id: string) => {
    const known = lists.get(id) ?? (world.find(id).machine?.checkpoints && !world.wish.has('none') ? kept(id) : []);
    lists.set(id, known);
    return known;
  };
  const kept = (id: string): Checkpoint[] => {
    const rows = world.rows(id);
    const near = (back: number) => rows.at(-back);
    return (
      [
        ['takeover', 'Before you took control', 14, 268],
        ['agent', 'Signed in, list open', 8, 271],
        ['command', 'Before python3 tally.py', 6, 274],
        ['operator', 'Looks right so far', 3, 270],
      ] satisfies [CheckpointCause, string, number, number][]
    ).map(([cause, name, back, mib], index) => ({
      checkpointId: `cp-${id}-${index}`,
      sessionId: id,
      name,
      cause,
      createdBy: cause === 'agent' ? 'Claude Code' : cause === 'operator' ? me : 'Wheelhouse',
      createdAt: near(back)?.at ?? ago(60),
      state: world.wish.has('failed') && index === 3 ? 'failed' : 'ready',
      reason:
        world.wish.has('failed') && index === 3 ? 'No space left on the disk. Free 300 MB, then save again.' : null,
      bytes: mib * 1024 ** 2,
      frame: frameHash(sceneOf.get(id) ?? 'orders', index * 3),
      afterActionId: near(back)?.id ?? null,
    }));
  };
  const find = (sessionId: string, checkpointId: string) => {
    const found = list(sessionId).find((each) => each.checkpointId === checkpointId);
    if (!found) throw refuse('not_found', 'This checkpoint is not there any more.');
    return found;
  };
  const announce = (checkpoint: Checkpoint) => {
    const all = list(checkpoint.sessionId);
    const at = all.findIndex((each) => each.checkpointId === checkpoint.checkpointId);
    if (at < 0) all.push(checkpoint);
    else all[at] = checkpoint;
    world.push('event', { event: 'checkpoint', data: checkpoint });
    return checkpoint;
  };
  const finish = (row: Action, patch: Partial<Action>) => {
    const rows = world.rows(row.sessionId);
    const done = { ...row, ...patch };
    rows[rows.findIndex((each) => each.id === row.id)] = done;
    world.push('event', { event: 'action', data: done });
  };
  const setFrozen = (session: Session, frozen: boolean) => {
    session.frozen = frozen;
    world.setControl(session.sessionId, {
      kind: frozen ? 'paused' : 'agent',
      holder: null,
      pausedBy: frozen ? me : null,
      stoppedWithAll: frozen,
    });
    world.push('event', { event: 'session', data: { ...session } });
  };

  return {
    'checkpoints.list': ({ sessionId }) => [...list(sessionId)],
    'checkpoints.create': async ({ sessionId, name }) => {
      const all = list(sessionId);
      if (all.length >= 6)
        throw refuse('too_many', 'This session has 6 checkpoints, the most its pool keeps. Delete one.');
      const row = world.note(sessionId, 'Saved a checkpoint', {
        ...human,
        tool: 'checkpoint.create',
        outcome: 'pending',
      });
      const saving = announce({
        checkpointId: `cp-${Date.now()}`,
        sessionId,
        name: name ?? new Date().toTimeString().slice(0, 5),
        cause: 'operator',
        createdBy: me,
        createdAt: ago(0),
        state: 'saving',
        reason: null,
        bytes: null,
        frame: frameHash(sceneOf.get(sessionId) ?? 'orders', all.length),
        afterActionId: row.id,
      });
      await pause(lag);
      finish(row, {
        words: `**${me}** saved checkpoint “${saving.name}”`,
        outcome: 'done',
        arguments: { name: saving.name },
      });
      return announce({ ...saving, state: 'ready', bytes: 272 * 1024 ** 2 });
    },
    'checkpoints.restore': async ({ sessionId, checkpointId }) => {
      const to = find(sessionId, checkpointId);
      const held = world.find(sessionId).control.kind === 'human';
      if (!held) world.setControl(sessionId, { kind: 'human', holder: me });
      const row = world.note(sessionId, `**${me}** goes back to checkpoint “${to.name}”`, {
        ...human,
        tool: 'checkpoint.restore',
        outcome: 'pending',
        arguments: { checkpointId, name: to.name },
      });
      world.away(sessionId, true);
      await pause(lag * 2);
      world.away(sessionId, false);
      finish(row, { outcome: 'done', words: `**${me}** went back to checkpoint “${to.name}”` });
      if (!held) world.setControl(sessionId, { kind: 'agent', holder: null });
      return to;
    },
    'checkpoints.branch': async ({ sessionId, checkpointId, name }) => {
      const from = find(sessionId, checkpointId);
      await pause(lag);
      const made: Session = {
        ...world.find(sessionId),
        sessionId: `branch-${Date.now()}`,
        name: name || `${from.name}, branch`,
        createdAt: ago(0),
        lastActivityAt: ago(0),
      };
      sessions.push(made);
      world.push('event', { event: 'session', data: made });
      return made;
    },
    'checkpoints.remove': ({ sessionId, checkpointId }) => {
      lists.set(
        sessionId,
        list(sessionId).filter((each) => each.checkpointId !== checkpointId),
      );
      world.push('event', { event: 'checkpoint_removed', data: { sessionId, checkpointId } });
      return null;
    },
    'control.stopAll': () => {
      const running = sessions.filter((session) => session.endedAt === null && !session.frozen);
      for (const session of running) setFrozen(session, true);
      return { sessions: running.length };
    },
    'control.resumeAll': () => {
      const stopped = sessions.filter((session) => session.endedAt === null && session.frozen);
      for (const session of stopped) setFrozen(session, false);
      return { sessions: stopped.length };
    },
  } satisfies Partial<Handlers>;
}
