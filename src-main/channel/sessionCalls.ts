import type { CallToolResult } from '@modelcontextprotocol/server';
import { WheelhouseError, asWheelhouseError } from '../base/errors';
import type { Kept, LiveSession } from '../broker/types';
import type { ScreenHub } from '../screen/types';
import { act } from './act';
import { ActQueue, orAborted } from './actQueue';
import { failure, success, type Beside } from './answer';
import { refuseBarred } from './barred';
import { createCallSignal, type CallSignal } from './callSignal';
import { HelpDesk } from './helpDesk';
import { outcomeOf } from './outcome';
import { asleep, presentNow, renewedText, wake } from './presence';
import { read } from './read';
import { Screens } from './screens';
import type { CallIo, Tool, ToolAnswer, ToolContext } from './tool';
import { parseArguments } from './toolList';
import { defaultSettings, type CallOutcome, type ChannelDeps } from './types';

const defaultDeadlineMs = 30_000;

export interface SessionCall {
  sessionId: string;
  /** Null while it is suspended: it is resumed for the call. */
  live: LiveSession | null;
  tool: Tool;
  arguments: unknown;
  agent: string;
  io: CallIo;
  beside?: Beside;
}

/** Runs the tools of a desktop for whoever was let in. Every failure becomes a result that the agent can read. */
export class SessionCalls {
  private readonly queue = new ActQueue();
  private readonly help: HelpDesk;
  private readonly screens: Screens;
  private readonly running = new Map<string, number>();
  /** Suspended, or come back, and its agent has not been told: what it is to be told. */
  private readonly renewed = new Map<string, string>();

  constructor(private readonly deps: ChannelDeps) {
    this.help = new HelpDesk(deps.attention);
    this.screens = new Screens(deps);
    for (const { sessionId, status } of deps.broker.sessions.live())
      if (status === 'idle' || status === 'acquiring') this.renewed.set(sessionId, renewedText({ all: false }));
  }

  /** A call for this session is on its way: it is not idle. Returns its end. */
  arrive(sessionId: string): () => void {
    this.running.set(sessionId, (this.running.get(sessionId) ?? 0) + 1);
    let over = false;
    return () => {
      if (over) return;
      over = true;
      const left = (this.running.get(sessionId) ?? 1) - 1;
      if (left > 0) this.running.set(sessionId, left);
      else this.running.delete(sessionId);
    };
  }

  async call({ sessionId, live, tool, arguments: raw, agent, io, beside = {} }: SessionCall): Promise<CallToolResult> {
    const { clock, control, logger } = this.deps;
    let call: CallSignal | undefined;
    let result: (more: Beside) => CallToolResult;
    const ended = this.deps.onCall?.(tool.name, sessionId);
    let outcome: CallOutcome = 'done';
    const leave = this.arrive(sessionId);
    try {
      const args = parseArguments(tool, raw);
      const present = await this.present(sessionId, live, tool, io);
      call = createCallSignal(clock, tool.deadlineMs?.(args) ?? defaultDeadlineMs, io.signal, this.deps.draining);
      const answer = await this.run(tool, args, present, agent, io, call);
      result = (more) => success(answer, more);
    } catch (thrown) {
      const error = this.endOf(sessionId) ?? asWheelhouseError(thrown);
      if (error.code === 'internal')
        logger.error({ err: error.cause ?? error, sessionId, tool: tool.name }, 'tool failed');
      outcome = outcomeOf(error);
      result = (more) => failure(error, more);
    } finally {
      call?.dispose();
      ended?.(outcome);
      leave();
    }
    // Told once: not into the answer of a client that is gone.
    const handback = io.signal.aborted ? null : control.takeHandback(sessionId);
    return result({ ...beside, handback, renewed: io.signal.aborted ? null : this.takeRenewed(sessionId) });
  }

  /** Its machine. One that has it by now is not resumed again: it may have been suspended since its address was asked. */
  private async present(sessionId: string, live: LiveSession | null, tool: Tool, io: CallIo): Promise<LiveSession> {
    const { broker } = this.deps;
    if (tool.awake === false)
      return live ?? (await presentNow(broker, sessionId)) ?? asleep(broker.sessions.get(sessionId));
    return live ?? wake(broker, sessionId, io);
  }
  /** Said once, with the first answer that comes from the new desktop. */
  private takeRenewed(sessionId: string): string | null {
    const words = this.renewed.get(sessionId);
    if (words === undefined || this.deps.broker.sessions.get(sessionId).status !== 'active') return null;
    this.renewed.delete(sessionId);
    return words;
  }
  /** It is back, with what was kept of it. */
  resumed(sessionId: string, kept: Kept): void {
    this.renewed.set(sessionId, renewedText(kept));
  }
  /** The session was suspended: its screen is gone, and its agent is to be told. */
  suspended(sessionId: string): void {
    this.renewed.set(sessionId, renewedText({ all: false }));
    this.screens.forget(sessionId);
  }

  private async run(
    tool: Tool,
    args: Record<string, unknown>,
    live: LiveSession,
    agent: string,
    io: CallIo,
    call: CallSignal,
  ): Promise<ToolAnswer> {
    const { sessionId } = live.session;
    const { signal } = call;
    refuseBarred(tool, sessionId, this.deps);
    let opening: Promise<ScreenHub> | undefined;
    const open = () => this.screens.open(live);
    const context: Omit<ToolContext, 'epoch'> = {
      live,
      hub(renew) {
        if (renew) opening = undefined;
        return (opening ??= open());
      },
      signal,
      io,
      deps: this.deps,
      help: this.help,
      agent,
    };
    const areas = tool.area?.(args) ?? [];
    if (areas.length > 0) checkAreas(areas, (await orAborted(context.hub(), signal)).size);
    if (tool.kind === 'read') return read(tool, args, { ...context, epoch: this.deps.control.state(sessionId).epoch });
    return this.queue.run(sessionId, signal, async () => {
      const hub = await orAborted(context.hub(), signal).catch(() => null);
      const settings = { ...defaultSettings, ...this.deps.settings?.() };
      return act({ tool, args, context, call, hub, settings });
    });
  }

  /** What a call that failed is told when its session is over: that, and why, whatever broke first under it. */
  private endOf(sessionId: string): WheelhouseError | null {
    try {
      const { endedAt, reason } = this.deps.broker.sessions.get(sessionId);
      if (endedAt === null) return null;
      return new WheelhouseError('session_gone', `The session has ended${reason ? ` (${reason})` : ''}.`, {
        sessionId,
      });
    } catch {
      return null;
    }
  }

  /** The session ended: nothing of it is kept. */
  forget(sessionId: string): void {
    this.help.forget(sessionId);
    this.renewed.delete(sessionId);
    this.screens.forget(sessionId);
  }

  /** True while a call of the session runs or waits for its turn. */
  busy(sessionId: string): boolean {
    return this.running.has(sessionId);
  }

  close(): void {
    this.screens.close();
  }
}

/** bad_request, with the screen's size, for what does not lie wholly on the screen. */
function checkAreas(
  areas: { x: number; y: number; width: number; height: number }[],
  size: { width: number; height: number },
): void {
  for (const { x, y, width, height } of areas) {
    if (x + width <= size.width && y + height <= size.height) continue;
    const what = width === 1 && height === 1 ? `${x}, ${y}` : `The area ${x}, ${y}, ${width} wide, ${height} high`;
    throw new WheelhouseError(
      'bad_request',
      `${what} is outside the screen, which is ${size.width} wide and ${size.height} high.`,
      {
        width: size.width,
        height: size.height,
      },
    );
  }
}
