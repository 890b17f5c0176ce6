import { z } from 'zod';
import { attentionSchema, actionSchema } from './action';
import { checkpointCreateSchema, checkpointSchema } from './checkpoint';
import { capacityLimitsSchema, capacitySchema } from './capacity';
import { controlRequestSchema, controlSchema } from './control';
import { eventSchema } from './event';
import { homeSchema } from './home';
import { idSchema, sessionIdSchema, timeSchema } from './ids';
import { machineCommandSchema, machineLookSchema, machineRunSchema } from './machineLook';
import { diagnosticsSchema } from './diagnostics';
import { backendKindSchema, machineSchema, poolCreateSchema, poolPatchSchema, poolSchema } from './pool';
import { poolFileBytes, poolImportSchema } from './poolFile';
import { sessionSchema } from './session';
import { settingsPatchSchema, settingsSchema } from './settings';
import { usageQuerySchema, usageReportSchema } from './usage';

/**
 * The one contract between the window and the main process. `requests` are answered, `pushes` are announced.
 * The schema of every input runs in main, whatever the types say: the window is not trusted.
 * A request that fails rejects with an ErrorBody (src-shared/errors.ts).
 */
const none = z.strictObject({});

export const appInfoSchema = z.object({
  version: z.string(),
  /** Electron's version; unofficial is true for the evaluation runtime, said in Diagnostics and the status bar. */
  runtime: z.string(),
  unofficialRuntime: z.boolean(),
  sandboxed: z.boolean(),
  platform: z.string(),
  url: z.string(),
  dataDir: z.string(),
  operator: z.string(),
  /** True when the window is shown on a virtual display. */
  headless: z.boolean(),
  notices: z.array(z.string()),
});
export type AppInfo = z.infer<typeof appInfoSchema>;

export const setupStepSchema = z.object({
  name: z.string(),
  state: z.enum(['waiting', 'running', 'done', 'failed']),
  seconds: z.number().nullable(),
});

const imageStatusSchema = z.object({
  state: z.enum(['ready', 'missing', 'building', 'failed', 'checking']),
  tag: z.string().nullable(),
  message: z.string(),
});
/** What a first run can set up; either is enough. */
export const setupWaySchema = z.enum(['docker', 'qemu']);
export type SetupWay = z.infer<typeof setupWaySchema>;

/** First run: what was found on this computer, and how the image build goes. */
export const setupStatusSchema = z.object({
  docker: z.object({
    state: z.enum(['running', 'stopped', 'missing', 'checking']),
    version: z.string().nullable(),
    message: z.string(),
    /** The command that mends it, when there is one. */
    fix: z.string().nullable(),
    cpus: z.number().nullable(),
    memoryBytes: z.number().nullable(),
    diskFreeBytes: z.number().nullable(),
  }),
  /** The desktop image for Docker. */
  image: imageStatusSchema,
  qemu: z
    .object({
      state: z.enum(['installed', 'missing', 'checking']),
      version: z.string().nullable(),
      /** The accelerator in words, or what is missing. */
      message: z.string(),
      /** The command that installs what is missing. */
      fix: z.string().nullable(),
      isolation: z.enum(['vm', 'emulated', 'none']),
      image: imageStatusSchema,
    })
    .optional(),
  build: z
    .object({
      /** Which image is being built; absent: Docker's. */
      backend: setupWaySchema.optional(),
      startedAt: timeSchema,
      percent: z.number().min(0).max(100),
      secondsLeft: z.number().nullable(),
      steps: z.array(setupStepSchema),
      /** The last lines, oldest first, at most 200. */
      log: z.array(z.string()),
      error: z.string().nullable(),
    })
    .nullable(),
  /** True when a desktop can be handed out or is about to be. */
  ready: z.boolean(),
});
export type SetupStatus = z.infer<typeof setupStatusSchema>;

