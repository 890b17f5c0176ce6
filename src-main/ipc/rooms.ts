import type { Readable } from 'node:stream';
import type { AppInfo, DemoStatus, PushData, PushName, SetupStatus, SetupWay } from '@shared/ipc';
import type { AttentionQueue, Control, Operator } from '../control/types';
import type { Broker } from '../broker/types';
import type { Checkpoints } from '../checkpoints/types';
import type { Bus } from '../base/bus';
import type { Clock } from '../base/clock';
import type { Ids } from '../base/ids';
import type { Logger } from '../base/logger';
import type { ScreenHub } from '../screen/types';
import type { Timeline } from '../timeline/types';
import type { Usage } from '../usage';
import type { PeopleSettings } from '../wheelhouse/settings';
import type { Identity } from '../server/identity';

/** What the handlers need of the rest of the main process; made once by the composition root. */
export interface Rooms {
  broker: Broker;
  control: Control;
  timeline: Timeline;
  attention: AttentionQueue;
  checkpoints: Checkpoints;
  identity: Identity;
  usage: Pick<Usage, 'report'>;
  people: PeopleSettings;
  tickets: {
    issue(for_: { sessionId: string; operator: string; mode: 'view' | 'interactive' }): {
      ticket: string;
      expiresAt: string;
    };
  };
  hubFor(sessionId: string): Promise<ScreenHub>;
  bus: Bus;
  clock: Clock;
  ids: Ids;
  logger: Logger;
  /** The person at this window; on their own computer they are the administrator. */
  operator: Operator;
  url: string;
  push<N extends PushName>(name: N, data: PushData<N>): void;
}

/** What only a desktop app has; given by app/, so that the handlers run and are tested without Electron. */
export interface Shell {
  info(): AppInfo;
  copyText(text: string): Promise<void>;
  readClipboard(): Promise<string>;
  /** Asks for a place and writes the text there; false when none was chosen. */
  saveText(file: { name: string; kind: 'csv' | 'yaml'; text: string }): Promise<boolean>;
  /**
   * Asks for a place, then opens and writes there what may be large; false when none was chosen. A file that was begun
   * and not finished does not stay.
   */
  saveStream(file: { name: string; kind: string; open(): Promise<Readable> }): Promise<boolean>;
  /** Asks for a file and reads it; null when none was chosen. too_large past `bytes`, bad_request when it is not text. */
  openText(wanted: { kinds: readonly string[]; bytes: number }): Promise<{ name: string; text: string } | null>;
  openHelp(topic: string): Promise<void>;
  theme(): 'system' | 'dark' | 'light';
  setTheme(theme: 'system' | 'dark' | 'light'): void;
}

export interface Setup {
  status(): SetupStatus;
  look(): Promise<SetupStatus>;
  buildImage(way?: SetupWay): Promise<void>;
  cancelBuild(): void;
}

export interface Demo {
  status(): DemoStatus;
  /** On a machine of this backend; without it: on what the first pool is on. */
  start(way?: SetupWay): Promise<DemoStatus>;
  stop(): Promise<DemoStatus>;
}
