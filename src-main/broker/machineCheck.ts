import { bounded } from '../base/bounded';
import { sleep } from '../base/deadline';
import { asWheelhouseError, WheelhouseError } from '../base/errors';
import type { GuestClient } from '../guest/types';
import type { LinkTarget } from '../sandbox/backend';
import type { MachineRow } from '../store/machines';
import type { BackendWatch } from './backendWatch';
import type { Core } from './core';
import type { MachineLinks } from './machineLinks';
import { diskFull, isDiskFull, isFinal, lieOf, troubled } from './trouble';

export interface Checked {
  guest: GuestClient;
  bootId: string;
}

/** Short while a machine is usually coming up, a fraction of a second; then longer, to leave a slow one alone. */
const pauses = (attempt: number): number => (attempt < 150 ? 5 : Math.min(250, (attempt - 149) * 10));

/**
 * Ready means checked: the in-guest agent answers on the machine's own link with the machine's own identity, in a start
 * of its own that no other machine had, without the mark of an earlier session and with room on its disk; the session's
 * processes run, and the screen shows a picture. A reset is believed on nothing less. Resolves with the open link, or
 * rejects with what was missing last (`data.trouble` where that is known); the caller owns the link.
 */
export async function checkMachine(
  core: Core,
  watch: BackendWatch,
  links: MachineLinks,
  row: MachineRow,
  parent: AbortSignal,
  ms = core.limits.checkMs,
): Promise<Checked> {
  const { options, limits } = core;
  const target = links.target(row);
  const backend = watch.backend(row.backend);
  let missing = 'The in-guest agent does not answer.';
  let guest: GuestClient | undefined;
  try {
    return await bounded('Getting the machine ready', ms, parent, async (signal) => {
      guest = await until(
        signal,
        () => connect(core, target, signal),
        (words) => (missing = words),
      );
      if (signal.aborted) throw signal.reason;
      await core.effect('check.contact', async () => backend?.afterFirstContact(row.machineId, signal));
      missing = 'The session’s own processes do not run.';
      const link = guest;
      const health = await until(
        signal,
        async () => {
          const found = await link.health(limits.healthTimeoutMs);
          const lie = lieOf(row, found) ?? core.boots.lieOf(row.machineId, found.bootId);
          if (lie !== null) throw troubled('lying', lie);
          // One that is made for a session alone may bring that session's full disk back; then it is told.
          if (row.forSession === null && isDiskFull(found) === true) throw troubled('disk_full', diskFull);
          return found.sessionReady && found.screenReady ? found : null;
        },
        (words) => (missing = words),
      );
      missing = 'The screen shows no picture.';
      await until(
        signal,
        async () => ((await options.probeScreen(target, signal)).blank ? null : true),
        (words) => (missing = words),
      );
      core.boots.note(row.machineId, health.bootId);
      return { guest: link, bootId: health.bootId };
    });
  } catch (error) {
    guest?.close();
    const failure = asWheelhouseError(error);
    if (failure.code !== 'timeout') throw failure;
    throw new WheelhouseError('guest_failed', `${failure.message} ${missing}`, failure.data, { cause: error });
  }
}

async function connect(core: Core, target: LinkTarget, signal: AbortSignal): Promise<GuestClient> {
  const guest = await core.options.connectGuest(target, signal);
  if (!signal.aborted) return guest;
  guest.close();
  throw signal.reason;
}

/** Tries again after every failure and every null, until the signal fires. Failures marked final end it at once. */
async function until<T>(
  signal: AbortSignal,
  attempt: () => Promise<T | null>,
  says: (words: string) => void,
): Promise<T> {
  for (let n = 0; ; n++) {
    try {
      const result = await attempt();
      if (result !== null) return result;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const failure = asWheelhouseError(error);
      if (isFinal(failure) || failure.code === 'internal') throw error;
      says(failure.message);
    }
    await sleep(pauses(n), signal);
  }
}
