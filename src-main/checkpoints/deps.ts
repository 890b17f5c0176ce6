import type { BackendKind } from '@shared/pool';
import type { Bus } from '../base/bus';
import type { Clock } from '../base/clock';
import type { Ids } from '../base/ids';
import type { Logger } from '../base/logger';
import type { Broker } from '../broker/types';
import type { Control } from '../control/types';
import type { SandboxBackend } from '../sandbox/backend';
import type { Database } from '../store/database';
import type { PendingFrame, Timeline } from '../timeline/types';

export interface CheckpointDeps {
  db: Database;
  broker: Pick<Broker, 'sessions' | 'pools' | 'acquire' | 'saveMachine' | 'restoreMachine' | 'machineOf' | 'onEnded'>;
  /** Removing needs no machine: files outlive theirs. */
  backends: ReadonlyMap<BackendKind, SandboxBackend>;
  control: Pick<Control, 'state' | 'act' | 'holds' | 'rewound' | 'onChange'>;
  timeline: Pick<Timeline, 'begin' | 'note' | 'list' | 'frames'>;
  screens: {
    /** The picture of this instant; null when it can't be had soon. */
    frame(sessionId: string): Promise<PendingFrame | null>;
    /** Ends the session's screen, its viewers' too, and lets nobody open it before the work is done. */
    renew<T>(sessionId: string, work: () => Promise<T>): Promise<T>;
  };
  /** Whether an action with this tool's name can have changed the machine, for what a rewind says it undid. */
  changes(tool: string): boolean;
  bus: Bus;
  clock: Clock;
  ids: Ids;
  logger: Logger;
  limits?: Partial<CheckpointLimits>;
}

export interface CheckpointLimits {
  /** Of all checkpoints on disk. */
  bytes: number;
  /** Milliseconds. */
  saveMs: number;
  restoreMs: number;
  removeMs: number;
  branchMs: number;
  /** The longest that a command waits for the checkpoint before it, and the least between two of them. */
  commandWaitMs: number;
  commandEveryMs: number;
}
