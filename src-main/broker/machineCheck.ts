import { bounded } from '../base/bounded';
import { sleep } from '../base/deadline';
import { asWheelhouseError, WheelhouseError } from '../base/errors';
import type { GuestClient } from '../guest/types';
import type { LinkTarget } from '../sandbox/backend';
import type { MachineRow } from '../store/machines';
import type { BackendWatch } from './backendWatch';
import type { Core } from './core';
import type { MachineLinks } from './machineLinks';

export interface Checked {
  guest: GuestClient;
  bootId: string;
}

/** Short while a machine is usually coming up, a fraction of a second; then longer, to leave a slow one alone. */
const pauses = (attempt: number): number => (attempt < 150 ? 5 : Math.min(250, (attempt - 149) * 10));

/**
 * Ready means checked: the in-guest agent answers on the machine's own link with the machine's own identity, the
 * session's processes run, and the screen shows a picture. Resolves with the open link, or rejects at the deadline with
 * what was missing last; the caller owns the link.
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
          if (found.machineId !== row.machineId)
            throw final(`Another machine (${found.machineId}) answered on this machine's link.`);
          if (row.bootId !== null && found.bootId !== row.bootId) throw final('The in-guest agent was started anew.');
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
      return { guest: link, bootId: health.bootId };
    });
  } catch (error) {
    guest?.close();
    const failure = asWheelhouseError(error);
    if (failure.code !== 'timeout') throw failure;
    throw new WheelhouseError('guest_failed', `${failure.message} ${missing}`, failure.data, { cause: error });
  }
}

/** Refusals of the handshake (src-shared/linkHandshake.ts) that no waiting mends. */
const identityFaults = new Set(['wrong_identity', 'wrong_machine', 'wrong_proof', 'wrong_version']);

const final = (message: string): WheelhouseError => new WheelhouseError('guest_failed', message, { final: true });

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
      if (failure.data.final === true || identityFaults.has(String(failure.data.reason)) || failure.code === 'internal')
        throw error;
      says(failure.message);
    }
    await sleep(pauses(n), signal);
  }
}
