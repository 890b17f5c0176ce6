import type { WheelhouseError } from '../base/errors';
import { Activity } from './activity';
import type { BackendWatch } from './backendWatch';
import type { Core } from './core';
import type { Fleet } from './fleet';
import { Idleness } from './idleness';
import type { MachineLinks } from './machineLinks';
import type { OwnMachines } from './ownMachines';
import { Resumption } from './resumption';
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
  const suspension = new Suspension(core, watch, fleet);
  const resumption = new Resumption(core, watch, links, own);
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
    /** The broker stops. What is being suspended or brought back is gone on with, or put back, by the next one. */
    stop(reason: WheelhouseError): void {
      resumption.stopAll(reason);
      core.guard('writing activity', () => activity.write());
      core.guard('writing counted time', () => core.counted.write());
    },
  };
}
