import type { ControlState } from '@shared/control';
import type { BackendKind } from '@shared/pool';
import type { Bus } from '../base/bus';
import type { Clock } from '../base/clock';
import type { Ids } from '../base/ids';
import type { Logger } from '../base/logger';
import type { ConnectGuest } from '../guest/types';
import type { SandboxBackend } from '../sandbox/backend';
import type { ScreenHubs } from '../screen/types';
import type { Database } from '../store/database';

/** Times in milliseconds. */
export interface Limits {
  /** Machines made or checked at once, and ended at once, over all pools. */
  createsAtOnce: number;
  destroysAtOnce: number;
  createMs: number;
  /** From created to answering with a picture. */
  checkMs: number;
  /** Both, on a backend that prepares: without what it prepares, a machine boots. */
  bootMs: number;
  prepareMs: number;
  destroyMs: number;
  /** Stopping a machine's processors or letting them go on. */
  pauseMs: number;
  /** Saving a machine, and putting it back. */
  saveMs: number;
  restoreMs: number;
  /** After a failed create: the first pause and the longest, doubled each time, with jitter. */
  backoffMs: number;
  backoffMaxMs: number;
  /** After this many failures in a row: how long nothing is made, at first and at most, doubled each time, with jitter. */
  breakAfter: number;
  breakMs: number;
  breakMaxMs: number;
  /** How long a lost link is tried again before the machine counts as lost; after a restart. */
  reconnectMs: number;
  adoptMs: number;
  /** How long `connect` waits for such a link before it says not_ready. */
  connectWaitMs: number;
  /** The last question to a warm machine before it is handed out. */
  pingMs: number;
  /** The same of one that was parked, letting it go on included. */
  wakeMs: number;
  healthEveryMs: number;
  healthTimeoutMs: number;
  /** Unanswered in a row until a machine counts as hung. */
  healthFailures: number;
  /** A check that takes longer than this: its backend is asked meanwhile. */
  healthSlowMs: number;
  /** How long a session goes on whose machine something outside has stopped. */
  frozenMs: number;
  probeEveryMs: number;
  probeTimeoutMs: number;
  listEveryMs: number;
  /** Homes are measured, and expire, so often; one list of them takes at most so long. */
  homesEveryMs: number;
  homesMs: number;
  tickMs: number;
  /** A silence between ticks longer than this was sleep. */
  sleepGapMs: number;
  waitMs: number;
  /** For a session whose machine is always made first: a branch, one with a home or a screen of its own. */
  branchWaitMs: number;
  queueLength: number;
  queuePerCaller: number;
  /** Homes that one agent token may have in one pool, kept ones and suspended sessions' included. */
  homesPerToken: number;
  /** Places in a queue are told at most so often. */
  placesMs: number;
  quarantined: number;
  quarantinedMs: number;
  /** How long a suspended session's programs are asked to end before they are ended, and all of that at most. */
  settleMs: number;
  settleMaxMs: number;
  /** From a suspended session's first call to its machine at most; how long one call waits for that; how often it is told. */
  resumeMs: number;
  resumeWaitMs: number;
  progressMs: number;
  /** Suspended sessions are looked at so often: whether they have expired. */
  expireEveryMs: number;
  activityWriteMs: number;
  announceMs: number;
  statsMs: number;
  stopMs: number;
}

export const defaultLimits: Limits = {
  createsAtOnce: 3,
  destroysAtOnce: 4,
  createMs: 60_000,
  checkMs: 60_000,
  bootMs: 180_000,
  prepareMs: 900_000,
  destroyMs: 30_000,
  pauseMs: 10_000,
  saveMs: 120_000,
  restoreMs: 120_000,
  backoffMs: 1000,
  backoffMaxMs: 60_000,
  breakAfter: 5,
  breakMs: 120_000,
  breakMaxMs: 900_000,
  reconnectMs: 10_000,
  adoptMs: 30_000,
  connectWaitMs: 10_000,
  pingMs: 500,
  wakeMs: 2000,
  healthEveryMs: 5000,
  healthTimeoutMs: 5000,
  healthFailures: 3,
  healthSlowMs: 1000,
  frozenMs: 60_000,
  probeEveryMs: 5000,
  probeTimeoutMs: 5000,
  listEveryMs: 10_000,
  homesEveryMs: 60_000,
  homesMs: 60_000,
  tickMs: 1000,
  sleepGapMs: 15_000,
  waitMs: 10_000,
  branchWaitMs: 60_000,
  queueLength: 64,
  queuePerCaller: 16,
  homesPerToken: 1000,
  placesMs: 250,
  quarantined: 2,
  quarantinedMs: 600_000,
  settleMs: 300,
  settleMaxMs: 6000,
  resumeMs: 240_000,
  resumeWaitMs: 45_000,
  progressMs: 5000,
  expireEveryMs: 60_000,
  activityWriteMs: 5000,
  announceMs: 100,
  statsMs: 2000,
  stopMs: 20_000,
};

/** What the broker asks of rooms it must not import. All optional, all synchronous. */
export interface BrokerHooks {
  /** Not idle although nobody calls: a call in flight, a question that waits for a person. */
  isSpared?: (sessionId: string) => boolean;
  /** An image build is running for this image name. */
  imageBuilding?: (image: string) => boolean;
  /** The newest picture on a session's timeline. */
  lastFrame?: (sessionId: string) => { hash: string; at: string } | null;
  /** A command as it may be written to the log: without what looks like a secret. Absent: commands are not logged. */
  maskText?: (text: string) => string;
  /** For figures: a request got its session, so long after it was asked for. Cheap, and never throws. */
  acquired?: (acquired: { poolId: string; outcome: AcquireOutcome; ms: number }) => void;
}

/** warm: a machine was ready at once. cold: it waited for one. resumed, branch: a machine was put back for it. */
export type AcquireOutcome = 'warm' | 'cold' | 'resumed' | 'branch';

export interface BrokerOptions {
  db: Database;
  backends: ReadonlyMap<BackendKind, SandboxBackend>;
  connectGuest: ConnectGuest;
  /** ScreenHubs.probe: one picture of a machine's screen. */
  probeScreen: ScreenHubs['probe'];
  /** Control.state; may throw for sessions it does not know. */
  controlState: (sessionId: string) => ControlState;
  hooks?: BrokerHooks;
  bus: Bus;
  clock: Clock;
  ids: Ids;
  logger: Logger;
  limits?: Partial<Limits>;
  /** What this computer has, in MiB and cores; absent: as its system says. */
  host?: { memoryMiB: number; cpus: number };
  /** 0 up to 1, for jitter. */
  random?: () => number;
  /**
   * For tests: called at every named point where the process could die (`name` before an effect or commit, `name+` after
   * it). A throw there stands for the death of the process.
   */
  fault?: (point: string) => void;
}
