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

/** Machines kept ready (minimum) and the most that may exist, leased ones included (maximum). */
export const warmSchema = z
  .object({ minimum: z.int().min(0).max(200), maximum: z.int().min(1).max(200) })
  .refine((warm) => warm.minimum <= warm.maximum, { message: 'minimum must not exceed maximum', path: ['minimum'] });

export const idleSchema = z.object({
  policy: z.enum(['release', 'suspend']),
  afterSeconds: z
    .int()
    .min(10)
    .max(31 * 86_400),
});

export const poolFields = {
  displayName: z.string().trim().min(1).max(60),
  description: z.string().max(512),
  backend: backendKindSchema,
  image: z.string().min(1).max(256),
  size: sizeSchema,
  warm: warmSchema,
  idle: idleSchema,
  home: z.object({
    policy: z.enum(['none', 'keep']),
    quotaMiB: z.int().min(0),
    expiresAfterDays: z.int().min(1).max(3650),
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
});
export type PoolSpec = z.infer<typeof poolSpecSchema>;
export const poolCreateSchema = z.strictObject({
  ...z.object(poolFields).partial().shape,
  displayName: poolFields.displayName,
});
export type PoolCreate = z.infer<typeof poolCreateSchema>;
export const poolPatchSchema = z.strictObject(z.object(poolFields).partial().shape);
export type PoolPatch = z.infer<typeof poolPatchSchema>;

/** `desktop` as the image means: the desktop image that the set-up built, at its current content tag. */
export const poolDefaults: Omit<PoolSpec, 'displayName'> = {
  description: '',
  backend: 'docker',
  image: 'desktop',
  size: { cpus: 2, memoryMiB: 2048, width: 1280, height: 800 },
  warm: { minimum: 2, maximum: 8 },
  idle: { policy: 'release', afterSeconds: 1800 },
  home: { policy: 'none', quotaMiB: 1024, expiresAfterDays: 30 },
  network: { policy: 'none', allow: [] },
  checkpoints: { beforeTakeover: false, beforeCommands: false, keep: 6 },
  limits: { sessionsPerToken: null },
  assignments: [],
  isolationRequired: false,
  paused: false,
};

export const conditionReasons = [
  'Healthy',
  'Replenishing',
  'AtCapacity',
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

/** One machine as operators see it. `cpuPercent` of one core, `memoryBytes` resident; null while not measured. */
export const machineSchema = z.object({
  machineId: idSchema,
  poolId: idSchema,
  state: machineStateSchema,
  image: z.string(),
  sessionId: sessionIdSchema.nullable(),
  since: timeSchema,
  reason: z.string().nullable(),
  cpuPercent: z.number().nullable(),
  memoryBytes: z.number().nullable(),
});
export type Machine = z.infer<typeof machineSchema>;
