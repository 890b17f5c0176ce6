import type { Action } from '@shared/action';
import type { Checkpoint } from '@shared/checkpoint';
import type { Session } from '@shared/session';
import { assertNever } from '../../lib/assertNever';
import { age } from '../../lib/clock';
import { count } from '../../lib/words';
import { checkpointFact, checkpointIdOf, type Lineage } from '../timeline/lineage';

/** Why it was made, in words. */
export function causeWords({ cause, createdBy }: Pick<Checkpoint, 'cause' | 'createdBy'>, me: string): string {
  switch (cause) {
    case 'agent':
      return 'Saved by the agent';
    case 'operator':
      return createdBy === me ? 'Saved by you' : `Saved by ${createdBy}`;
    case 'takeover':
      return 'Before control was taken';
    case 'command':
      return 'Before a command';
    default:
      return assertNever(cause);
  }
}

/** "272 MB", "1.4 GB"; nothing while it is not known. */
export function sizeWords(bytes: number | null): string {
  if (bytes === null) return '';
  const mib = bytes / 1024 ** 2;
  return mib >= 1024 ? `${(mib / 1024).toFixed(1)} GB` : `${Math.max(1, Math.round(mib))} MB`;
}

export type Since = ReturnType<Lineage['since']>;

/** "Nothing since", "1 action since", "More than 100 actions since"; for one in a stretch that was undone, what it brings back. */
export function sinceWords({ undoes, bringsBack: back, whole }: Since): string {
  if (back > 0) return `${undoes > 0 ? `${count(undoes, 'action')} since, brings` : 'Brings'} ${back} undone back`;
  if (!whole && undoes === 0) return 'Older actions since';
  if (!whole) return `More than ${count(undoes, 'action')} since`;
  return undoes === 0 ? 'Nothing since' : `${count(undoes, 'action')} since`;
}

/** What exactly a rewind does, said before it is done. */
export function rewindWords(checkpoint: Checkpoint, since: Since, now: number): string[] {
  const span = age(now - Date.parse(checkpoint.createdAt));
  const many =
    since.whole || since.undoes > 0
      ? `${since.whole ? '' : 'more than '}${count(since.undoes, 'action')}`
      : 'older actions';
  return [
    since.whole && since.undoes === 0
      ? `What changed by itself in the last ${span} is undone; no action was made since.`
      : `The last ${span} are undone: ${many}.`,
    ...(since.bringsBack > 0 ? [`${bringsBack(since.bringsBack)} earlier.`] : []),
    'Files, memory, open windows and the home go back to that moment. What left the computer stays as it is: a message that was sent is not unsent.',
    'The agent is told what was undone before it acts again. The timeline keeps everything.',
  ];
}

const bringsBack = (n: number) => `${count(n, 'action')} ${n === 1 ? 'comes' : 'come'} back that a rewind undid`;

export type Support = { kind: 'yes' } | { kind: 'ended' } | { kind: 'starting' } | { kind: 'no'; words: string };

/** Whether this session's machine can be saved and put back, and why not. */
export function support(session: Session): Support {
  if (session.endedAt !== null || session.status === 'releasing') return { kind: 'ended' };
  const { machine } = session;
  if (!machine) return { kind: 'starting' };
  if (machine.checkpoints) return { kind: 'yes' };
  return {
    kind: 'no',
    words:
      machine.backend === 'docker'
        ? 'A container keeps no checkpoints: its memory can’t be saved. A session of a QEMU pool does, and can be rewound.'
        : 'This machine keeps no checkpoints. A QEMU pool with the image “desktop” does.',
  };
}

/** The rewind that is under way, by whoever: its name as far as it is known. */
export function rewinding(actions: readonly Action[], checkpoints: readonly Checkpoint[]): { name: string } | null {
  const last = actions.findLast((action) => checkpointFact(action) === 'rewound');
  if (!last || last.outcome !== 'pending') return null;
  const id = checkpointIdOf(last);
  return { name: checkpoints.find((each) => each.checkpointId === id)?.name ?? 'an earlier moment' };
}

/** Newest first, as people look for them. */
export const newestFirst = (checkpoints: readonly Checkpoint[]) =>
  checkpoints.toSorted((a, b) => b.createdAt.localeCompare(a.createdAt));

/** The name of a branch, offered. */
export const branchName = (session: Session, checkpoint: Checkpoint) =>
  `${session.name}, from ${checkpoint.name}`.slice(0, 120);

/** Who has the wheel as a rewind is asked for: it is borrowed from the agent, and only on purpose from a person. */
export type Hold = { kind: 'mine' } | { kind: 'free' } | { kind: 'paused' } | { kind: 'other'; holder: string };

export function holdOf({ control }: Pick<Session, 'control'>, me: string): Hold {
  if (control.kind === 'human')
    return control.holder === me ? { kind: 'mine' } : { kind: 'other', holder: control.holder ?? 'Somebody' };
  return control.kind === 'paused' ? { kind: 'paused' } : { kind: 'free' };
}

export function holdWords(hold: Hold): string {
  switch (hold.kind) {
    case 'mine':
      return 'You keep the wheel.';
    case 'free':
      return 'You have the wheel while it goes back, then the agent gets it again.';
    case 'paused':
      return 'You have the wheel while it goes back, then it is paused again.';
    case 'other':
      return `${hold.holder} has the wheel now: it is taken from them, and the agent gets it after.`;
    default:
      return assertNever(hold);
  }
}

/** The newest picture that the record holds. */
export function lastFrame(actions: readonly Action[]): string | null {
  const last = actions.findLast((action) => action.frameAfter ?? action.frameBefore);
  return last?.frameAfter ?? last?.frameBefore ?? null;
}
