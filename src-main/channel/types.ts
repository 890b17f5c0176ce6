import type { Session } from '@shared/session';
import type { Caller } from '../base/caller';
import type { Clock } from '../base/clock';
import type { Ids } from '../base/ids';
import type { Logger } from '../base/logger';
import type { Broker } from '../broker/types';
import type { Checkpoints } from '../checkpoints/types';
import type { AttentionQueue, Control } from '../control/types';
import type { ScreenHubs } from '../screen/types';
import type { Timeline } from '../timeline/types';

/** How long an act waits for the picture to be still before it answers; milliseconds. Read at every call. */
export interface ChannelSettings {
  settleQuietMs: number;
  settleMaxMs: number;
}

export const defaultSettings: ChannelSettings = { settleQuietMs: 40, settleMaxMs: 400 };

export interface ChannelDeps {
  broker: Broker;
  control: Control;
  hubs: ScreenHubs;
  timeline: Timeline;
  attention: AttentionQueue;
  checkpoints: Checkpoints;
  clock: Clock;
  ids: Ids;
  logger: Logger;
  /** Aborted before a stop: calls that only wait for a person say how things stand, and end. */
  draining?: AbortSignal;
  settings?: () => Partial<ChannelSettings>;
  /** Every tool call by a known caller, before it runs: the first-call light and last use of a token. */
  onToolCall?: (caller: Caller, tool: string, clientName: string | null) => void;
  /** For figures: a call begins, and what it returns is told how it ended, once. Cheap, and never throws. */
  onCall?: OnCall;
}

/** `sessionId` is null for tools about sessions, and while it is not known which. `tool` is one of ours. */
export type OnCall = (tool: string, sessionId: string | null) => (outcome: CallOutcome) => void;
/** refused: nothing ran, by a rule or because the call was wrong; failed: something did not work. */
export type CallOutcome = 'done' | 'refused' | 'failed';

/**
 * Computer-Do: MCP over streamable HTTP, as Web requests and answers. Who calls was settled before (token, Host, Origin);
 * the channel checks that a session is the caller's own. Never throws: every failure is an HTTP answer.
 */
export interface Channel {
  /** `/computers/{computerId}/mcp`: bound to one session. 403 not the caller's, 404 ended, 503 with Retry-After not ready. */
  handleComputer(request: Request, binding: { session: Session; caller: Caller }): Promise<Response>;
  /** `/mcp`: every session of the caller, and the tools that start and end them. */
  handleRoot(request: Request, caller: Caller): Promise<Response>;
  /** True while a call of the session runs or waits for its turn: it is not idle then, however long the call takes. */
  busy(sessionId: string): boolean;
  /** Ends open streams; calls that run are cut off. */
  close(): Promise<void>;
}
