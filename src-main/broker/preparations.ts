import type { BackendKind, Size } from '@shared/pool';
import { bounded } from '../base/bounded';
import type { BackendWatch } from './backendWatch';
import type { Core } from './core';

interface Kind {
  backend: BackendKind;
  /** The tag. */
  image: string;
  size: Size;
}

/** Each boots a whole machine, beside what pools may take: requests that choose their screen could ask for any number. */
const mostAtOnce = 2;

/**
 * What a backend makes beforehand, once for an image and size, in the background. Known in memory only: asked a second
 * time, after a restart say, the backend answers at once. One that failed is not waited for: machines come slowly then.
 */
export class Preparations {
  private readonly states = new Map<string, 'waiting' | 'under way' | 'done' | 'failed'>();
  onSettled: () => void = () => {};

  constructor(
    private readonly core: Core,
    private readonly watch: BackendWatch,
  ) {}

  /** Whether machines of this kind can be made now; begins what stands in the way. */
  settled(kind: Kind): boolean {
    if (!this.watch.backend(kind.backend)?.prepare) return true;
    const state = this.states.get(keyOf(kind));
    if (state === undefined || state === 'waiting') {
      const underWay = [...this.states.values()].filter((one) => one === 'under way').length;
      if (underWay < mostAtOnce) void this.begin(kind);
      else this.states.set(keyOf(kind), 'waiting');
    }
    return state === 'done' || state === 'failed';
  }
  /** Or about to be. */
  underWay(kind: Kind): boolean {
    const state = this.states.get(keyOf(kind));
    return state === 'under way' || state === 'waiting';
  }
  /** Somebody mended something: what failed is tried again. */
  forgive(): void {
    for (const [key, state] of this.states) if (state === 'failed') this.states.delete(key);
  }

  private async begin(kind: Kind): Promise<void> {
    const { core } = this;
    const { logger } = core.options;
    const { image, size } = kind;
    const key = keyOf(kind);
    this.states.set(key, 'under way');
    try {
      await bounded('Saving the clean desktop', core.limits.prepareMs, core.stopping.signal, async (signal) =>
        this.watch.backend(kind.backend)?.prepare?.(image, size, signal),
      );
      this.states.set(key, 'done');
    } catch (error) {
      this.states.set(key, 'failed');
      if (core.stopping.signal.aborted) return;
      logger.warn({ ...kind, err: error }, 'the clean desktop was not saved; machines are made without it, slowly');
    }
    if (!core.stopped) this.onSettled();
  }
}

const keyOf = ({ backend, image, size }: Kind): string =>
  JSON.stringify([backend, image, size.cpus, size.memoryMiB, size.width, size.height]);
