import { z } from 'zod';
import { idSchema } from './ids';

/**
 * What crosses the link once its handshake is done (linkHandshake.ts) in frames (linkFrames.ts). On a connection for
 * `calls` the broker sends requests and cancels, the guest answers by id, many in flight; each end checks the other with
 * these schemas. A connection for `rfb` is the raw stream of the machine's X server from the welcome on.
 */
export const linkLimits = {
  /** Bytes of one frame, before and after the peer has proven itself. */
  handshakeFrameBytes: 1024,
  frameBytes: 8 * 1024 * 1024,
  /** From a connection's opening to the proof. */
  handshakeMs: 2000,
  /** From the proof to the welcome: the X server may still be starting. */
  welcomeMs: 10_000,
  unauthenticated: 16,
  connections: 128,
  inFlight: 128,
  outputBytes: 32 * 1024,
  clipboardBytes: 1024 * 1024,
  fileBytes: 4 * 1024 * 1024,
  commandBytes: 256 * 1024,
} as const;

/** Written by the backend into the machine's link folder before its start; taken away after the first contact. */
export const bootSchema = z.object({
  machineId: idSchema,
  secret: z.string().min(32).max(256),
});
export type Boot = z.infer<typeof bootSchema>;
export const bootFileName = 'boot.json';
export const linkSocketName = 'link.sock';

/** Codes of src-shared/errors.ts that a guest may answer with; any other is rubbish. */
export const linkErrorCodes = [
  'bad_request',
  'forbidden',
  'guest_failed',
  'guest_timeout',
  'not_found',
  'not_ready',
  'not_supported',
  'stale_epoch',
  'too_large',
  'too_many',
] as const;
export type LinkErrorCode = (typeof linkErrorCodes)[number];

const epoch = z.int().min(0);
const none = z.object({});
const path = z
  .string()
  .min(1)
  .max(4096)
  .refine((value) => !value.includes('\0'), 'must not contain NUL');
const argument = z
  .string()
  .max(32 * 1024)
  .refine((value) => !value.includes('\0'), 'must not contain NUL');
const windowTitle = z.string().min(1).max(1024);
const base64 = z.string().max(Math.ceil(linkLimits.fileBytes / 3) * 4 + 4);
export const windowSchema = z.object({
  title: z.string().max(4096),
  processName: z.string().max(256),
  handle: z.string().max(32),
  x: z.int(),
  y: z.int(),
  width: z.int(),
  height: z.int(),
});

/** Every call: `effect` ones carry the epoch they were admitted under. */
export const linkCalls = {
  health: {
    effect: false,
    args: none,
    result: z.object({
      machineId: idSchema,
      bootId: z.string().min(1).max(128),
      epoch,
      screenReady: z.boolean(),
      sessionReady: z.boolean(),
      /** Bytes that its programs can still write, to the system's disk and to their home. */
      disk: z.object({ freeBytes: z.number().min(0), homeFreeBytes: z.number().min(0) }).optional(),
      /** What `mark` left; null in a machine that nobody has had. */
      mark: z.string().max(128).nullable().optional(),
    }),
  },
  /**
   * Marks the machine as used, where no program of the session can take it away: a machine that is said to be new and
   * bears a mark is not new.
   */
  mark: { effect: false, args: z.object({ mark: z.string().min(1).max(128) }), result: none },
  /**
   * Before the machine goes and its home stays: asks every program of the session to end, waits for that at most `ms`,
   * ends the rest, writes everything to the disks. Nothing of the session runs afterwards.
   */
  settle: {
    effect: false,
    args: z.object({ ms: z.int().min(0).max(10_000) }),
    result: z.object({ ended: z.int().min(0), killed: z.int().min(0) }),
  },
  setEpoch: { effect: false, args: z.object({ epoch }), result: none },
  exec: {
    effect: true,
    args: z.object({
      epoch,
      command: z.string().min(1).max(linkLimits.commandBytes),
      cwd: path.optional(),
      timeoutMs: z.int().min(1).max(600_000),
    }),
    result: z.object({
      stdout: z.string().max(linkLimits.outputBytes),
      stderr: z.string().max(linkLimits.outputBytes),
      exitCode: z.int().nullable(),
      success: z.boolean(),
      timedOut: z.boolean(),
      truncated: z.boolean(),
    }),
  },
  listWindows: { effect: false, args: none, result: z.array(windowSchema).max(512) },
  activateWindow: { effect: true, args: z.object({ epoch, title: windowTitle }), result: windowSchema },
  closeWindow: {
    effect: true,
    args: z.object({ epoch, title: windowTitle }),
    result: z.object({ matchedTitle: z.string().max(4096), processName: z.string().max(256), closed: z.boolean() }),
  },
  launch: {
    effect: true,
    args: z.object({ epoch, path, args: z.array(argument).max(256) }),
    result: z.object({ path: z.string().max(4096), pid: z.int().min(1) }),
  },
  listProcesses: {
    effect: false,
    args: z.object({ maxCount: z.int().min(1).max(5000) }),
    result: z.array(z.object({ pid: z.int(), name: z.string().max(256), memoryBytes: z.number().min(0) })).max(5000),
  },
  clipboardRead: { effect: false, args: none, result: z.object({ text: z.string().max(linkLimits.clipboardBytes) }) },
  clipboardWrite: {
    effect: true,
    args: z.object({ epoch, text: z.string().max(linkLimits.clipboardBytes) }),
    result: none,
  },
  readFile: { effect: false, args: z.object({ path }), result: z.object({ data: base64 }) },
  writeFile: {
    effect: true,
    args: z.object({ epoch, path, data: base64, mode: z.int().min(0).max(0o777).optional() }),
    result: none,
  },
} as const;
export type LinkCallName = keyof typeof linkCalls;
export type LinkArgs<N extends LinkCallName> = z.infer<(typeof linkCalls)[N]['args']>;
export type LinkResult<N extends LinkCallName> = z.infer<(typeof linkCalls)[N]['result']>;
export const linkCallNames = Object.keys(linkCalls) as [LinkCallName, ...LinkCallName[]];

const requestId = z.int().min(0);
export const requestSchema = z.union([
  z.object({ id: requestId, call: z.enum(linkCallNames), args: z.unknown() }),
  z.object({ cancel: requestId }),
]);
export const responseSchema = z.union([
  z.object({ id: requestId, error: z.object({ code: z.enum(linkErrorCodes), message: z.string().max(4096) }) }),
  z.object({ id: requestId, result: z.unknown() }),
]);
/** Inside the machine alone: a line of the session's supervisor for the machine's log, which only the agent writes. */
export const noteSchema = z.object({ note: z.string().max(2000) });
export type LinkResponse = z.infer<typeof responseSchema>;
