import type { Session } from '@shared/session';
import type { UsageQuery, UsageReport, UsageRow } from '@shared/usage';
import type { Bus } from '../base/bus';
import { iso, type Clock } from '../base/clock';
import { WheelhouseError } from '../base/errors';
import type { Logger } from '../base/logger';
import type { Broker } from '../broker/types';
import type { Database } from '../store/database';
import { hourMs, usageStore, type UsageSum } from '../store/usage';
import { Meter } from './meter';

/** How often time is counted, and how often what was counted is written: a crash loses that much. Milliseconds. */
const lookEveryMs = 2000;
const writeEveryMs = 4000;
const mostRows = 10_000;
const usualSpanMs = 30 * 24 * hourMs;
/** These wait for a person: the agent does nothing meanwhile. */
const waiting: ReadonlySet<string> = new Set(['await_control', 'request_human']);

export interface Usage {
  /** What was used; bad_request when `from` is not before `to`. */
  report(query: UsageQuery): UsageReport;
  /** A call of the session's agent begins; returns its end. */
  call(sessionId: string, tool: string): () => void;
  /** Writes what was counted. */
  close(): void;
}

/**
 * What sessions use, booked by session and hour. Fed by the broker's sessions and what the bus says of them; time is
 * that of the monotonic clock between two looks, so that a jump of the wall clock moves nothing but the hour it is booked
 * in, and sleep, a stop or a crash books nothing.
 */
export function createUsage(deps: {
  db: Database;
  broker: Pick<Broker, 'onLive' | 'onSuspended' | 'onEnded'>;
  bus: Bus;
  clock: Clock;
  logger: Logger;
}): Usage {
  const { broker, bus, clock } = deps;
  const logger = deps.logger.child({ room: 'usage' });
  const store = usageStore(deps.db);
  const meter = new Meter(clock);
  let failing = false;
  let written = clock.monotonic();

  function write(): void {
    written = clock.monotonic();
    const deltas = meter.take();
    if (deltas.length === 0) return;
    try {
      store.add(deltas);
      failing = false;
    } catch (error) {
      meter.giveBack(deltas);
      // Said once; a disk may be full for hours.
      if (!failing) logger.warn({ err: error }, 'usage could not be written; it is kept and tried again');
      failing = true;
    }
  }
  function look(): void {
    stopClock = clock.after(lookEveryMs, look);
    meter.settle();
    if (clock.monotonic() - written >= writeEveryMs) write();
  }
  let stopClock = clock.after(lookEveryMs, look);

  const stops = [
    broker.onLive((session: Session) => meter.open(session)),
    // After a start it is not live, and its time counts.
    broker.onSuspended((session) => meter.open(session)),
    broker.onEnded(({ sessionId }) => meter.close(sessionId)),
    bus.on((event) => {
      switch (event.event) {
        case 'session':
          return meter.seen(event.data);
        case 'control':
          return meter.control(event.data.sessionId, event.data.control.kind);
        case 'action': {
          const { sessionId, frameBefore, frameAfter } = event.data;
          if (frameBefore) meter.frame(sessionId, frameBefore);
          if (frameAfter) meter.frame(sessionId, frameAfter);
          return;
        }
        case 'checkpoint': {
          const { sessionId, checkpointId, state, bytes } = event.data;
          if (state === 'ready' && bytes !== null) meter.checkpoint(sessionId, checkpointId, bytes);
          return;
        }
        default:
      }
    }),
  ];

  return {
    report(query) {
      write();
      const now = clock.now();
      const to = query.to === undefined ? Math.floor(now / hourMs) + 1 : Math.floor(Date.parse(query.to) / hourMs);
      const from = Math.floor((query.from === undefined ? to * hourMs - usualSpanMs : Date.parse(query.from)) / hourMs);
      if (from >= to) throw new WheelhouseError('bad_request', '“from” must lie at least an hour before “to”.');
      const span = { from, to, poolId: query.pool };
      const found = store.groups(query.by, span, mostRows + 1);
      return {
        from: iso(from * hourMs),
        to: iso(to * hourMs),
        by: query.by,
        rows: found.slice(0, mostRows).map(toRow),
        total: toMeasured(store.total(span)),
        truncated: found.length > mostRows,
      };
    },
    call: (sessionId, tool) => meter.call(sessionId, waiting.has(tool)),
    close() {
      stopClock();
      for (const stop of stops) stop();
      write();
    },
  };
}

const toMeasured = (sum: Omit<UsageSum, 'key' | 'name' | 'pool_id' | 'caller'>) => ({
  sessions: sum.sessions,
  calls: sum.calls,
  wallMs: Math.round(sum.wall_ms),
  activeMs: Math.round(sum.active_ms),
  heldMs: Math.round(sum.held_ms),
  pausedMs: Math.round(sum.paused_ms),
  suspendedMs: Math.round(sum.suspended_ms),
  recordBytes: sum.record_bytes,
  checkpointBytes: sum.checkpoint_bytes,
});

const toRow = (sum: UsageSum): UsageRow => ({
  key: sum.key,
  name: sum.name ?? sum.key,
  poolId: sum.pool_id,
  caller: sum.caller,
  ...toMeasured(sum),
});
