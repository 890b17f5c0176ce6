import { bounded } from '../base/bounded';
import type { WheelhouseError } from '../base/errors';
import type { SessionRow } from '../store/sessions';
import { Activity } from './activity';
import type { BackendWatch } from './backendWatch';
import type { Core } from './core';
import type { Fleet } from './fleet';
import { Idleness } from './idleness';
import type { MachineLinks } from './machineLinks';
import type { OwnMachines } from './ownMachines';
import { Resumption } from './resumption';
import { SavedMachines } from './savedMachines';
import { SessionLife } from './sessionLife';
import { SuspendedExpiry } from './suspendedExpiry';
import { Suspension } from './suspension';

/** What sessions live by, tied together: activity and idleness, suspension and the way back, expiry, and their ends. */
export function createLives(
  core: Core,
  watch: BackendWatch,
  fleet: Fleet,
  links: MachineLinks,
  own: Pick<OwnMachines, 'want'>,
) {
  const activity = new Activity(core);
  const saved = new SavedMachines(core, watch);
  const suspension = new Suspension(core, watch, fleet, saved);
  const resumption = new Resumption(core, watch, links, own, saved);
  const life = new SessionLife(core, fleet, activity, suspension, resumption);
  const idleness = new Idleness(core, activity, {
    release: (sessionId, by, reason) => life.release(sessionId, by, reason),
    suspend: (row, by) => suspension.tryTo(row, by),
  });
  suspension.whySpared = (sessionId) => idleness.whySpared(sessionId);
  const expiry = new SuspendedExpiry(core, (row, reason) => life.expire(row, reason));
  return {
    activity,
    life,
    /** From the broker's tick. Returns the time that this computer slept. */
    tick(): number {
      const slept = idleness.tick();
      expiry.tick(core.options.clock.monotonic());
      return slept;
    },
    suspend: async (sessionId: string, by: string): Promise<void> => suspension.suspend(life.living(sessionId), by),
    /** Their machines are to go: who can be suspended is, at most for `ms`; the rest ends with its machine. */
    async putAway(by: string, reason: string, ms: number): Promise<void> {
      const active = (): SessionRow[] => core.sessions.live().filter(({ status }) => status === 'active');
      await bounded('Suspending sessions', ms, undefined, () =>
        Promise.allSettled(active().map((row) => suspension.suspend(row, by))),
      ).catch(() => {});
      for (const { sessionId } of active()) life.release(sessionId, by, reason);
    },
    /** The broker stops. What is being suspended or brought back is gone on with, or put back, by the next one. */
    stop(reason: WheelhouseError): void {
      resumption.stopAll(reason);
      core.guard('writing activity', () => activity.write());
      core.guard('writing counted time', () => core.counted.write());
    },
  };
}
