import type { WheelhouseEvent } from '@shared/event';
import { assertNever } from '../../base/errors';
import type { Caller } from '../../base/caller';
import { mayUsePool, ownsSession } from '../access';
import type { Services } from '../services';
import type { HomeOwners } from './homeOwners';

/** What of the bus a caller may hear: people everything, agents what concerns their own sessions and pools. */
export function seesEvent(
  services: Services,
  homes: Pick<HomeOwners, 'of'>,
  caller: Caller,
  event: WheelhouseEvent,
): boolean {
  if (caller.role !== 'agent') return true;
  const owns = (sessionId: string | null): boolean => {
    if (sessionId === null) return false;
    try {
      return ownsSession(caller, services.broker.sessions.get(sessionId));
    } catch {
      return false;
    }
  };
  switch (event.event) {
    case 'pool':
      return mayUsePool(caller, event.data);
    case 'pool_deleted':
      return caller.pools.length === 0 || caller.pools.includes(event.data.id);
    case 'session':
      return ownsSession(caller, event.data);
    case 'control':
    case 'action':
    case 'checkpoint':
    case 'checkpoint_removed':
      return owns(event.data.sessionId);
    case 'home':
      return event.data.caller === caller.name;
    case 'home_removed':
      return homes.of(event.data.homeId) === caller.name;
    // What an attention item says is for people; the agent learns the answer from its own call.
    case 'attention':
    case 'machine':
      return false;
    default:
      return assertNever(event);
  }
}
