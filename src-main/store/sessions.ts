import { z } from 'zod';
import { hashSchema, idSchema, sessionIdSchema, timeSchema } from '@shared/ids';
import { labelsSchema, sessionStatusSchema, type Page, type SessionStatus } from '@shared/session';
import { WheelhouseError } from '../base/errors';
import { sql, type Database } from './database';
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
  }));
export type SessionRow = z.output<typeof rowSchema>;

export interface SessionMove {
  machineId?: string;
  reason?: string;
  endedAt?: string;
}

export interface SessionStore {
  get(sessionId: string): SessionRow | undefined;
  byComputer(computerId: string): SessionRow | undefined;
  /** Not ended, in the order they were asked for (which is the queue's order too); of one caller where given. */
  live(caller?: string): SessionRow[];
  liveByMachine(machineId: string): SessionRow | undefined;
  page(query: PageQuery, filter: { live?: boolean; caller?: string }): Page<SessionRow>;
  insert(session: SessionRow): void;
  /** Compare-and-set on the status. conflict when the session is no longer in `from`. */
  move(sessionId: string, from: SessionStatus, to: SessionStatus, change: SessionMove): void;
  setActivity(sessionId: string, at: string): void;
  setAgent(sessionId: string, agent: string): void;
  /** For one that waited and got nothing: its key is free again. */
  remove(sessionId: string): void;
}

const columns =
  'id, computer_id, pool_id, machine_id, status, parameters_hash, name, agent, caller, labels, reason, created_at, last_activity_at, ended_at';

export function sessionStore(db: Database): SessionStore {
  const one = (where: string, value: string): SessionRow | undefined => {
    const row = sql(db, `SELECT ${columns} FROM sessions WHERE ${where}`).get(value);
    return row === undefined ? undefined : rowSchema.parse(row);
  };
  return {
    get: (sessionId) => one('id = ?', sessionId),
    byComputer: (computerId) => one('computer_id = ?', computerId),
    liveByMachine: (machineId) => one('machine_id = ? AND ended_at IS NULL', machineId),
    live(caller) {
      const found =
        caller === undefined
          ? sql(db, `SELECT ${columns} FROM sessions WHERE ended_at IS NULL ORDER BY seq`).all()
          : sql(db, `SELECT ${columns} FROM sessions WHERE ended_at IS NULL AND caller = ? ORDER BY seq`).all(caller);
      return found.map((row) => rowSchema.parse(row));
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
      sql(db, `INSERT INTO sessions (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`).run(
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
      );
    },
    move(sessionId, from, to, change) {
      const { changes } = sql(
        db,
        `UPDATE sessions SET status = ?, machine_id = coalesce(?, machine_id), reason = coalesce(?, reason), ended_at = ?
         WHERE id = ? AND status = ?`,
      ).run(to, change.machineId ?? null, change.reason ?? null, change.endedAt ?? null, sessionId, from);
      if (changes !== 1) throw new WheelhouseError('conflict', `Session ${sessionId} is no longer ${from}.`);
    },
    setActivity: (sessionId, at) =>
      void sql(db, 'UPDATE sessions SET last_activity_at = ? WHERE id = ? AND ended_at IS NULL').run(at, sessionId),
    setAgent: (sessionId, agent) => void sql(db, 'UPDATE sessions SET agent = ? WHERE id = ?').run(agent, sessionId),
    remove: (sessionId) => void sql(db, 'DELETE FROM sessions WHERE id = ?').run(sessionId),
  };
}