export const demoStatusSchema = z.object({
  state: z.enum(['off', 'starting', 'running', 'waiting', 'done', 'failed']),
  sessionId: sessionIdSchema.nullable(),
  step: z.string(),
  message: z.string().nullable(),
});
export type DemoStatus = z.infer<typeof demoStatusSchema>;

export const systemStatsSchema = z.object({
  cpuPercent: z.number(),
  memoryUsedBytes: z.number(),
  memoryTotalBytes: z.number(),
  diskFreeBytes: z.number(),
});
export type SystemStats = z.infer<typeof systemStatsSchema>;

/** The first-call light of "Connect an agent": what this token has done so far. */
export const tokenProgressSchema = z.object({
  tokenId: idSchema,
  reachedAt: timeSchema.nullable(),
  acceptedAt: timeSchema.nullable(),
  firstToolAt: timeSchema.nullable(),
  firstTool: z.string().nullable(),
  client: z.string().nullable(),
});
export type TokenProgress = z.infer<typeof tokenProgressSchema>;

export const tokenSchema = z.object({
  tokenId: idSchema,
  name: z.string(),
  role: z.enum(['agent', 'operator', 'admin']),
  pools: z.array(idSchema),
  createdAt: timeSchema,
  lastUsedAt: timeSchema.nullable(),
});
export type Token = z.infer<typeof tokenSchema>;

const page = <T extends z.ZodType>(item: T) =>
  z.object({
    data: z.array(item),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
    has_more: z.boolean(),
  });
const session = z.strictObject({ sessionId: sessionIdSchema });
const checkpoint = z.strictObject({ sessionId: sessionIdSchema, checkpointId: idSchema });

