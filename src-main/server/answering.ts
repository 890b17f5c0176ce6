import type { IncomingMessage, ServerResponse } from 'node:http';

/** A stream that lasts until somebody hangs up (of events; of MCP 2026-07-28's notifications): nothing to wait for. */
const endless = (incoming: IncomingMessage, outgoing: ServerResponse): boolean =>
  String(outgoing.getHeader('content-type') ?? '').startsWith('text/event-stream') &&
  (incoming.method === 'GET' || incoming.headers['mcp-method'] === 'subscriptions/listen');

/** What is being answered now, to be waited for before a stop. */
export class Answering {
  private readonly open = new Map<ServerResponse, IncomingMessage>();
  private readonly waiting = new Set<() => void>();

  begin(incoming: IncomingMessage, outgoing: ServerResponse): void {
    this.open.set(outgoing, incoming);
    outgoing.once('close', () => {
      this.open.delete(outgoing);
      for (const look of this.waiting) look();
    });
  }
  /** Requests under way, streams without an end left out. */
  get count(): number {
    return [...this.open].filter(([outgoing, incoming]) => !endless(incoming, outgoing)).length;
  }
  /** Until all are answered, at most `ms`; how many are not. */
  async settled(ms: number): Promise<number> {
    if (this.count === 0) return 0;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(late);
        this.waiting.delete(look);
        resolve();
      };
      const look = (): void => {
        if (this.count === 0) end();
      };
      const late = setTimeout(end, ms);
      this.waiting.add(look);
    });
    return this.count;
  }
}
