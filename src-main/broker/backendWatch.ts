import type { BackendKind } from '@shared/pool';
import { bounded } from '../base/bounded';
import type { BackendStatus, ObservedMachine, SandboxBackend } from '../sandbox/backend';
import type { Core } from './core';
import { wordsOf } from './words';

interface Seen {
  status: BackendStatus | null;
  /** Tag by image name; null: not here. */
  images: Map<string, string | null>;
  looking: Promise<void> | null;
  again: boolean;
}

/**
 * What the backends say of themselves, kept fresh: reachable or not, and which tag stands behind an image's name. Only
 * this part asks; everything that decides reads what was seen last, so that no caller waits for a backend that hangs.
 */
export class BackendWatch {
  private readonly seen = new Map<BackendKind, Seen>();
  private next = 0;
  /** Something about this backend changed. `lost`: it was reachable and is no longer. */
  onChange: (kind: BackendKind, change: { lost: boolean; back: boolean }) => void = () => {};

  constructor(private readonly core: Core) {
    for (const kind of core.options.backends.keys()) {
      this.seen.set(kind, { status: null, images: new Map(), looking: null, again: false });
    }
  }
  backend(kind: BackendKind): SandboxBackend | undefined {
    return this.core.options.backends.get(kind);
  }
  status(kind: BackendKind): BackendStatus | null {
    return this.seen.get(kind)?.status ?? null;
  }
  reachable(kind: BackendKind): boolean {
    return this.status(kind)?.reachable === true;
  }
  tag(kind: BackendKind, image: string): string | null | undefined {
    return this.seen.get(kind)?.images.get(image);
  }
  /** From the broker's tick. */
  tick(now: number): void {
    if (now < this.next) return;
    this.next = now + this.core.limits.probeEveryMs;
    void this.lookAll();
  }
  async lookAll(): Promise<void> {
    await Promise.all([...this.seen.keys()].map((kind) => this.look(kind)));
  }
  /** Looks now; a look under way is followed by another, because what it saw may be older than the question. */
  look(kind: BackendKind): Promise<void> {
    const seen = this.seen.get(kind);
    if (!seen || this.core.stopped) return Promise.resolve();
    if (seen.looking) {
      seen.again = true;
      return seen.looking;
    }
    seen.looking = this.lookUntilSettled(kind, seen)
      .catch((error: unknown) => this.core.options.logger.error({ kind, err: error }, 'looking at a backend failed'))
      .finally(() => (seen.looking = null));
    return seen.looking;
  }
  /** All machines that the backend has, of this installation. Rejects with backend_unreachable or timeout. */
  async list(kind: BackendKind): Promise<ObservedMachine[]> {
    const backend = this.backend(kind);
    if (!backend) return [];
    const { probeTimeoutMs } = this.core.limits;
    return bounded(`Listing the machines of ${kind}`, probeTimeoutMs, this.core.stopping.signal, (signal) =>
      backend.list(signal),
    );
  }

  private async lookUntilSettled(kind: BackendKind, seen: Seen): Promise<void> {
    do {
      seen.again = false;
      await this.lookOnce(kind, seen);
    } while (seen.again && !this.core.stopped);
  }
  private async lookOnce(kind: BackendKind, seen: Seen): Promise<void> {
    const backend = this.backend(kind);
    if (!backend) return;
    const before = JSON.stringify([seen.status, [...seen.images]]);
    const was = seen.status?.reachable === true;
    const { probeTimeoutMs } = this.core.limits;
    const stopping = this.core.stopping.signal;
    let status: BackendStatus;
    try {
      status = await bounded(`Asking ${kind} whether it is there`, probeTimeoutMs, stopping, (s) => backend.probe(s));
    } catch (error) {
      status = { reachable: false, version: null, message: wordsOf(error), isolation: 'none' };
    }
    if (status.reachable) {
      const names = new Set(
        this.core.stopped
          ? []
          : this.core.pools
              .all()
              .filter((p) => p.spec.backend === kind)
              .map((p) => p.spec.image),
      );
      for (const name of seen.images.keys()) if (!names.has(name)) seen.images.delete(name);
      for (const name of names) {
        try {
          const tag = await bounded(`Looking up the image ${name}`, probeTimeoutMs, stopping, (s) =>
            backend.resolveImage(name, s),
          );
          seen.images.set(name, tag);
        } catch {
          continue; // Unknown stays unknown: an image is missing only when the backend says so.
        }
      }
    }
    if (this.core.stopped) return;
    seen.status = status;
    if (JSON.stringify([seen.status, [...seen.images]]) === before) return;
    this.onChange(kind, { lost: was && !status.reachable, back: !was && status.reachable });
  }
}