export const requests = {
  'app.info': { input: none, output: appInfoSchema },
  'app.stats': { input: none, output: systemStatsSchema },
  'app.copyText': { input: z.strictObject({ text: z.string().max(65_536) }), output: z.null() },
  /** Opens a page of our documentation in the system's browser; only names on a fixed list. */
  'app.openHelp': {
    input: z.strictObject({ topic: z.enum(['docker', 'kvm', 'connect', 'display', 'readme']) }),
    output: z.null(),
  },
  'app.setTheme': { input: z.strictObject({ theme: z.enum(['system', 'dark', 'light']) }), output: z.null() },
  'app.theme': { input: none, output: z.enum(['system', 'dark', 'light']) },

  'setup.status': { input: none, output: setupStatusSchema },
  'setup.look': { input: none, output: setupStatusSchema },
  'setup.buildImage': { input: z.strictObject({ backend: setupWaySchema.optional() }), output: z.null() },
  'setup.cancelBuild': { input: none, output: z.null() },

  /** Everything this computer has for Wheelhouse, looked at anew. */
  'diagnostics.look': { input: none, output: diagnosticsSchema },
  /** The images that a pool of this backend can name: `desktop`, and guests of one's own. */
  'images.list': {
    input: z.strictObject({ backend: backendKindSchema }),
    output: z.array(z.object({ name: z.string(), words: z.string(), guestAgent: z.boolean() })),
  },

  'pools.list': { input: none, output: z.array(poolSchema) },
  'pools.create': { input: poolCreateSchema, output: poolSchema },
  'pools.update': { input: z.strictObject({ id: idSchema, patch: poolPatchSchema }), output: poolSchema },
  'pools.delete': { input: z.strictObject({ id: idSchema, force: z.boolean() }), output: z.null() },
  'pools.machines': { input: z.strictObject({ id: idSchema }), output: z.array(machineSchema) },
  /** Asks where to, and writes the pool there as YAML; `saved` is false when the person chose nothing. */
  'pools.export': { input: z.strictObject({ id: idSchema }), output: z.object({ saved: z.boolean() }) },
  /** Asks for a file of pools, and what importing it would change; null when the person chose nothing. Changes nothing. */
  'pools.openImport': {
    input: none,
    output: z.object({ file: z.string(), text: z.string(), preview: poolImportSchema }).nullable(),
  },
  /** Does what the text of a file of pools says. */
  'pools.import': { input: z.strictObject({ text: z.string().max(poolFileBytes) }), output: poolImportSchema },
  'pools.destroyMachine': { input: z.strictObject({ machineId: idSchema }), output: z.null() },
  /** Tries again at once where failures made the pool wait. */
  'pools.retry': { input: z.strictObject({ id: idSchema }), output: poolSchema },

  'machines.look': { input: z.strictObject({ machineId: idSchema }), output: machineLookSchema },
  /** One command in a quarantined machine. */
  'machines.run': {
    input: z.strictObject({ machineId: idSchema, ...machineCommandSchema.shape }),
    output: machineRunSchema,
  },
  /** Keeps a quarantined machine for an hour from now. */
  'machines.keep': { input: z.strictObject({ machineId: idSchema }), output: machineSchema },

  'homes.list': { input: none, output: z.array(homeSchema) },
  'homes.remove': { input: z.strictObject({ homeId: idSchema }), output: z.null() },
  /** Asks where to, and writes it there; `saved` is false when the person chose nothing. */
  'homes.download': { input: z.strictObject({ homeId: idSchema }), output: z.object({ saved: z.boolean() }) },

  'capacity.get': { input: none, output: capacitySchema },
  'settings.get': { input: none, output: settingsSchema },
  'settings.change': { input: settingsPatchSchema, output: settingsSchema },
  'capacity.set': { input: capacityLimitsSchema, output: capacitySchema },

  'usage.report': { input: usageQuerySchema, output: usageReportSchema },
  /** Asks where to, and writes it there as CSV; `saved` is false when the person chose nothing. */
  'usage.exportCsv': { input: usageQuerySchema, output: z.object({ saved: z.boolean() }) },

  'sessions.list': {
    input: z.strictObject({
      live: z.boolean(),
      limit: z.int().min(1).max(200),
      before: z.string().max(128).optional(),
    }),
    output: page(sessionSchema),
  },
  'sessions.get': { input: session, output: sessionSchema },
  'sessions.start': {
    input: z.strictObject({ poolId: idSchema, name: z.string().trim().max(120) }),
    output: sessionSchema,
  },
  'sessions.release': { input: session, output: z.null() },
  'sessions.suspend': { input: session, output: z.null() },
  /** Resolves when its machine can be acted on. */
  'sessions.resume': { input: session, output: sessionSchema },

  /** The last lines of the session's machine's serial console, oldest first; empty where the backend keeps none. */
  'sessions.consoleLog': {
    input: z.strictObject({ sessionId: sessionIdSchema, lines: z.int().min(1).max(1000) }),
    output: z.array(z.string()),
  },

  /** Oldest first. */
  'checkpoints.list': { input: session, output: z.array(checkpointSchema) },
  'checkpoints.create': {
    input: z.strictObject({ sessionId: sessionIdSchema, ...checkpointCreateSchema.shape }),
    output: checkpointSchema,
  },
  /** In place: everything after it is undone, the agent is told. Takes control for as long as it lasts unless one holds it. */
  'checkpoints.restore': {
    /** force: also from another person who holds (admins). */
    input: z.strictObject({ ...checkpoint.shape, force: z.boolean().optional() }),
    output: checkpointSchema,
  },
  /** A new session that goes on from it; this one stays as it is. */
  'checkpoints.branch': {
    input: z.strictObject({ ...checkpoint.shape, name: z.string().trim().max(120) }),
    output: sessionSchema,
  },
  'checkpoints.remove': { input: checkpoint, output: z.null() },

  /** Newest page first in time order; `before` an action id pages back. */
  'timeline.list': {
    input: z.strictObject({ sessionId: sessionIdSchema, limit: z.int().min(1).max(200), before: idSchema.optional() }),
    output: page(actionSchema),
  },

  'control.act': {
    input: z.strictObject({ sessionId: sessionIdSchema, request: controlRequestSchema }),
    output: controlSchema,
  },
  /** Stops every session: nobody acts and no processor runs; resolves with how many were stopped or go on again. */
  'control.stopAll': { input: none, output: z.object({ sessions: z.int() }) },
  'control.resumeAll': { input: none, output: z.object({ sessions: z.int() }) },
  /** A person's clipboard, sent and fetched on purpose while they hold control. */
  'control.sendClipboard': { input: session, output: z.object({ characters: z.int() }) },
  'control.fetchClipboard': { input: session, output: z.object({ characters: z.int() }) },

  /** A single-use address for noVNC, valid 30 s. Input is gated per message by who holds control, not by mode alone. */
  'screen.ticket': {
    input: z.strictObject({ sessionId: sessionIdSchema, mode: z.enum(['view', 'interactive']) }),
    output: z.object({ url: z.string(), expiresAt: timeSchema }),
  },
  /** Which thumbnails the window shows now, so that the hub's rate follows; replaces the earlier list. */
  'screen.watchThumbnails': {
    input: z.strictObject({ sessionIds: z.array(sessionIdSchema).max(200), width: z.int().min(120).max(640) }),
    output: z.null(),
  },

  'attention.list': { input: none, output: z.array(attentionSchema) },
  'attention.answer': {
    input: z.strictObject({ id: idSchema, answer: z.string().max(4000) }),
    output: attentionSchema,
  },

  'tokens.list': { input: none, output: z.array(tokenSchema) },
  /** The token itself is in this answer only. */
  'tokens.create': {
    input: z.strictObject({ name: z.string().trim().min(1).max(60), poolId: idSchema }),
    output: z.object({ token: tokenSchema, secret: z.string(), mcpUrl: z.string() }),
  },
  'tokens.withdraw': { input: z.strictObject({ tokenId: idSchema }), output: z.null() },
  'tokens.progress': { input: z.strictObject({ tokenId: idSchema }), output: tokenProgressSchema },
  /** Makes one real MCP call with this token, from this computer. Rejects with the reason when it fails. */
  'tokens.test': {
    input: z.strictObject({ tokenId: idSchema }),
    output: z.object({ tool: z.string(), ms: z.number() }),
  },

  'demo.status': { input: none, output: demoStatusSchema },
  /** On a machine of this backend; absent: on what is ready. */
  'demo.start': { input: z.strictObject({ backend: setupWaySchema.optional() }), output: demoStatusSchema },
  'demo.stop': { input: none, output: demoStatusSchema },
} as const;

