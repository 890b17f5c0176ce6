import { asWheelhouseError } from '../../base/errors';
import type { Logger } from '../../base/logger';
import { findSavedState, makeSavedState, type SavedState, type SavedStateOptions } from './savedState';

/** Milliseconds after which a desktop that could not be saved is tried again; machines boot cold until then. */
const retryMs = 600_000;

interface Entry {
  building: Promise<SavedState> | null;
  /** Read whole once by this process; later only lengths and times are looked at. */
  verified: boolean;
  failedAt: number | null;
  words: string;
}

/** The saved desktops that machines are made from, one for each image, size and QEMU; made when first asked for. */
export class SavedStates {
  private readonly entries = new Map<string, Entry>();
  private readonly closing = new AbortController();

  constructor(
    private readonly logger: Logger,
    private readonly monotonic: () => number = () => performance.now(),
  ) {}

  /**
   * A whole one; waits while it is made, as long as the signal allows: making it goes on without the caller. Null when it
   * can't be made on this computer, and machines have to boot.
   */
  async get(options: SavedStateOptions, signal: AbortSignal): Promise<SavedState | null> {
    const entry = this.entry(options.key);
    if (!entry.building) {
      const found = await findSavedState(options, !entry.verified);
      entry.verified ||= found !== null;
      if (found) return found;
      if (entry.failedAt !== null && this.monotonic() - entry.failedAt < retryMs) return null;
      entry.building ??= this.build(entry, options);
    }
    try {
      return await Promise.race([entry.building, aborted(signal)]);
    } catch (error) {
      signal.throwIfAborted();
      if (this.closing.signal.aborted) throw error;
      return null;
    }
  }

  /** After a load that failed: read whole again before the next one, and made anew when it is not what it was. */
  doubt(key: string): void {
    this.entry(key).verified = false;
  }

  /** What Diagnostics says of the ways in which machines come up; empty while all is well. */
  get words(): string {
    return [...this.entries.values()]
      .map(({ building, words }) =>
        building ? 'A desktop is being booted and saved, once for its image and size.' : words,
      )
      .filter((words, n, all) => words !== '' && all.indexOf(words) === n)
      .join(' ');
  }
  async close(): Promise<void> {
    this.closing.abort(new Error('the backend was closed'));
    await Promise.allSettled([...this.entries.values()].flatMap(({ building }) => (building ? [building] : [])));
  }

  private entry(key: string): Entry {
    const entry = this.entries.get(key) ?? { building: null, verified: false, failedAt: null, words: '' };
    this.entries.set(key, entry);
    return entry;
  }
  private async build(entry: Entry, options: SavedStateOptions): Promise<SavedState> {
    try {
      const saved = await makeSavedState(options, this.closing.signal);
      Object.assign(entry, { verified: true, failedAt: null });
      entry.words =
        saved.manifest.mode === 'mapped'
          ? ''
          : 'The memory of a saved desktop can’t be shared here: each machine reads it whole, which takes longer and more memory.';
      return saved;
    } catch (error) {
      entry.failedAt = this.monotonic();
      const { message } = asWheelhouseError(error);
      entry.words = `No desktop could be saved (${message}): machines boot, which takes seconds.`;
      if (!this.closing.signal.aborted)
        this.logger.error({ err: error }, 'no desktop could be saved; machines boot cold');
      throw error;
    } finally {
      entry.building = null;
    }
  }
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
