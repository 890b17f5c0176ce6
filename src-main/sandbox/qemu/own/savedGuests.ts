import { asWheelhouseError, WheelhouseError } from '../../../base/errors';
import type { Logger } from '../../../base/logger';
import { isSaved, saveOwn, savedOwnKey, type SavedOwnOptions } from './savedOwn';

/** Milliseconds after which a guest that could not be saved is tried again; its machines boot until then. */
const retryMs = 600_000;

interface Entry {
  building: Promise<void> | null;
  /** Read whole once by this process; later only lengths and times are looked at. */
  verified: boolean;
  failed: { at: number; error: WheelhouseError } | null;
  words: string;
}

/** The guests that were booted once and saved, so that a machine of theirs is a load instead of a boot. */
export class SavedGuests {
  private readonly entries = new Map<string, Entry>();
  private readonly closing = new AbortController();

  constructor(
    private readonly logger: Logger,
    private readonly monotonic: () => number = () => performance.now(),
  ) {}

  /** Whether one is there and whole now. */
  async has(options: SavedOwnOptions): Promise<boolean> {
    const entry = this.entry(savedOwnKey(options));
    const there = entry.building === null && (await isSaved(options, !entry.verified));
    if (there) entry.verified = true;
    return there;
  }

  /** Makes it unless it is there; making goes on without a caller that leaves. Throws guest_failed, timeout. */
  async ensure(options: SavedOwnOptions, signal: AbortSignal): Promise<void> {
    if (await this.has(options)) return;
    const entry = this.entry(savedOwnKey(options));
    if (entry.failed !== null && this.monotonic() - entry.failed.at < retryMs) throw entry.failed.error;
    entry.building ??= this.build(entry, options);
    await Promise.race([entry.building, aborted(signal)]);
  }

  /** After a load that failed: read whole again before the next one. */
  doubt(key: string): void {
    this.entry(key).verified = false;
  }

  words(): string {
    return [...this.entries.values()]
      .map(({ words }) => words)
      .filter(Boolean)
      .join(' ');
  }

  async close(): Promise<void> {
    this.closing.abort(new WheelhouseError('guest_failed', 'The backend was closed.'));
    await Promise.allSettled([...this.entries.values()].flatMap(({ building }) => building ?? []));
  }

  private entry(key: string): Entry {
    const entry = this.entries.get(key) ?? { building: null, verified: false, failed: null, words: '' };
    this.entries.set(key, entry);
    return entry;
  }

  private async build(entry: Entry, options: SavedOwnOptions): Promise<void> {
    const { name } = options.hardware.guest;
    try {
      await saveOwn(options, this.closing.signal, (missing) => {
        entry.words = `The guest ${name} is booted once, to be saved: ${missing}.`;
      });
      Object.assign(entry, { verified: true, failed: null, words: '' });
    } catch (error) {
      const failure = asWheelhouseError(error);
      entry.failed = { at: this.monotonic(), error: failure };
      entry.words = `The guest ${name} could not be saved (${failure.message}): its machines boot.`;
      if (!this.closing.signal.aborted) this.logger.error({ err: error, guest: name }, 'a guest could not be saved');
      throw failure;
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
