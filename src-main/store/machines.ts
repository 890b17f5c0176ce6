import { z } from 'zod';
import { idSchema, sessionIdSchema, timeSchema } from '@shared/ids';
import {
  backendKindSchema,
  machineStateSchema,
  machineTroubleSchema,
  sizeSchema,
  type MachineState,
  type MachineTrouble,
} from '@shared/pool';
import { WheelhouseError } from '../base/errors';
import { sql, type Database } from './database';
import { parsedRows } from './parsedRows';

const rowSchema = z
  .object({
    id: idSchema,
    pool_id: idSchema,
    backend: backendKindSchema,
    state: machineStateSchema,
    image: z.string(),
    size: z.string(),
    secret: z.string().min(16),
    boot_id: z.string().nullable(),
    session_id: sessionIdSchema.nullable(),
    frozen: z.int(),
    restoring: idSchema.nullable(),
    for_session: sessionIdSchema.nullable(),
    from_checkpoint: idSchema.nullable(),
    home_id: idSchema.nullable(),
    trouble: machineTroubleSchema.nullable(),
    kept_until: timeSchema.nullable(),
    reason: z.string().nullable(),
    since: timeSchema,
    created_at: timeSchema,
  })
  .transform((row) => ({
    machineId: row.id,
    poolId: row.pool_id,
    backend: row.backend,
    state: row.state,
    image: row.image,
    size: sizeSchema.parse(JSON.parse(row.size)),
    /** The link's secret: kept so that a restarted broker can reach the machine; never logged or shown. */
    secret: row.secret,
    bootId: row.boot_id,
    sessionId: row.session_id,
    /** Its processors are stopped because somebody said so; only a leased machine's. */
    frozen: row.frozen === 1 && row.state === 'leased',
    /** The checkpoint that it is being put back to; null as a rule. */
    restoring: row.restoring,
    /** A branch: made for this session alone, from this checkpoint. */
    forSession: row.for_session,
    fromCheckpoint: row.from_checkpoint,
    /** The home it was made with, which outlives it. */
    homeId: row.home_id,
    /** Of a quarantined one: what is wrong with it, and until when somebody wants it kept at least. */
    trouble: row.trouble,
    keptUntil: row.kept_until,
    reason: row.reason,
    since: row.since,
    createdAt: row.created_at,
  }));
export type MachineRow = z.output<typeof rowSchema>;

export interface MachineMove {
  at: string;
  reason?: string | null;
  bootId?: string;
  sessionId?: string;
  trouble?: MachineTrouble;
}

export type NewMachine = Pick<
  MachineRow,
  'machineId' | 'poolId' | 'backend' | 'image' | 'size' | 'secret' | 'createdAt'
> &
  Partial<Pick<MachineRow, 'forSession' | 'fromCheckpoint' | 'homeId'>>;

export interface MachineStore {
  /** Oldest first. */
  all(): MachineRow[];
  byPool(poolId: string): MachineRow[];
  get(machineId: string): MachineRow | undefined;
  insert(machine: NewMachine): void;
  /** Compare-and-set on the state. conflict when the machine is no longer in `from`. The session goes with `leased`. */
  move(machineId: string, from: MachineState, to: MachineState, change: MachineMove): void;
  setReason(machineId: string, reason: string): void;
  /** Of one that goes on with it; null: it is over. */
  setTrouble(machineId: string, trouble: MachineTrouble | null, reason: string | null): void;
  setKeptUntil(machineId: string, until: string): void;
  setFrozen(machineId: string, frozen: boolean): void;
  /** The intent to put it back to a checkpoint. */
  setRestoring(machineId: string, checkpointId: string): void;
  /** What was intended is over: this boot id answers now. */
  setRestored(machineId: string, bootId: string): void;
  remove(machineId: string): void;
}

const columns =
  'id, pool_id, backend, state, image, size, secret, boot_id, session_id, frozen, restoring, for_session, from_checkpoint, home_id, trouble, kept_until, reason, since, created_at';

export function machineStore(db: Database): MachineStore {
  const parsed = parsedRows((row) => rowSchema.parse(row));
  return {
    all: () =>
      sql(db, `SELECT ${columns} FROM machines ORDER BY seq`)
        .all()
        .map((row) => parsed(row)),
    byPool: (poolId) =>
      sql(db, `SELECT ${columns} FROM machines WHERE pool_id = ? ORDER BY seq`)
        .all(poolId)
        .map((row) => parsed(row)),
    get(machineId) {
      const row = sql(db, `SELECT ${columns} FROM machines WHERE id = ?`).get(machineId);
      return row === undefined ? undefined : parsed(row);
    },
    insert(machine) {
      sql(
        db,
        `INSERT INTO machines (id, pool_id, backend, state, image, size, secret, for_session, from_checkpoint, home_id, since, created_at)
         VALUES (?, ?, ?, 'creating', ?, ?, ?, ?, ?, ?, ?, ?)`,
      ).run(
        machine.machineId,
        machine.poolId,
        machine.backend,
        machine.image,
        JSON.stringify(machine.size),
        machine.secret,
        machine.forSession ?? null,
        machine.fromCheckpoint ?? null,
        machine.homeId ?? null,
        machine.createdAt,
        machine.createdAt,
      );
    },
    move(machineId, from, to, change) {
      const { changes } = sql(
        db,
        `UPDATE machines SET state = ?, since = ?, reason = ?, boot_id = coalesce(?, boot_id), session_id = ?,
           trouble = coalesce(?, trouble)
         WHERE id = ? AND state = ?`,
      ).run(
        to,
        change.at,
        change.reason ?? null,
        change.bootId ?? null,
        change.sessionId ?? null,
        change.trouble ?? null,
        machineId,
        from,
      );
      if (changes !== 1) throw new WheelhouseError('conflict', `Machine ${machineId} is no longer ${from}.`);
    },
    setReason: (machineId, reason) =>
      void sql(db, 'UPDATE machines SET reason = ? WHERE id = ?').run(reason, machineId),
    setTrouble: (machineId, trouble, reason) =>
      void sql(db, 'UPDATE machines SET trouble = ?, reason = ? WHERE id = ?').run(trouble, reason, machineId),
    setKeptUntil: (machineId, until) =>
      void sql(db, 'UPDATE machines SET kept_until = ? WHERE id = ?').run(until, machineId),
    setFrozen: (machineId, frozen) =>
      void sql(db, 'UPDATE machines SET frozen = ? WHERE id = ?').run(frozen ? 1 : 0, machineId),
    setRestoring: (machineId, checkpointId) =>
      void sql(db, 'UPDATE machines SET restoring = ? WHERE id = ?').run(checkpointId, machineId),
    setRestored: (machineId, bootId) =>
      void sql(db, 'UPDATE machines SET restoring = NULL, boot_id = ? WHERE id = ?').run(bootId, machineId),
    remove: (machineId) => void sql(db, 'DELETE FROM machines WHERE id = ?').run(machineId),
  };
}
