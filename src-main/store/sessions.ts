import { z } from 'zod';
import { hashSchema, idSchema, sessionIdSchema, timeSchema } from '@shared/ids';
import { sizeSchema } from '@shared/pool';
import { labelsSchema, sessionStatusSchema, type Page, type SessionStatus } from '@shared/session';
import { WheelhouseError } from '../base/errors';
import { sql, type Database } from './database';
import { parsedRows } from './parsedRows';
import { readPage, type PageQuery } from './page';

const rowSchema = z
  .object({
    id: sessionIdSchema,
    computer_id: idSchema,
    pool_id: idSchema,
    machine_id: idSchema.nullable(),
    status: sessionStatusSchema,
    parameters_hash: hashSchema,
    name: z.string(),
    agent: z.string(),
    caller: z.string(),
    labels: z.string(),
    reason: z.string().nullable(),
    created_at: timeSchema,
    last_activity_at: timeSchema,
    ended_at: timeSchema.nullable(),
    home_id: idSchema.nullable(),
    idle_seconds: z.int().nullable(),
    suspended_at: timeSchema.nullable(),
    suspended_ms: z.int().nullable(),
    saved_as: idSchema.nullable(),
    size: z.string().nullable(),
  })
  .transform((row) => ({
    sessionId: row.id,
    computerId: row.computer_id,
    poolId: row.pool_id,
    machineId: row.machine_id,
    status: row.status,
    /** SHA-256 of the acquire's parameters: a retry of the key must ask for the same. */
    parametersHash: row.parameters_hash,
    name: row.name,
    agent: row.agent,
    caller: row.caller,
    labels: labelsSchema.parse(JSON.parse(row.labels)),
    reason: row.reason,
    createdAt: row.created_at,
    lastActivityAt: row.last_activity_at,
    endedAt: row.ended_at,
    /** The home it has beyond its machines. */
    homeId: row.home_id,
    /** Its own idle time; null: its pool's. */
    idleSeconds: row.idle_seconds,
    /** While it is suspended: since when, by the wall and by counted time; and the machine saved for it, if one was. */
    suspendedAt: row.suspended_at,
    suspendedMs: row.suspended_ms,
    savedAs: row.saved_as,
    /** What its machines are to be like where that is not simply its pool's; null: as the pool says. */
    size: row.size === null ? null : sizeSchema.parse(JSON.parse(row.size)),
  }));
export type SessionRow = z.output<typeof rowSchema>;

export interface SessionMove {
  /** Null: it has none any more. */
  machineId?: string | null;
  suspendedAt?: string | null;
  suspendedMs?: number | null;
  savedAs?: string | null;
  reason?: string;
  endedAt?: string;
}

export interface SessionStore {
  get(sessionId: string): SessionRow | undefined;
  byComputer(computerId: string): SessionRow | undefined;
  /** Not ended, in the order they were asked for (which is the queue's order too); of one caller where given. */
  live(caller?: string): SessionRow[];
  liveByMachine(machineId: string): SessionRow | undefined;
  /** The last one that had it and did not give it back. */
  lastOfMachine(machineId: string): SessionRow | undefined;
  page(query: PageQuery, filter: { live?: boolean; caller?: string }): Page<SessionRow>;
  insert(session: SessionRow): void;
  /** Compare-and-set on the status. conflict when the session is no longer in `from`. */
  move(sessionId: string, from: SessionStatus, to: SessionStatus, change: SessionMove): void;
  setActivity(sessionId: string, at: string): void;
  setHome(sessionId: string, homeId: string): void;
  setAgent(sessionId: string, agent: string): void;
  /** For one that waited and got nothing: its key is free again. */
  remove(sessionId: string): void;
}

const columns =
  'id, computer_id, pool_id, machine_id, status, parameters_hash, name, agent, caller, labels, reason, created_at, last_activity_at, ended_at, home_id, idle_seconds, suspended_at, suspended_ms, saved_as, size';

/** Whether it is to be written, and what. */
const given = <T extends string | number>(value: T | null | undefined): [number, T | null] => [
  value === undefined ? 0 : 1,
  value ?? null,
];

export function sessionStore(db: Database): SessionStore {
  const parsed = parsedRows((row) => rowSchema.parse(row));
  const one = (where: string, value: string): SessionRow | undefined => {
    const row = sql(db, `SELECT ${columns} FROM sessions WHERE ${where}`).get(value);
    return row === undefined ? undefined : parsed(row);
  };
  return {
    get: (sessionId) => one('id = ?', sessionId),
    byComputer: (computerId) => one('computer_id = ?', computerId),
    liveByMachine: (machineId) => one('machine_id = ? AND ended_at IS NULL', machineId),
    lastOfMachine: (machineId) => one('machine_id = ? ORDER BY seq DESC LIMIT 1', machineId),
    live(caller) {
      const found =
        caller === undefined
          ? sql(db, `SELECT ${columns} FROM sessions WHERE ended_at IS NULL ORDER BY seq`).all()
          : sql(db, `SELECT ${columns} FROM sessions WHERE ended_at IS NULL AND caller = ? ORDER BY seq`).all(caller);
      return found.map((row) => parsed(row));
    },
    page(query, filter) {
      const where: { text: string; values: string[] }[] = [];
      if (filter.live) where.push({ text: 'ended_at IS NULL', values: [] });
      if (filter.caller !== undefined) where.push({ text: 'caller = ?', values: [filter.caller] });
      const source = {
        table: 'sessions',
        columns,
        where,
        row: rowSchema.parse,
        id: (row: SessionRow) => row.sessionId,
      };
      return readPage(db, source, query);
    },
    insert(session) {
      sql(
        db,
        `INSERT INTO sessions (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ).run(
        session.sessionId,
        session.computerId,
        session.poolId,
        session.machineId,
        session.status,
        session.parametersHash,
        session.name,
        session.agent,
        session.caller,
        JSON.stringify(session.labels),
        session.reason,
        session.createdAt,
        session.lastActivityAt,
        session.endedAt,
        session.homeId,
        session.idleSeconds,
        session.suspendedAt,
        session.suspendedMs,
        session.savedAs,
        session.size === null ? null : JSON.stringify(session.size),
      );
    },
    move(sessionId, from, to, change) {
      const { changes } = sql(
        db,
        `UPDATE sessions SET status = ?, machine_id = iif(?, ?, machine_id), reason = coalesce(?, reason), ended_at = ?,
           suspended_at = iif(?, ?, suspended_at), suspended_ms = iif(?, ?, suspended_ms), saved_as = iif(?, ?, saved_as)
         WHERE id = ? AND status = ?`,
      ).run(
        to,
        ...given(change.machineId),
        change.reason ?? null,
        change.endedAt ?? null,
        ...given(change.suspendedAt),
        ...given(change.suspendedMs),
        ...given(change.savedAs),
        sessionId,
        from,
      );
      if (changes !== 1) throw new WheelhouseError('conflict', `Session ${sessionId} is no longer ${from}.`);
    },
    setActivity: (sessionId, at) =>
      void sql(db, 'UPDATE sessions SET last_activity_at = ? WHERE id = ? AND ended_at IS NULL').run(at, sessionId),
    setHome: (sessionId, homeId) => void sql(db, 'UPDATE sessions SET home_id = ? WHERE id = ?').run(homeId, sessionId),
    setAgent: (sessionId, agent) => void sql(db, 'UPDATE sessions SET agent = ? WHERE id = ?').run(agent, sessionId),
    remove: (sessionId) => void sql(db, 'DELETE FROM sessions WHERE id = ?').run(sessionId),
  };
}
