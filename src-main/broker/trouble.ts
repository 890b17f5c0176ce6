import type { MachineTrouble } from '@shared/pool';
import { assertNever, WheelhouseError } from '../base/errors';
import type { GuestHealth } from '../guest/types';
import type { ObservedMachine } from '../sandbox/backend';
import type { MachineRow } from '../store/machines';

/**
 * What is wrong with a machine, told apart by what was seen, and what follows. One that nobody has is set aside
 * (`quarantined`) and replaced, whatever it is; it is never handed out again. One that a session has:
 *
 * | trouble   | seen as                                               | what becomes of its session                      |
 * |-----------|-------------------------------------------------------|--------------------------------------------------|
 * | frozen    | its backend says paused, and nobody here paused it    | goes on if it is let go on within `frozenMs` (60  |
 * |           |                                                       | s); an attention call says so; then it fails     |
 * | dead      | its backend says that it ended, or is not there       | fails at once                                    |
 * | silent    | its backend says that it runs; it does not answer     | fails after 3 unanswered checks, or when its     |
 * |           | checks, or its link can't be had again                | link is not back within `reconnectMs` (10 s)     |
 * | disk_full | it answers, with less than 1 MiB to write             | goes on; an attention call says so, and is       |
 * |           |                                                       | answered by itself at 4 MiB                      |
 * | lying     | another machine's identity, another start of its      | fails at once                                    |
 * |           | agent, a boot id seen elsewhere, or a mark where      |                                                  |
 * |           | nobody was                                            |                                                  |
 * | not_ready | it never passed its first check                       | (has none yet)                                   |
 *
 * Why a frozen machine does not end its session at once: a pause from outside (`docker pause`, a backup, a debugger)
 * loses nothing, and whoever paused it as a rule lets it go on. Why it does in the end: an agent that waits for ever is
 * worse off than one that is told to acquire again. Wheelhouse itself never lets go on what others stopped.
 */
export type Seen = 'missing' | 'ended' | 'stopped' | 'up';

/** What a backend's list says of one machine. */
export function seenAs(machine: ObservedMachine | undefined): Seen {
  if (!machine) return 'missing';
  if (machine.paused) return 'stopped';
  return machine.running ? 'up' : 'ended';
}

/** Bytes. Below the first nothing of use can be written; from the second on it can again. */
export const diskBounds = { full: 1024 ** 2, roomy: 4 * 1024 ** 2 } as const;

/** null: between the bounds, or its agent does not say; then it stays as it was. */
export function isDiskFull({ disk }: Pick<GuestHealth, 'disk'>): boolean | null {
  if (!disk) return null;
  const least = Math.min(disk.freeBytes, disk.homeFreeBytes);
  if (least < diskBounds.full) return true;
  return least >= diskBounds.roomy ? false : null;
}

/**
 * What is wrong with who answers; null when it is this machine, in the start of it that was checked. A machine that went
 * on from a checkpoint bears the mark of the session that it was saved in; so does one that a session has.
 */
export function lieOf(
  row: Pick<MachineRow, 'machineId' | 'bootId' | 'fromCheckpoint' | 'state'>,
  health: Pick<GuestHealth, 'machineId' | 'bootId' | 'mark'>,
): string | null {
  if (health.machineId !== row.machineId) return `Another machine (${health.machineId}) answers in its place.`;
  if (row.bootId !== null && health.bootId !== row.bootId) return 'The in-guest agent was started anew.';
  const marked = health.mark !== undefined && health.mark !== null;
  if (marked && row.state !== 'leased' && row.fromCheckpoint === null)
    return 'It is said to be new, and bears the mark of an earlier session: its reset did not happen.';
  return null;
}

/** Whose it is as it gets into trouble: nobody's, a session's that goes on, or one's that has just failed with it. */
export type Whose = 'nobody' | 'session' | 'failed';

const aside: Record<Exclude<Whose, 'session'>, string> = {
  nobody: 'Nobody had it. It is never handed out again, and another takes its place.',
  failed: 'Its session has failed with it. It is never handed out again, and goes with what is in it.',
};

/** For an operator: what is safe, and what to do. */
export function adviceOn(trouble: MachineTrouble, whose: Whose): string {
  switch (trouble) {
    case 'frozen':
      return whose === 'session'
        ? 'Nothing in it is lost, and nothing can act in it meanwhile. Let it go on with the tool that stopped it.'
        : `${aside[whose]} To look inside, first let it go on with the tool that stopped it.`;
    case 'disk_full':
      return whose === 'session'
        ? 'Its session goes on, but what it writes fails. Delete files in it, or make room on this computer if all are full.'
        : `${aside[whose]} If it happens to all, make room on this computer.`;
    case 'dead':
      return `${settled(whose)} Its console may say why.`;
    case 'silent':
      return `${settled(whose)} It still runs, and may be hung or overloaded: its console, or a command in it, may say why.`;
    case 'lying':
      return `${settled(whose)} Nothing that it says is believed. If it happens again, look at its image and its backend.`;
    case 'not_ready':
      return `${settled(whose)} If it happens to all, look at the image, and at how busy this computer is.`;
    default:
      return assertNever(trouble);
  }
}
/** These troubles leave no session to go on. */
const settled = (whose: Whose): string => aside[whose === 'session' ? 'failed' : whose];

/** What happened and what to do, as a machine's reason. */
export const reasonOf = (trouble: MachineTrouble, happened: string, whose: Whose): string =>
  `${sentence(happened)} ${adviceOn(trouble, whose)}`;
const sentence = (words: string): string =>
  words
    .trim()
    .slice(0, 480)
    .replace(/([^.!?…])$/, '$1.');

/** Refusals of the handshake (src-shared/linkHandshake.ts) that no waiting mends: another one answers. */
const identityFaults: ReadonlySet<string> = new Set(['wrong_identity', 'wrong_machine', 'wrong_proof']);
/** No waiting mends it: who answers is another, or speaks another version. */
export const isFinal = ({ data }: WheelhouseError): boolean =>
  data.final === true || identityFaults.has(String(data.reason)) || data.reason === 'wrong_version';

/** An error that says which trouble it is. `final`: no waiting mends it. */
export const troubled = (trouble: MachineTrouble, message: string): WheelhouseError =>
  new WheelhouseError('guest_failed', message, { final: true, trouble });

/** Of a check that failed. `neverReady`: its first one. */
export function troubleOf(error: WheelhouseError, neverReady: boolean): MachineTrouble {
  const { trouble, reason } = error.data;
  if (trouble === 'lying' || trouble === 'dead' || trouble === 'disk_full' || trouble === 'frozen') return trouble;
  if (identityFaults.has(String(reason))) return 'lying';
  return neverReady ? 'not_ready' : 'silent';
}

export const diskFull = 'Its disk is full: its programs can write nothing.';

/** What a session leaves in the machine it had. */
export const markOf = (sessionId: string): string => `session ${sessionId}`.slice(0, 128);
