import { z } from 'zod';
import { idSchema } from './ids';
import { openFields, poolFields } from './pool';

/** Words that are routes of their own beside a pool's. */
const routeWords = ['export', 'import'];

const { displayName, ...others } = poolFields;
/** As in a pool, but that a field which nobody knows is a fault: it is a slip of the pen, never silently dropped. */
const strict = {
  ...others,
  size: openFields.size.strict(),
  warm: openFields.warm.strict(),
  idle: openFields.idle.strict(),
  home: openFields.home.strict(),
  acquire: openFields.acquire.strict(),
  network: openFields.network.strict(),
  checkpoints: openFields.checkpoints.strict(),
  limits: openFields.limits.strict(),
};

export const poolEntrySchema = z.strictObject({
  id: idSchema
    .refine((id) => !routeWords.includes(id), { message: 'export and import can’t be ids' })
    .optional()
    .describe('Which pool is meant; without it, and where no pool has it, the one of this name.'),
  displayName,
  ...z.object(strict).partial().shape,
});
/** One pool of a file. What it leaves out stays as it is in a pool that exists, and has its default in a new one. */
export type PoolEntry = z.infer<typeof poolEntrySchema>;

/** A file of pools, as exported and imported. Its JSON Schema is published: docs/schemas/pool.schema.json. */
export const poolFileSchema = z.strictObject({ pools: z.array(poolEntrySchema).min(1).max(200) });
export type PoolFile = z.infer<typeof poolFileSchema>;

/** Where a running Wheelhouse serves the schema; needs no token, so that editors can read it. */
export const poolSchemaPath = '/schemas/pool.json';

/** The largest file that is read, in bytes. */
export const poolFileBytes = 262_144;

const changeSchema = z.object({
  /** As in the pool: `warm.maximum`. */
  path: z.string(),
  /** Absent in a pool that is made. */
  from: z.unknown().optional(),
  to: z.unknown(),
});
export const poolImportSchema = z.object({
  /** False: only looked at. */
  applied: z.boolean(),
  pools: z.array(
    z.object({
      action: z.enum(['create', 'update', 'unchanged']),
      /** Null: one that would be made, whose id is not known yet. */
      id: idSchema.nullable(),
      displayName: z.string(),
      changes: z.array(changeSchema),
    }),
  ),
});
/** What an import changed, or would change. */
export type PoolImport = z.infer<typeof poolImportSchema>;
