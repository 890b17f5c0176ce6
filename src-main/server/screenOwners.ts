import type { WebSocket } from 'ws';
import type { Clock } from '../base/clock';

/** A withdrawn token loses its open screens within this time. */
const checkEveryMs = 500;
const ticketLivesMs = 60_000;

/**
 * Which token each ticket was given for, so that a screen ends with the token behind it. Tickets made inside this
 * process (the app's own window) have none and stay.
 */
export class ScreenOwners {
  private readonly tickets = new Map<string, { tokenId: string; until: number }>();
  private readonly open = new Map<WebSocket, string>();
  private stopChecking: (() => void) | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly stands: (tokenId: string) => boolean,
  ) {}

  issued(ticket: string, tokenId: string): void {
    const now = this.clock.monotonic();
    for (const [old, { until }] of this.tickets) if (until < now) this.tickets.delete(old);
    this.tickets.set(ticket, { tokenId, until: now + ticketLivesMs });
  }
  /** The token behind a ticket that is being redeemed; null for the process's own. */
  take(ticket: string): string | null {
    const found = this.tickets.get(ticket);
    this.tickets.delete(ticket);
    return found?.tokenId ?? null;
  }
  /** Ends the socket when the token no longer stands. */
  follow(socket: WebSocket, tokenId: string): void {
    this.open.set(socket, tokenId);
    socket.once('close', () => this.open.delete(socket));
    this.stopChecking ??= this.clock.after(checkEveryMs, () => this.check());
  }
  close(): void {
    this.stopChecking?.();
    this.open.clear();
    this.tickets.clear();
  }

  private check(): void {
    this.stopChecking = null;
    for (const [socket, tokenId] of this.open) if (!this.stands(tokenId)) socket.terminate();
    if (this.open.size > 0) this.stopChecking = this.clock.after(checkEveryMs, () => this.check());
  }
}
