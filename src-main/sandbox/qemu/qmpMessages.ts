import { z } from 'zod';

/** More than any answer that is asked for here: QEMU is ours, but the machine inside it need not be its friend. */
export const qmpLineBytes = 4 * 1024 * 1024;

const greetingSchema = z.object({
  QMP: z.object({
    version: z.object({ qemu: z.object({ major: z.int(), minor: z.int(), micro: z.int() }) }),
  }),
});
const eventSchema = z.object({ event: z.string(), data: z.record(z.string(), z.unknown()).optional() });
const errorSchema = z.object({
  id: z.int().optional(),
  error: z.object({ class: z.string(), desc: z.string() }),
});
const returnSchema = z.object({ id: z.int().optional(), return: z.unknown() });

export type QmpMessage =
  | { kind: 'greeting'; version: string }
  | { kind: 'event'; name: string; data: Record<string, unknown> }
  | { kind: 'error'; id: number | null; errorClass: string; description: string }
  | { kind: 'return'; id: number | null; value: unknown };

/** One line of QEMU's machine protocol (docs/interop/qmp-spec in QEMU's source). Throws for anything else. */
export function readQmpMessage(line: string): QmpMessage {
  const value: unknown = JSON.parse(line);
  const has = (key: string): boolean => typeof value === 'object' && value !== null && Object.hasOwn(value, key);
  if (has('QMP')) {
    const { major, minor, micro } = greetingSchema.parse(value).QMP.version.qemu;
    return { kind: 'greeting', version: `${major}.${minor}.${micro}` };
  }
  if (has('event')) {
    const { event, data = {} } = eventSchema.parse(value);
    return { kind: 'event', name: event, data };
  }
  if (has('error')) {
    const { id = null, error } = errorSchema.parse(value);
    return { kind: 'error', id, errorClass: error.class, description: error.desc };
  }
  if (has('return')) {
    const { id = null, return: result } = returnSchema.parse(value);
    return { kind: 'return', id, value: result };
  }
  throw new Error('a line that is no message');
}

/**
 * Cuts a stream into lines; keeps no more than `limit` bytes of an unfinished one. A longer one throws, or loses what is
 * too much when `shorten` is given.
 */
export class LineCutter {
  private parts: Buffer[] = [];
  private held = 0;

  constructor(
    private readonly limit = qmpLineBytes,
    private readonly shorten = false,
  ) {}

  /** The lines that this chunk finishes, without their ends; empty ones left out. */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(10, from);
      this.hold(chunk.subarray(from, end === -1 ? undefined : end));
      if (end === -1) return lines;
      const line = Buffer.concat(this.parts).toString('utf8').trim();
      this.parts = [];
      this.held = 0;
      if (line !== '') lines.push(line);
      from = end + 1;
    }
  }

  private hold(piece: Buffer): void {
    const fits = piece.subarray(0, this.limit - this.held);
    if (fits.length < piece.length && !this.shorten) throw new Error(`a line of more than ${this.limit} bytes`);
    if (fits.length === 0) return;
    this.parts.push(fits);
    this.held += fits.length;
  }
}
