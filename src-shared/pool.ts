import { z } from 'zod';
import { idSchema, sessionIdSchema, timeSchema } from './ids';

export const backendKinds = ['docker', 'qemu', 'fake'] as const;
export const backendKindSchema = z.enum(backendKinds);
export type BackendKind = z.infer<typeof backendKindSchema>;

export const machineStates = [
  'creating',
  'starting',
  'ready',
  'leased',
  'resetting',
  'quarantined',
  'destroying',
  'gone',
] as const;
export const machineStateSchema = z.enum(machineStates);
export type MachineState = z.infer<typeof machineStateSchema>;

/** cpus in cores, memory in MiB, screen in pixels. */
export const sizeSchema = z.object({
  cpus: z.number().min(0.25).max(64),
  memoryMiB: z.int().min(256).max(262_144),
  width: z.int().min(640).max(3840),
  height: z.int().min(480).max(2160),
});
export type Size = z.infer<typeof sizeSchema>;

/**
 * Machines kept ready (minimum) and the most that may exist, leased ones included (maximum). `freeze`: ready ones are
 * stopped until they are handed out, where their backend lets one choose; they take no processor time, and a few
 * milliseconds to hand out.
 */
export const warmSchema = z
  .object({
    minimum: z.int().min(0).max(200),
    maximum: z.int().min(1).max(200),
    freeze: z.boolean().optional(),
  })
  .refine((warm) => warm.minimum <= warm.maximum, { message: 'minimum must not exceed maximum', path: ['minimum'] });

/**
 * release: the session ends. suspend: its machine goes, its home is kept, and the next call gets it another one under the
 * same ids. `keeps`, for suspend: the home alone (absent), or the whole machine, where the backend can save one.
 */
export const idleSchema = z.object({
  policy: z.enum(['release', 'suspend']),
  keeps: z.enum(['home', 'machine']).optional(),
  afterSeconds: z
    .int()
    .min(10)
    .max(31 * 86_400),
});

/** Seconds without activity that people are offered for each policy. */
export const idleAfterSeconds = { release: 1800, suspend: 900 } as const;

export const poolFields = {
  displayName: z.string().trim().min(1).max(60),
  description: z.string().max(512),
  backend: backendKindSchema,
  image: z.string().min(1).max(256),
  size: sizeSchema,
  warm: warmSchema,
  idle: idleSchema,
  /**
   * keep: a session's home stays when it is released, until somebody acquires with its id again, deletes it, or nobody
   * used it for `expiresAfterDays`. none: it goes with its session (it is kept while the session is suspended, as long).
   */
  home: z.object({
    policy: z.enum(['none', 'keep']),
    quotaMiB: z.int().min(0),
    expiresAfterDays: z.int().min(1).max(3650),
  }),
  /** What a request may choose: another screen than the pool's, its own idle time within these bounds (seconds). */
  acquire: z.object({
    screen: z.boolean(),
    idleSeconds: z
      .object({
        minimum: z
          .int()
          .min(10)
          .max(31 * 86_400),
        maximum: z
          .int()
          .min(10)
          .max(31 * 86_400),
      })
      .refine((bounds) => bounds.minimum <= bounds.maximum, {
        message: 'minimum must not exceed maximum',
        path: ['minimum'],
      })
      .nullable(),
  }),
  network: z.object({ policy: z.enum(['none', 'allowlist', 'open']), allow: z.array(z.string().max(253)).max(500) }),
  /** Checkpoints by policy, where the backend can: as a person takes control, before shell commands. `keep`: the most a session may have. */
  checkpoints: z.object({ beforeTakeover: z.boolean(), beforeCommands: z.boolean(), keep: z.int().min(1).max(20) }),
  /** The most sessions that one agent token may have in this pool at once, those it waits for included; null: no limit. */
  limits: z.object({ sessionsPerToken: z.int().min(1).max(200).nullable() }),
  /** Names of the agent tokens that may acquire; empty means every agent token. */
  assignments: z.array(z.string().max(60)).max(200),
  isolationRequired: z.boolean(),
  paused: z.boolean(),
};

/** What a person asks for. POST needs displayName alone; the rest has the defaults of `poolDefaults`. */
export const poolSpecSchema = z.object({
  ...poolFields,
  // Pools of older versions were stored without these.
  checkpoints: poolFields.checkpoints.default({ beforeTakeover: false, beforeCommands: false, keep: 6 }),
  limits: poolFields.limits.default({ sessionsPerToken: null }),
  acquire: poolFields.acquire.default({ screen: false, idleSeconds: null }),
});
export type PoolSpec = z.infer<typeof poolSpecSchema>;

/** Fields that have fields of their own, of which a request gives those that it means. */
export const openFields = {
  size: sizeSchema.partial(),
  warm: z
    .object(warmSchema.shape)
    .partial()
    .refine(({ minimum = 0, maximum = minimum }) => minimum <= maximum, {
      message: 'minimum must not exceed maximum',
      path: ['minimum'],
    }),
  idle: idleSchema.partial(),
  home: poolFields.home.partial(),
  acquire: poolFields.acquire.partial(),
  network: poolFields.network.partial(),
  checkpoints: poolFields.checkpoints.partial(),
  limits: poolFields.limits.partial(),
};
const askedFields = z.object({ ...poolFields, ...openFields }).partial().shape;
export const poolCreateSchema = z.strictObject({ ...askedFields, displayName: poolFields.displayName });
export type PoolCreate = z.infer<typeof poolCreateSchema>;
export const poolPatchSchema = z.strictObject(askedFields);
export type PoolPatch = z.infer<typeof poolPatchSchema>;

