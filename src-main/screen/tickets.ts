import { createHash } from 'node:crypto';
import { iso, type Clock } from '../base/clock';
import { WheelhouseError } from '../base/errors';
import type { Ids } from '../base/ids';

export interface TicketGrant {
  sessionId: string;
  operator: string;
  mode: 'view' | 'interactive';
}

export interface Tickets {
  /** A ticket for one WebSocket within 30 s. too_many when an absurd number is open. */
  issue(grant: TicketGrant): { ticket: string; expiresAt: string };
  /** Takes a ticket, once. unauthorized when unknown, used or late: which of them is nobody's business. */
  redeem(ticket: string): TicketGrant;
}

const LIFE_MS = 30_000;
const MAX_OPEN = 1_000;

/** Tickets live in memory, as hashes: a look into the process's state or a dump opens no screen. Never logged. */
export function createTickets({ clock, ids }: { clock: Clock; ids: Ids }): Tickets {
  const open = new Map<string, { grant: TicketGrant; until: number; wallUntil: number }>();
  const hash = (ticket: string) => createHash('sha256').update(ticket).digest('base64');
  const sweep = () => {
    // In order of issue, and all live equally long: the first that is still good ends the search.
    for (const [key, { until }] of open) {
      if (until > clock.monotonic()) break;
      open.delete(key);
    }
  };
  return {
    issue(grant) {
      sweep();
      if (open.size >= MAX_OPEN) throw new WheelhouseError('too_many', 'Too many screen tickets are open.');
      const ticket = ids.secret();
      open.set(hash(ticket), {
        grant: { ...grant },
        until: clock.monotonic() + LIFE_MS,
        wallUntil: clock.now() + LIFE_MS,
      });
      return { ticket, expiresAt: iso(clock.now() + LIFE_MS) };
    },
    redeem(ticket) {
      sweep();
      const key = hash(ticket);
      const found = open.get(key);
      open.delete(key);
      // The monotonic clock stands still while the computer sleeps; the wall clock does not.
      if (!found || found.wallUntil <= clock.now())
        throw new WheelhouseError('unauthorized', 'This screen ticket is not valid. Ask for a new one.');
      return found.grant;
    },
  };
}
