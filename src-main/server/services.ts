import type { WebSocket } from 'ws';
import type { Session } from '@shared/session';
import type { Settings, SettingsPatch } from '@shared/settings';
import type { Bus } from '../base/bus';
import type { Caller } from '../base/caller';
import type { Clock } from '../base/clock';
import type { Ids } from '../base/ids';
import type { Logger } from '../base/logger';
import type { Broker } from '../broker/types';
import type { Checkpoints } from '../checkpoints/types';
import type { Control } from '../control/types';
import type { LinkTarget } from '../sandbox/backend';
import type { Viewer } from '../screen/types';
import type { Metrics } from '../metrics';
import type { Timeline } from '../timeline/types';
import type { Usage } from '../usage';
import type { Identity } from './identity';

export type TicketMode = 'view' | 'interactive';

/** What the routes need of the other rooms, and no more. */
export interface Services {
  broker: Broker;
  control: Control;
  timeline: Timeline;
  checkpoints: Checkpoints;
  identity: Identity;
  usage: Pick<Usage, 'report'>;
  metrics: Pick<Metrics, 'contentType' | 'text'>;
  channel: {
    handleComputer(request: Request, context: { session: Session; caller: Caller }): Promise<Response>;
    handleRoot(request: Request, caller: Caller): Promise<Response>;
  };
  tickets: {
    issue(grant: { sessionId: string; operator: string; mode: TicketMode }): { ticket: string; expiresAt: string };
    redeem(ticket: string): { sessionId: string; operator: string; mode: TicketMode };
  };
  /** Connects a viewer's socket to the session's screen. `mode` is the ticket's. */
  openScreen(socket: WebSocket, viewer: Viewer, mode: TicketMode, target: LinkTarget): void;
  /** Whether a frame appears in the record of one of this caller's sessions. */
  ownsFrame(caller: Caller, hash: string): boolean;
  bus: Bus;
  clock: Clock;
  ids: Ids;
  logger: Logger;
  version: string;
  settings: { get(): Settings; change(patch: SettingsPatch): Settings };
  /** False before the broker has started and once it stops. */
  ready(): boolean;
  /** Why nothing can be recorded now, in words; null as a rule. */
  storeTrouble?(): string | null;
  /** It was told to stop: what is under way ends, nothing new begins. */
  stopping(): boolean;
}
