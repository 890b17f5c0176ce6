import type { WebSocket } from 'ws';
import type { Logger } from '../../base/logger';
import type { OpenRfb } from '../../guest/types';
import type { LinkTarget } from '../../sandbox/backend';
import type { RelayPolicy, Viewer } from '../types';
import { ViewerConnection, type ConnectionLimits } from './viewerConnection';

export interface RelayLimits extends ConnectionLimits {
  viewers: number;
  viewersPerSession: number;
}

export const relayLimits: RelayLimits = {
  viewers: 128,
  viewersPerSession: 16,
  highWater: 1024 * 1024,
  lowWater: 256 * 1024,
  greetingMs: 10_000,
  pingMs: 15_000,
  pongMs: 10_000,
};

export interface RelayOptions {
  openRfb: OpenRfb;
  policy: RelayPolicy;
  logger: Logger;
  limits?: Partial<RelayLimits>;
  /** A viewer's pointer went here: the hub's own idea of the pointer follows. */
  onPointer?(sessionId: string, x: number, y: number): void;
}

/** Carries viewers' RFB to machines through a gate that no client can talk around. */
export interface Relay {
  /** Takes over the socket of a viewer whose ticket was redeemed. */
  attach(socket: WebSocket, viewer: Viewer, target: LinkTarget): void;
  /** Ends the viewers that match, with WebSocket code 1000 and a reason. */
  drop(filter: (viewer: Viewer) => boolean, reason?: string): void;
  /**
   * Control went away: whatever the session's viewers (or those of one operator) hold down goes up, and the promise
   * resolves when the machine has acted on it, or after 2 s without its answer. The gate itself needs no telling, it
   * asks the policy for every message.
   */
  releaseInput(sessionId: string, operator?: string): Promise<void>;
  viewers(): Viewer[];
  closeAll(): void;
}

const RELEASE_MS = 2_000;

export function createRelay({ openRfb, policy, logger, limits: given, onPointer }: RelayOptions): Relay {
  const limits = { ...relayLimits, ...given };
  const connections = new Map<ViewerConnection, Viewer>();
  const ofSession = (sessionId: string) => [...connections.values()].filter((each) => each.sessionId === sessionId);
  const drop: Relay['drop'] = (filter, reason = 'the session is over') => {
    for (const [connection, viewer] of connections) if (filter(viewer)) connection.fail(1000, reason);
  };
  return {
    attach(socket, viewer, target) {
      if (connections.size >= limits.viewers || ofSession(viewer.sessionId).length >= limits.viewersPerSession) {
        socket.on('error', () => socket.terminate());
        socket.close(1013, 'too many viewers');
        return;
      }
      const { viewerId, sessionId } = viewer;
      const connection: ViewerConnection = new ViewerConnection(
        socket,
        target,
        openRfb,
        limits,
        {
          mayInput: () => policy.mayInput(viewer),
          onInput: (input) => policy.onInput(viewer, input),
          onPointer: (x, y) => onPointer?.(sessionId, x, y),
          onOpened: () => policy.onOpened(viewer),
          onClosed: (clean) => policy.onClosed(viewer, clean),
        },
        logger.child({ room: 'relay', viewerId, sessionId }),
      );
      connections.set(connection, viewer);
      socket.once('close', () => connections.delete(connection));
      connection.start();
    },
    drop,
    async releaseInput(sessionId, operator) {
      const concerned = [...connections].filter(
        ([, viewer]) => viewer.sessionId === sessionId && (operator === undefined || viewer.operator === operator),
      );
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, RELEASE_MS);
      });
      const released = Promise.all(concerned.map(([connection]) => connection.release()));
      await Promise.race([released, late]).finally(() => clearTimeout(timer));
    },
    viewers: () => [...connections.values()],
    closeAll: () => drop(() => true, 'the relay stops'),
  };
}
