import type { MachineTrouble } from '@shared/pool';
import { bounded } from '../base/bounded';
import { sleep } from '../base/deadline';
import { asWheelhouseError, WheelhouseError } from '../base/errors';
import type { GuestClient } from '../guest/types';
import type { LinkTarget } from '../sandbox/backend';
import type { MachineRow } from '../store/machines';
import type { BackendWatch } from './backendWatch';
import type { Core } from './core';
import { isFinal, troubled, troubleOf } from './trouble';
import { wordsOf } from './words';

/** Where the link of a machine that is being put back will be. */
export interface HeldLink {
  opened(guest: GuestClient): void;
  failed(error: unknown): void;
}
export interface Opened {
  guest: GuestClient;
  bootId: string;
}

type Link =
  | { kind: 'open'; guest: GuestClient; dispose: () => void }
  | { kind: 'opening'; done: Promise<GuestClient>; stop: AbortController };

/**
 * One link to the in-guest agent of every ready and leased machine, opened by the check that made it ready and handed to
 * the session with the machine. A link that is lost is tried again for a while; the same agent (its boot id) must answer,
 * because an agent that started anew has none of the session's state. After that the machine counts as lost.
 */
export class MachineLinks {
  private readonly links = new Map<string, Link>();
  onLost: (machineId: string, reason: string, trouble: MachineTrouble) => void = () => {};
  /** Stopped or being put back: its silence says nothing. Its link is let go of, without another word, and `onQuiet` told. */
  isQuiet: (machineId: string) => boolean = () => false;
  onQuiet: (machineId: string, reason: string) => void = () => {};

  constructor(
    private readonly core: Core,
    private readonly watch: BackendWatch,
  ) {}

  target(row: Pick<MachineRow, 'machineId' | 'backend' | 'secret'>): LinkTarget {
    const backend = this.watch.backend(row.backend);
    if (!backend) throw new WheelhouseError('not_supported', `This computer has no ${row.backend} backend.`);
    return { machineId: row.machineId, path: backend.linkPath(row.machineId), secret: row.secret };
  }
  get(machineId: string): GuestClient | undefined {
    const link = this.links.get(machineId);
    return link?.kind === 'open' ? link.guest : undefined;
  }
  opening(machineId: string): Promise<GuestClient> | undefined {
    const link = this.links.get(machineId);
    return link?.kind === 'opening' ? link.done : undefined;
  }
  /** Takes over a link that was just proven. */
  adopt(machineId: string, guest: GuestClient): void {
    this.close(machineId);
    const link: Link = { kind: 'open', guest, dispose: () => {} };
    this.links.set(machineId, link);
    link.dispose = guest.onLost((reason) => {
      if (this.links.get(machineId) !== link || this.core.stopped) return;
      if (this.isQuiet(machineId)) {
        this.close(machineId);
        return this.onQuiet(machineId, reason);
      }
      this.reopen(machineId, this.core.limits.reconnectMs, reason);
    });
  }
  /** Opens (again) in the background; `onLost` after `ms` without success, or at once when it is hopeless. */
  reopen(machineId: string, ms: number, why: string): void {
    this.close(machineId);
    const stop = new AbortController();
    const done = this.open(machineId, ms, stop.signal, { why }).then(({ guest }) => guest);
    const link: Link = { kind: 'opening', done, stop };
    this.links.set(machineId, link);
    done.then(
      (guest) => {
        if (this.links.get(machineId) !== link || this.core.stopped) guest.close();
        else this.adopt(machineId, guest);
      },
      (error: unknown) => {
        if (this.links.get(machineId) !== link) return;
        this.links.delete(machineId);
        if (this.isQuiet(machineId)) return this.onQuiet(machineId, why);
        const trouble = troubleOf(asWheelhouseError(error), false);
        if (!this.core.stopped) this.onLost(machineId, `${why} ${wordsOf(error)}`.trim(), trouble);
      },
    );
  }
  /** No link, and whoever asks waits until it is said what became of it. */
  hold(machineId: string): HeldLink {
    this.close(machineId);
    const stop = new AbortController();
    let resolve: (guest: GuestClient) => void = () => {};
    let reject: (error: unknown) => void = () => {};
    const done = new Promise<GuestClient>((yes, no) => ([resolve, reject] = [yes, no]));
    done.catch(() => {});
    stop.signal.addEventListener('abort', () => reject(stop.signal.reason), { once: true });
    const link: Link = { kind: 'opening', done, stop };
    this.links.set(machineId, link);
    return {
      opened: (guest) => {
        if (this.links.get(machineId) !== link || this.core.stopped) return guest.close();
        resolve(guest);
        this.adopt(machineId, guest);
      },
      failed: (error) => {
        if (this.links.get(machineId) === link) this.links.delete(machineId);
        reject(error);
      },
    };
  }
  /** A link that was just proven; the caller owns it. `anyBoot`: also of an agent that was started anew. */
  open(machineId: string, ms: number, parent: AbortSignal, how: { why: string; anyBoot?: boolean }): Promise<Opened> {
    return bounded('Reaching the machine again', ms, parent, (signal) => this.tryToOpen(machineId, how, signal));
  }
  close(machineId: string): void {
    const link = this.links.get(machineId);
    this.links.delete(machineId);
    if (!link) return;
    if (link.kind === 'open') {
      link.dispose();
      link.guest.close();
    } else link.stop.abort(new WheelhouseError('session_gone', 'The machine is gone.'));
  }
  closeAll(): void {
    for (const machineId of [...this.links.keys()]) this.close(machineId);
  }

  private async tryToOpen(
    machineId: string,
    { why, anyBoot = false }: { why: string; anyBoot?: boolean },
    signal: AbortSignal,
  ): Promise<Opened> {
    const row = this.core.machine(machineId);
    let guest: GuestClient | undefined;
    for (let pause = 50; ; pause = Math.min(1000, pause * 2)) {
      try {
        guest = await this.core.options.connectGuest(this.target(row), signal);
        const health = await guest.health(this.core.limits.healthTimeoutMs);
        if (health.machineId !== machineId) throw troubled('lying', 'Another machine answered.');
        if (!anyBoot && row.bootId !== null && health.bootId !== row.bootId) {
          throw troubled('lying', 'The in-guest agent was started anew.');
        }
        signal.throwIfAborted();
        return { guest, bootId: health.bootId };
      } catch (error) {
        guest?.close();
        if (signal.aborted) throw signal.reason;
        const failure = asWheelhouseError(error);
        if (anyBoot ? failure.data.final === true : isFinal(failure)) throw error;
        this.core.options.logger.debug({ machineId, err: error, why }, 'link not back yet');
        await this.throwIfEnded(row);
        await sleep(pause, signal);
      }
    }
  }
  /** No use in waiting for a machine that its backend knows to be dead. */
  private async throwIfEnded(row: MachineRow): Promise<void> {
    const machines = await this.watch.list(row.backend).catch(() => null);
    if (!machines) return;
    const seen = machines.find((machine) => machine.machineId === row.machineId);
    if (!seen) throw troubled('dead', 'The machine is gone from its backend.');
    if (!seen.running && !seen.paused) {
      throw troubled('dead', `The machine has ended (${seen.state}).`);
    }
  }
}
