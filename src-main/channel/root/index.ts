import type { CallToolResult, Tool as McpTool } from '@modelcontextprotocol/server';
import { sessionIdSchema } from '@shared/ids';
import type { Session } from '@shared/session';
import type { Caller } from '../../base/caller';
import { WheelhouseError, asWheelhouseError } from '../../base/errors';
import { failure, success, type Beside } from '../answer';
import { outcomeOf } from '../outcome';
import { presentNow } from '../presence';
import type { SessionCalls } from '../sessionCalls';
import type { CallIo, Tool } from '../tool';
import { annotationsOf, listing, parseArguments } from '../toolList';
import { tools } from '../tools';
import type { ChannelDeps } from '../types';
import { endSession } from './endSession';
import { getSession } from './getSession';
import { listPools } from './listPools';
import type { RootTool } from './rootTool';
import { SessionChoice } from './sessionChoice';
import { sessionFacts } from './sessionFacts';
import { startSession } from './startSession';

const rootTools: readonly RootTool[] = [startSession, endSession, getSession, listPools];
const rootByName = new Map(rootTools.map((tool) => [tool.name, tool]));

const sessionIdField = sessionIdSchema.optional().describe('Only needed while you have several sessions');
/** The tools of a desktop, and the same with the session as one more, optional parameter. */
const desktopTools = tools.map((tool) => ({
  tool,
  wide: { name: tool.name, input: tool.input.extend({ sessionId: sessionIdField }) },
}));
type DesktopTool = (typeof desktopTools)[number];
const desktopByName = new Map(desktopTools.map((entry) => [entry.tool.name, entry]));

export const rootList: readonly McpTool[] = [
  ...rootTools.map((tool) => listing(tool, { title: tool.title, readOnlyHint: tool.readOnly, openWorldHint: false })),
  ...desktopTools.map(({ tool, wide }) => listing({ ...tool, input: wide.input }, annotationsOf(tool))),
];

/** These ask about a session that is there; starting a desktop to answer them would surprise. */
const needNoDesktop = new Set(['get_control', 'await_control']);

export interface RootCall {
  name: string;
  arguments: unknown;
  caller: Caller;
  clientName: string | null;
  io: CallIo;
}

/** The one address for everything: tools about sessions, and every tool of a desktop with the session implied. */
export class RootCalls {
  private readonly choice: SessionChoice;

  constructor(
    private readonly deps: ChannelDeps,
    private readonly calls: SessionCalls,
    private readonly rename: (session: Session, clientName: string | null) => string,
  ) {
    this.choice = new SessionChoice(deps);
  }

  /** Null: no such tool. */
  async call(call: RootCall): Promise<CallToolResult | null> {
    const run = this.runner(call);
    if (!run) return null;
    this.deps.onToolCall?.(call.caller, call.name, call.clientName);
    // A desktop's tool is counted where it runs, and here when it does not get there.
    const ended = rootByName.has(call.name) ? this.deps.onCall?.(call.name, null) : undefined;
    try {
      const result = await run();
      ended?.('done');
      return result;
    } catch (thrown) {
      const error = asWheelhouseError(thrown);
      (ended ?? this.deps.onCall?.(call.name, null))?.(outcomeOf(error));
      if (error.code === 'internal')
        this.deps.logger.error({ err: error.cause ?? error, tool: call.name }, 'tool failed');
      return failure(error);
    }
  }

  private runner(call: RootCall): (() => Promise<CallToolResult>) | null {
    const own = rootByName.get(call.name);
    if (own) return () => this.aboutSessions(own, call);
    const desktop = desktopByName.get(call.name);
    return desktop ? () => this.onDesktop(desktop, call) : null;
  }

  private async aboutSessions(
    tool: RootTool,
    { arguments: raw, caller, clientName, io }: RootCall,
  ): Promise<CallToolResult> {
    const args = parseArguments(tool, raw);
    const context = { caller, clientName, deps: this.deps, choice: this.choice, io };
    return success(await tool.run(context, args));
  }

  private async onDesktop(
    { tool, wide }: DesktopTool,
    { arguments: raw, caller, clientName, io }: RootCall,
  ): Promise<CallToolResult> {
    // Checked before a desktop is started for it.
    const { sessionId } = parseArguments(wide, raw) as { sessionId?: string };
    const { sessionId: _, ...args } = (raw ?? {}) as Record<string, unknown>;
    const { session, beside } = await this.sessionFor(tool, caller, sessionId);
    const { broker } = this.deps;
    const leave = this.calls.arrive(session.sessionId);
    try {
      const live = await presentNow(broker, session.sessionId);
      this.choice.works(caller, session.sessionId);
      broker.touch(session.sessionId);
      const agent = this.rename(live?.session ?? session, clientName);
      return await this.calls.call({ sessionId: session.sessionId, live, tool, arguments: args, agent, io, beside });
    } finally {
      leave();
    }
  }

  private async sessionFor(
    tool: Tool,
    caller: Caller,
    sessionId: string | undefined,
  ): Promise<{ session: Session; beside: Beside }> {
    if (sessionId) return { session: this.choice.named(caller, sessionId), beside: {} };
    const implied = this.choice.implied(caller);
    if (implied) return { session: implied, beside: {} };
    this.choice.tellEnd(caller);
    if (needNoDesktop.has(tool.name)) {
      throw new WheelhouseError('session_gone', 'You have no session, so there is nothing to control.');
    }
    const session = await this.choice.first(caller);
    const poolName = this.deps.broker.pools.get(session.poolId).displayName;
    return {
      session,
      beside: {
        notice: `You had no session, so a desktop was started for you: session ${session.sessionId} in the pool “${poolName}”. Further calls use it. Call end_session when the job is done.`,
        session: { ...sessionFacts(session, poolName), started: true },
      },
    };
  }
}
