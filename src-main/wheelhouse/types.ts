import type { BackendKind } from '@shared/pool';
import type { Bus } from '../base/bus';
import type { Clock } from '../base/clock';
import type { Ids } from '../base/ids';
import type { Logger } from '../base/logger';
import type { BrokerHooks, BrokerOptions } from '../broker';
import type { Broker } from '../broker/types';
import type { Channel, ChannelSettings } from '../channel';
import type { CheckpointLimits } from '../checkpoints';
import type { Checkpoints } from '../checkpoints/types';
import type { AttentionQueue, Control } from '../control/types';
import type { SandboxBackend } from '../sandbox/backend';
import type { Relay, Tickets } from '../screen';
import type { ScreenHub, ScreenHubs } from '../screen/types';
import type { Identity } from '../server/identity';
import type { ServerLimits } from '../server/limits';
import type { Database } from '../store/database';
import type { SettingsStore } from '../store/settings';
import type { TimelineService } from '../timeline';
import type { Usage } from '../usage';
import type { PeopleSettings } from './settings';

export interface WheelhouseOptions {
  dataDir: string;
  /** Default 7317; 0 picks a free one. */
  port?: number;
  /** When the port is taken, use a free one instead of failing. */
  anyPortWhenTaken?: boolean;
  host?: string;
  /** Further names we are reached under, and further pages that may call us (a development server's). */
  allowedHosts?: readonly string[];
  allowedOrigins?: readonly string[];
  logger: Logger;
  /** Default: Docker. Made once the installation's id is known. */
  backends?: (context: { dataDir: string; installationId: string; logger: Logger }) => SandboxBackend[];
  /** The person whose command line this is; default: the system's user. */
  operator?: string;
  /** What the first pool of a new data folder runs on; default: Docker where it answers, else QEMU where that is set up. */
  defaultBackend?: 'docker' | 'qemu';
  clock?: Clock;
  ids?: Ids;
  onTokenUse?: (use: TokenUse) => void;
  hooks?: Pick<BrokerHooks, 'imageBuilding'>;
  /** For trials, which kill the process at the broker's named points. */
  fault?: BrokerOptions['fault'];
  limits?: {
    broker?: BrokerOptions['limits'];
    server?: Partial<ServerLimits>;
    checkpoints?: Partial<CheckpointLimits>;
  };
  channel?: () => Partial<ChannelSettings>;
  /**
   * How long the start waits for the broker to have looked at its backends and adopted its machines, in milliseconds;
   * default: until it has. Past it the start goes on, and callers get not_ready until `adopted` resolves.
   */
  patienceMs?: number;
  /** The screen decoder's file, where it is not beside this one. */
  screenWorkerUrl?: URL;
}

export type Theme = 'system' | 'dark' | 'light';

/** What a token did: the first-call light of "Connect an agent". */
export type TokenUse =
  { tokenId: string; kind: 'accepted' } | { tokenId: string; kind: 'tool'; tool: string; client: string | null };

/** Everything that runs, by name. */
export interface Wheelhouse {
  dataDir: string;
  url: string;
  port: number;
  installationId: string;
  db: Database;
  settings: SettingsStore;
  identity: Identity;
  /** The window's theme, kept across starts. */
  theme: { get(): Theme; set(theme: Theme): void };
  broker: Broker;
  control: Control;
  attention: AttentionQueue;
  checkpoints: Checkpoints;
  hubs: ScreenHubs;
  relay: Relay;
  tickets: Tickets;
  timeline: TimelineService;
  usage: Usage;
  channel: Channel;
  backends: ReadonlyMap<BackendKind, SandboxBackend>;
  bus: Bus;
  clock: Clock;
  ids: Ids;
  logger: Logger;
  /** The session's screen, opened when nobody has yet. session_gone, not_ready, guest_failed. */
  hubFor(sessionId: string): Promise<ScreenHub>;
  /** Resolves when sessions can be had; at once, unless `patienceMs` ran out. Rejects when the broker could not start. */
  adopted: Promise<void>;
  people: PeopleSettings;
  /**
   * Stops everything, in order; machines stay for the next start unless told otherwise. Before that, and at most for
   * `drainMs` (default 0), what is under way is ended and nothing new begun. Runs once.
   */
  stop(options?: { destroy?: boolean; drainMs?: number }): Promise<void>;
}
