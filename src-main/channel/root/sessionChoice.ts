import type { Pool } from '@shared/pool';
import type { Session, SessionStatus } from '@shared/session';
import type { Caller } from '../../base/caller';
import { WheelhouseError } from '../../base/errors';
import type { AcquireRequest } from '../../broker/types';
import { idledOut } from '../../broker/words';
import type { ChannelDeps } from '../types';

const ended: ReadonlySet<SessionStatus> = new Set(['releasing', 'released', 'failed', 'expired']);

export const hasEnded = (session: Session): boolean => ended.has(session.status);

/** An agent reaches its own sessions only; a token's name is its identity, unique among those in use. */
export const mayUse = (caller: Caller, session: Session): boolean =>
  caller.role !== 'agent' || session.caller === caller.name;

/** Nobody ended it: its agent was away for too long. */
const wasAway = ({ status, reason }: Session): boolean => status === 'expired' || reason?.startsWith(idledOut) === true;

function goneError(session: Session, what: string): WheelhouseError {
  const { sessionId, status, reason } = session;
  return new WheelhouseError('session_gone', `${what}${reason ? ` (${reason})` : ''}.`, {
    sessionId,
    ...(status !== 'failed' && !wasAway(session) && { stopped: true }),
  });
}

/** As long as one request may wait for a desktop; milliseconds. */
const acquireWaitMs = 25_000;

/** How long calls that were already on their way hear of an end; milliseconds. */
const tellMs = 10_000;

/** Which session a call on `/mcp` means, and how a caller gets its first. */
export class SessionChoice {
  /** One first session a token, however many first calls come at once. */
  private readonly starting = new Map<string, Promise<Session>>();

  /** What each token's calls last reached, until its agent knows of the end. One entry a token's name. */
  private readonly last = new Map<string, { sessionId: string; toldAt: number | null }>();

  constructor(private readonly deps: Pick<ChannelDeps, 'broker' | 'clock'>) {}

  /** Notes what a caller works on. */
  works(caller: Caller, sessionId: string): void {
    this.last.set(caller.name, { sessionId, toldAt: null });
  }

  /** The caller ended its session itself, or asks for another by name. */
  forget(caller: Caller): void {
    this.last.delete(caller.name);
  }

  /**
   * session_gone when the session that the caller worked on was stopped or lost. A desktop started unasked in its place
   * would take the next click blindly, and a person's stop would stop nothing. One that idled out is not worth it: its
   * agent was away.
   */
  tellEnd(caller: Caller): void {
    const last = this.last.get(caller.name);
    const session = last && this.known(last.sessionId);
    const now = this.deps.clock.now();
    const untold = last && (last.toldAt === null || now - last.toldAt < tellMs);
    if (!last || !untold || !session || !hasEnded(session) || wasAway(session)) {
      this.last.delete(caller.name);
      return;
    }
    last.toldAt ??= now;
    throw goneError(session, `Nothing was done. Your session ${session.sessionId} has ended`);
  }

  private known(sessionId: string): Session | null {
    try {
      return this.deps.broker.sessions.get(sessionId);
    } catch (error) {
      if (!(error instanceof WheelhouseError) || (error.code !== 'session_gone' && error.code !== 'not_found'))
        throw error;
      return null;
    }
  }

  own(caller: Caller): Session[] {
    return this.deps.broker.sessions
      .live(caller.name)
      .filter((session) => session.caller === caller.name && !hasEnded(session));
  }

  /** session_gone: ended, unknown, or not the caller's (which it need not learn). */
  named(caller: Caller, sessionId: string): Session {
    const session = this.known(sessionId);
    if (!session || !mayUse(caller, session))
      throw new WheelhouseError('session_gone', 'You have no session with this id.', { sessionId });
    if (hasEnded(session)) throw goneError(session, 'The session has ended');
    return session;
  }

  /** The only live one; null when there is none; bad_request that lists them when there are several. */
  implied(caller: Caller): Session | null {
    const own = this.own(caller);
    if (own.length <= 1) return own[0] ?? null;
    const sessions = own.map(({ sessionId, name, poolId, createdAt }) => ({ sessionId, name, poolId, createdAt }));
    const list = own.map(({ sessionId, name }) => (name ? `${sessionId} (${name})` : sessionId)).join(', ');
    throw new WheelhouseError(
      'bad_request',
      `You have ${own.length} sessions: say which one by sessionId. They are ${list}.`,
      { sessions },
    );
  }

  mayAcquire(caller: Caller, pool: Pool): boolean {
    const granted = caller.pools.length === 0 || caller.pools.includes(pool.id);
    return (
      granted && (pool.assignments.length === 0 || pool.assignments.includes(caller.name) || caller.role !== 'agent')
    );
  }

  /** In the token's own order where it names pools. */
  pools(caller: Caller): Pool[] {
    const all = this.deps.broker.pools.list();
    const ordered =
      caller.pools.length === 0 ? all : caller.pools.flatMap((id) => all.filter((pool) => pool.id === id));
    return ordered.filter((pool) => this.mayAcquire(caller, pool));
  }

  /** By id or name; absent: the first that hands out desktops. forbidden or not_found otherwise. */
  pool(caller: Caller, wanted?: string): Pool {
    const pools = this.pools(caller);
    if (wanted === undefined) {
      const first = pools.find((pool) => !pool.paused) ?? pools[0];
      if (first) return first;
      throw new WheelhouseError('forbidden', 'This token may not acquire a desktop from any pool. Ask the operator.');
    }
    const named =
      pools.find((pool) => pool.id === wanted) ??
      pools.find((pool) => pool.displayName.toLowerCase() === wanted.toLowerCase());
    if (named) return named;
    throw new WheelhouseError(
      'not_found',
      `There is no pool of that name for you. There is ${pools.map((pool) => pool.displayName).join(', ') || 'none'}.`,
    );
  }

  /** A session that nobody named is called like its token, so that people can tell it from others. */
  acquire(
    caller: Caller,
    pool: Pool,
    options: Omit<AcquireRequest, 'poolId' | 'caller' | 'waitMs'>,
    signal: AbortSignal,
  ): Promise<Session> {
    const { name = caller.name, ...rest } = options;
    return this.deps.broker.acquire({ ...rest, poolId: pool.id, caller, waitMs: acquireWaitMs, name }, signal);
  }

  /** The caller's first session. Calls that arrive together share it; one client's going does not end it for the others. */
  first(caller: Caller): Promise<Session> {
    const running = this.starting.get(caller.name);
    if (running) return running;
    const late = new AbortController();
    const stop = this.deps.clock.after(acquireWaitMs + 5000, () =>
      late.abort(new WheelhouseError('acquire_timeout', 'No desktop became free in time.')),
    );
    const started = Promise.resolve()
      .then(() => this.acquire(caller, this.pool(caller), {}, late.signal))
      .finally(() => {
        stop();
        this.starting.delete(caller.name);
      });
    this.starting.set(caller.name, started);
    return started;
  }
}
