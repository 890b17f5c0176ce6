import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { Logger } from '../../base/logger';

/** `at`: Unix milliseconds; null: measured when no machine had it, and true until one has. */
const sizeSchema = z.object({ bytes: z.number().min(0), at: z.number().nullable() });
const fileSchema = z.record(z.string(), sizeSchema);
type Size = z.infer<typeof sizeSchema>;

/** How long a home's size is believed while a machine writes to it. */
const freshMs = 120_000;
/** A home that could not be measured is tried again after it. */
const againMs = 60_000;

/** How a home is measured: in the machine that has it, or (`machineId` null) with a helper. Bytes; null when it can't be. */
export type Measure = (homeId: string, machineId: string | null, signal: AbortSignal) => Promise<number | null>;

/**
 * What homes take on disk, measured in the background, one after the other: the engine's own count looks at all its
 * images and takes seconds. What was found is kept in a file, because a home that nobody has does not change.
 */
export class HomeSizes {
  private readonly sizes: Map<string, Size>;
  private readonly waiting = new Map<string, string | null>();
  private readonly failedAt = new Map<string, number>();
  private current: { homeId: string; done: Promise<void> } | null = null;
  private readonly closing = new AbortController();

  constructor(private readonly options: { file: string; measure: Measure; now(): number; logger: Logger }) {
    this.sizes = read(options.file);
  }

  get(homeId: string): number | null {
    return this.sizes.get(homeId)?.bytes ?? null;
  }
  forget(homeId: string): void {
    this.waiting.delete(homeId);
    if (this.sizes.delete(homeId)) this.write();
  }
  /** Has those measured whose size is not known or not believed any more; forgets those that are gone. */
  lookAt(homes: readonly { homeId: string; machineId: string | null }[]): void {
    const now = this.options.now();
    const all = new Set(homes.map(({ homeId }) => homeId));
    for (const homeId of [...this.sizes.keys()]) if (!all.has(homeId)) this.sizes.delete(homeId);
    for (const { homeId, machineId } of homes) {
      const known = this.sizes.get(homeId);
      const believed = known && (known.at === null ? machineId === null : now - known.at < freshMs);
      const justFailed = now - (this.failedAt.get(homeId) ?? -Infinity) < againMs;
      if (!believed && !justFailed) this.waiting.set(homeId, machineId);
    }
    this.next();
  }
  /** The last measure of a home before its machine goes; null keeps what was known. */
  note(homeId: string, bytes: number | null): void {
    if (bytes === null) return;
    this.sizes.set(homeId, { bytes, at: null });
    this.write();
  }
  /** Resolves when this home is not being measured. */
  async settled(homeId: string): Promise<void> {
    this.waiting.delete(homeId);
    if (this.current?.homeId === homeId) await this.current.done;
  }
  async close(): Promise<void> {
    this.closing.abort(new Error('the backend was closed'));
    this.waiting.clear();
    await this.current?.done;
  }

  private next(): void {
    const [first] = this.waiting;
    if (this.current || !first || this.closing.signal.aborted) return;
    const [homeId, machineId] = first;
    this.waiting.delete(homeId);
    const done = this.measure(homeId, machineId).finally(() => {
      this.current = null;
      this.next();
    });
    this.current = { homeId, done };
  }
  private async measure(homeId: string, machineId: string | null): Promise<void> {
    const { measure, now, logger } = this.options;
    try {
      const bytes = await measure(homeId, machineId, this.closing.signal);
      if (bytes === null) throw new Error('no figure came');
      this.failedAt.delete(homeId);
      this.sizes.set(homeId, { bytes, at: machineId === null ? null : now() });
      this.write();
    } catch (error) {
      this.failedAt.set(homeId, now());
      if (!this.closing.signal.aborted) logger.debug({ homeId, err: error }, 'a home was not measured');
    }
  }
  private write(): void {
    const { file, logger } = this.options;
    try {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(`${file}.new`, JSON.stringify(Object.fromEntries(this.sizes)), { mode: 0o600 });
      renameSync(`${file}.new`, file);
    } catch (error) {
      // Figures only: they are measured again.
      logger.debug({ err: error }, 'the sizes of homes were not written');
    }
  }
}

function read(file: string): Map<string, Size> {
  try {
    return new Map(Object.entries(fileSchema.parse(JSON.parse(readFileSync(file, 'utf8')))));
  } catch {
    return new Map();
  }
}