export const pushes = {
  event: eventSchema,
  setup: setupStatusSchema,
  demo: demoStatusSchema,
  tokenProgress: tokenProgressSchema,
  /** A new thumbnail exists: fetch `app://wheelhouse/thumbs/<sessionId>.jpg?v=<version>`. */
  thumbnail: z.object({ sessionId: sessionIdSchema, version: z.int() }),
  /** The main process asks the window to show an address, e.g. `/session/<id>` after a notification's click. */
  navigate: z.object({ path: z.string() }),
  theme: z.enum(['dark', 'light']),
} as const;

export type Requests = typeof requests;
export type RequestName = keyof Requests;
export type RequestInput<N extends RequestName> = z.input<Requests[N]['input']>;
export type RequestOutput<N extends RequestName> = z.output<Requests[N]['output']>;
export type Pushes = typeof pushes;
export type PushName = keyof Pushes;
export type PushData<N extends PushName> = z.output<Pushes[N]>;

/** What the preload exposes as `window.wheelhouse`: frozen, and no raw IPC object in it. */
export interface Bridge {
  invoke<N extends RequestName>(name: N, input: RequestInput<N>): Promise<RequestOutput<N>>;
  /** Returns its disposer. */
  on<N extends PushName>(name: N, listener: (data: PushData<N>) => void): () => void;
}
