import { setMaxListeners } from 'node:events';
import type { Session } from '@shared/session';
import type { Caller } from '../base/caller';
import { WheelhouseError, asWheelhouseError } from '../base/errors';
import type { LiveSession } from '../broker/types';
import { clientNameOf } from './clientName';
import { httpError, readMessage } from './http';
import { computerInstructions, rootInstructions } from './instructions';
import { presentNow } from './presence';
import { RootCalls, rootList } from './root';
import { hasEnded, mayUse } from './root/sessionChoice';
import { McpServing } from './serve';
import { SessionCalls } from './sessionCalls';
import { annotationsOf, listing } from './toolList';
import { tools } from './tools';
import type { Channel, ChannelDeps } from './types';

export type { Channel, ChannelDeps, ChannelSettings } from './types';

const computerList = tools.map((tool) => listing(tool, annotationsOf(tool)));
/** Tools that only look, for what a rewind says it undid. */
export const readTools: ReadonlySet<string> = new Set(
  tools.filter((tool) => tool.kind === 'read').map((tool) => tool.name),
);
const toolByName = new Map(tools.map((tool) => [tool.name, tool]));

const callsTool = (body: unknown): boolean =>
  (Array.isArray(body) ? body : [body]).some(
    (message) => (message as { method?: unknown } | null)?.method === 'tools/call',
  );

const firstName = (body: unknown): string | null => {
  for (const message of Array.isArray(body) ? body.slice(0, 100) : [body]) {
    const name = clientNameOf(message);
    if (name) return name;
  }
  return null;
};

/** See Channel. One channel serves all sessions; it holds nothing between calls but names, queues and open calls for help. */
export function createChannel(deps: ChannelDeps): Channel {
  const { broker, ids, logger } = deps;
  const closing = new AbortController();
  // Every call in flight listens; there may be many.
  setMaxListeners(0, closing.signal);
  const serving = new McpServing(logger);
  const calls = new SessionCalls(deps);
  /** What earlier revisions say once, at initialize, and never again: by session, and by token for `/mcp`. */
  const bySession = new Map<string, string>();
  const byToken = new Map<string, string>();

  /** The client's name becomes the session's agent name, once and again when it changes. */
  function rename(session: Session, clientName: string | null): string {
    const known = bySession.get(session.sessionId);
    if (clientName && clientName !== known) {
      bySession.set(session.sessionId, clientName);
      if (clientName !== session.agent) broker.setAgent(session.sessionId, clientName);
      return clientName;
    }
    return known ?? (session.agent || 'Agent');
  }

  const root = new RootCalls(deps, calls, rename);
  const offEnded = broker.onEnded((session) => {
    bySession.delete(session.sessionId);
    calls.forget(session.sessionId);
  });
  const offLive = broker.onLive(({ sessionId }, resumed) => {
    if (resumed) calls.resumed(sessionId, resumed);
  });
  const offSuspended = broker.onSuspended(({ sessionId }) => calls.suspended(sessionId));

  /** Nothing that is thrown reaches the HTTP server. */
  async function answering(request: Request, work: () => Promise<Response>): Promise<Response> {
    try {
      return await work();
    } catch (thrown) {
      const error = asWheelhouseError(thrown);
      if (error.code === 'internal') logger.error({ err: error.cause ?? error }, 'request failed');
      return httpError(error, ids, request);
    }
  }

  async function computer(request: Request, session: Session, caller: Caller): Promise<Response> {
    if (!mayUse(caller, session)) throw new WheelhouseError('forbidden', 'This session belongs to another token.');
    const claimed = request.headers.get('x-ms-computerid');
    if (claimed !== null && claimed !== session.computerId) {
      throw new WheelhouseError('bad_request', 'x-ms-computerId does not match the address.');
    }
    const message = await readMessage(request);
    if ('response' in message) return message.response;
    const { body } = message;
    if (hasEnded(session)) throw new WheelhouseError('session_gone', 'The session has ended. Acquire a new one.');
    const { sessionId } = session;
    const calling = callsTool(body);
    const leave = calling ? calls.arrive(sessionId) : null;
    try {
      // Resolved before MCP begins, so that 404 and 503 are answers of the address, as the protocol of the channel says.
      // A suspended one is no such answer: its call waits for the desktop inside MCP, where the client can be told.
      const live = calling ? await presentNow(broker, sessionId) : null;
      broker.touch(sessionId);
      return await toolsOf(request, body, { session: live?.session ?? session, live, arrived: leave, caller });
    } finally {
      // A call whose answer is a stream has begun by then.
      if (leave) setImmediate(leave);
    }
  }

  function toolsOf(
    request: Request,
    body: unknown,
    {
      session,
      live,
      arrived,
      caller,
    }: {
      session: Session;
      live: LiveSession | null;
      /** A tool is called: the session counts as busy until this is. */
      arrived: (() => void) | null;
      caller: Caller;
    },
  ): Promise<Response> {
    const { sessionId } = session;
    const clientName = firstName(body);
    const agent = rename(session, clientName);
    return serving.serve(request, body, {
      instructions: computerInstructions,
      list: computerList,
      closing: closing.signal,
      async call(name, args, io) {
        const tool = toolByName.get(name);
        if (!tool || !arrived) return null;
        deps.onToolCall?.(caller, name, clientName ?? bySession.get(sessionId) ?? null);
        const result = calls.call({ sessionId, live, tool, arguments: args, agent, io });
        arrived();
        return result;
      },
    });
  }

  async function everything(request: Request, caller: Caller): Promise<Response> {
    const message = await readMessage(request);
    if ('response' in message) return message.response;
    const said = firstName(message.body);
    if (said) byToken.set(caller.tokenId, said);
    const clientName = said ?? byToken.get(caller.tokenId) ?? null;
    return serving.serve(request, message.body, {
      instructions: rootInstructions,
      list: rootList,
      closing: closing.signal,
      call: (name, args, io) => root.call({ name, arguments: args, caller, clientName, io }),
    });
  }

  return {
    handleComputer: (request, { session, caller }) => answering(request, () => computer(request, session, caller)),
    handleRoot: (request, caller) => answering(request, () => everything(request, caller)),
    busy: (sessionId) => calls.busy(sessionId),
    async close() {
      closing.abort();
      offEnded();
      offLive();
      offSuspended();
      calls.close();
      await serving.close();
    },
  };
}