/**
 * A pool as it is (or the defaults) with what a request asks for, still to be checked as a whole. A field with fields of
 * its own that is given whole takes the place of the old one; of one that is given in part the rest stays. An idle policy
 * that is another, without a time, takes that policy's usual one.
 */
export function withAsked<T extends object>(before: T, asked: PoolPatch): T {
  const after: Record<string, unknown> = Object.fromEntries(Object.entries(before));
  for (const [name, value] of Object.entries(asked)) {
    if (value === undefined) continue;
    const whole = !(name in openFields) || poolFields[name as keyof typeof openFields].safeParse(value).success;
    after[name] = whole ? value : { ...(after[name] as object), ...(value as object) };
  }
  const { idle } = asked;
  if (idle?.policy !== undefined && idle.afterSeconds === undefined) {
    const was = (before as { idle?: Partial<z.infer<typeof idleSchema>> }).idle;
    const { keeps: _keeps, ...rest } = after['idle'] as z.infer<typeof idleSchema>;
    const other = was?.policy !== idle.policy;
    after['idle'] = {
      ...(idle.policy === 'suspend' ? (after['idle'] as object) : rest),
      ...(other ? { afterSeconds: idleAfterSeconds[idle.policy] } : {}),
    };
  }
  return after as T;
}

/** `desktop` as the image means: the desktop image that the set-up built, at its current content tag. */
export const poolDefaults: Omit<PoolSpec, 'displayName'> = {
  description: '',
  backend: 'docker',
  image: 'desktop',
  size: { cpus: 2, memoryMiB: 2048, width: 1280, height: 800 },
  warm: { minimum: 2, maximum: 8 },
  idle: { policy: 'release', afterSeconds: idleAfterSeconds.release },
  home: { policy: 'none', quotaMiB: 1024, expiresAfterDays: 30 },
  network: { policy: 'none', allow: [] },
  checkpoints: { beforeTakeover: false, beforeCommands: false, keep: 6 },
  limits: { sessionsPerToken: null },
  acquire: { screen: false, idleSeconds: null },
  assignments: [],
  isolationRequired: false,
  paused: false,
};

export const conditionReasons = [
  'Healthy',
  'Replenishing',
  'AtCapacity',
  'HostAtCapacity',
  'ImageMissing',
  'ImageBuilding',
  'BackendUnreachable',
  'BackendUnsupported',
  'IsolationUnavailable',
  'MachineQuarantined',
  'CreateFailed',
  'Preparing',
  'Paused',
] as const;

/** Kubernetes-style: `type` is the question, `status` the answer, `reason` a code, `message` says what to do. */
export const conditionSchema = z.object({
  type: z.enum(['Ready', 'Warm', 'Backend', 'Image']),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.enum(conditionReasons),
  message: z.string(),
  since: timeSchema,
});
export type Condition = z.infer<typeof conditionSchema>;

export const machineCountsSchema = z.object({
  creating: z.int(),
  starting: z.int(),
  ready: z.int(),
  leased: z.int(),
  resetting: z.int(),
  quarantined: z.int(),
});
export type MachineCounts = z.infer<typeof machineCountsSchema>;

export const poolSchema = poolSpecSchema.extend({
  id: idSchema,
  createdAt: timeSchema,
  observed: z.object({ machines: machineCountsSchema, conditions: z.array(conditionSchema) }),
});
export type Pool = z.infer<typeof poolSchema>;

/**
 * What is wrong with a quarantined machine. frozen: something outside stopped its processors. dead: it ended. silent: it
 * runs and does not answer. disk_full: it answers, and can write nothing. lying: it answers as another machine, or with
 * something of an earlier session in it. not_ready: it never passed its first check.
 */
export const machineTroubles = ['frozen', 'dead', 'silent', 'disk_full', 'lying', 'not_ready'] as const;
export const machineTroubleSchema = z.enum(machineTroubles);
export type MachineTrouble = z.infer<typeof machineTroubleSchema>;

/** One machine as operators see it. `cpuPercent` of one core, `memoryBytes` resident; null while not measured. */
export const machineSchema = z.object({
  machineId: idSchema,
  poolId: idSchema,
  state: machineStateSchema,
  image: z.string(),
  sessionId: sessionIdSchema.nullable(),
  since: timeSchema,
  reason: z.string().nullable(),
  trouble: machineTroubleSchema.nullable().optional(),
  /** Of a quarantined one: when it goes, unless its place is needed sooner. */
  keptUntil: timeSchema.nullable().optional(),
  cpuPercent: z.number().nullable(),
  memoryBytes: z.number().nullable(),
});
export type Machine = z.infer<typeof machineSchema>;
