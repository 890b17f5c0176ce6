import { builtWorker } from '../../base/builtWorker';
import { asWheelhouseError, WheelhouseError } from '../../base/errors';
import type { Logger } from '../../base/logger';
import type { OpenRfb } from '../../guest/types';
import type { LinkTarget } from '../../sandbox/backend';
import type { ScreenHub, ScreenHubs } from '../types';
import { HubProxy } from './hub';
import type { ScreenState } from './protocol';
import { Remote } from './remote';
import { startInline, startWorker, type Shell } from './shell';

export interface HubsOptions {
  /** Used when the host runs in this thread; the worker brings its own, src-main/guest's. */
  openRfb: OpenRfb;
  logger: Logger;
  /** The built worker; found by itself in a build. From source the host runs in this thread. */
  workerUrl?: URL;
  /** How long opening a screen may take, milliseconds. */
  openMs?: number;
}

interface Running {
  shell: Shell;
  remote: Remote;
}

interface Entry {
  opening: Promise<ScreenHub>;
  hub?: HubProxy;
}

/** One worker for all hubs of the process. When it fails, every hub is lost with the reason, and the next open starts another. */
export function createScreenHubs(options: HubsOptions): ScreenHubs {
  return new Hubs(options);
}

class Hubs implements ScreenHubs {
  private running: Running | null = null;
  private readonly entries = new Map<string, Entry>();
  private readonly workerUrl: URL | null;

  constructor(private readonly options: HubsOptions) {
    this.workerUrl = options.workerUrl ?? builtWorker('screenWorker', import.meta.url);
  }

  get(sessionId: string): ScreenHub | undefined {
    return this.entries.get(sessionId)?.hub;
  }

  open(sessionId: string, target: LinkTarget, epoch: number): Promise<ScreenHub> {
    const known = this.entries.get(sessionId);
    if (known) return known.opening;
    const entry: Entry = { opening: this.start(sessionId, target, epoch, () => entry) };
    this.entries.set(sessionId, entry);
    entry.opening.catch(() => this.forget(sessionId, entry));
    return entry.opening;
  }

  close(sessionId: string): void {
    const entry = this.entries.get(sessionId);
    if (!entry) return;
    this.entries.delete(sessionId);
    const end = () => {
      this.running?.remote.closeSession(sessionId);
      entry.hub?.closed();
    };
    if (entry.hub) end();
    else entry.opening.then(end, () => {});
  }

  async probe(target: LinkTarget, signal: AbortSignal): Promise<{ width: number; height: number; blank: boolean }> {
    if (signal.aborted) throw signal.reason;
    const timeoutMs = this.options.openMs ?? OPEN_MS;
    try {
      return await this.remote().ask({ kind: 'probe', target, timeoutMs }, signal);
    } catch (error) {
      throw signal.aborted ? signal.reason : asWheelhouseError(error);
    }
  }

  async closeAll(): Promise<void> {
    for (const sessionId of this.entries.keys()) this.close(sessionId);
    const running = this.running;
    this.running = null;
    running?.remote.die('The screens were closed.');
    await running?.shell.stop();
  }

  private async start(sessionId: string, target: LinkTarget, epoch: number, self: () => Entry): Promise<ScreenHub> {
    const remote = this.remote();
    const limit = AbortSignal.timeout(this.options.openMs ?? OPEN_MS);
    const state = await remote.ask<ScreenState>({ kind: 'open', session: sessionId, target, epoch }, limit);
    const entry = self();
    if (this.running?.remote !== remote) throw new WheelhouseError('guest_failed', 'The screen worker ended.');
    entry.hub = new HubProxy(sessionId, remote, state, () => {
      if (this.entries.get(sessionId) === entry) this.close(sessionId);
    });
    return entry.hub;
  }

  private remote(): Remote {
    if (this.running) return this.running.remote;
    const hooks = {
      onMessage: (message: Parameters<Remote['receive']>[0]) => remote.receive(message),
      onExit: (reason: string) => this.crashed(remote, reason),
    };
    const shell = this.workerUrl ? startWorker(this.workerUrl, hooks) : startInline(this.options.openRfb, hooks);
    const remote = new Remote(shell.port, {
      onChanged: (session, state) => this.entries.get(session)?.hub?.update(state),
      onLost: (session, reason) => this.lost(session, reason),
    });
    this.running = { shell, remote };
    return remote;
  }

  private lost(sessionId: string, reason: string): void {
    const entry = this.entries.get(sessionId);
    if (!entry?.hub) return;
    this.entries.delete(sessionId);
    this.options.logger.warn({ sessionId, reason }, 'screen lost');
    entry.hub.lost(reason);
  }

  private crashed(remote: Remote, reason: string): void {
    if (this.running?.remote !== remote) return;
    this.options.logger.error({ reason }, 'screen worker ended');
    this.running = null;
    remote.die(reason);
    for (const sessionId of this.entries.keys()) this.lost(sessionId, reason);
  }

  private forget(sessionId: string, entry: Entry): void {
    if (this.entries.get(sessionId) === entry) this.entries.delete(sessionId);
  }
}

/** Opening includes the link's handshake, RFB's greeting and the first picture. */
const OPEN_MS = 10_000;
