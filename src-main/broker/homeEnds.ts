import type { SessionStatus } from '@shared/session';
import type { MachineRow } from '../store/machines';
import type { Core } from './core';

/**
 * Inside the commit that ends a session: its home is nobody's from then on, or, where nothing keeps it, on its way out.
 * One whose session nobody woke for so long goes with it.
 */
export function endSessionHome(core: Core, sessionId: string, status: SessionStatus): void {
  const home = core.homes.ofSession(sessionId);
  if (!home) return;
  if (status === 'expired') core.homes.setDeleting(home.homeId, 'Nobody woke its session for so long.');
  else if (home.keep) core.homes.takeBack(home.homeId, { usedMs: core.counted.ms, at: core.now });
  else core.homes.setDeleting(home.homeId, 'Its session has ended.');
  core.noteHome(home.homeId);
}

/** Inside the commit that writes a machine off: the home that it was made with goes too, if no session ever had it. */
export function endMachineHome(core: Core, { homeId }: MachineRow): void {
  const home = homeId === null ? undefined : core.homes.get(homeId);
  if (home && home.caller === null) core.homes.setDeleting(home.homeId, 'Its machine went, and nobody had had it.');
}
