/**
 * The memory's part of QEMU's migration stream (docs/devel/migration.rst and migration/ram.c in QEMU's source), read and
 * written. A machine that was cloned by private mapping differs from its saved desktop in some pages and in its devices;
 * its own stream is that desktop's, up to the end of the memory, then those pages as one part more, then its devices.
 */
const pageBytes = 4096;
const magic = 0x51_45_56_4d;
const version = 3;
const sections = {
  eof: 0,
  start: 1,
  part: 2,
  end: 3,
  full: 4,
  subsection: 5,
  description: 6,
  configuration: 7,
} as const;
const footer = 0x7e;
const flags = { zero: 0x02, size: 0x04, page: 0x08, end: 0x10, same: 0x20 } as const;
const flagBits = 0xfff;

export interface MemoryHead {
  /** Everything up to the end of the memory. */
  bytes: Buffer;
  sectionId: number;
}

class Reader {
  constructor(
    readonly buffer: Buffer,
    public at: number,
  ) {}
  byte(): number {
    return this.buffer.readUInt8(this.at++);
  }
  peek(): number {
    return this.buffer.readUInt8(this.at);
  }
  long(): number {
    this.at += 4;
    return this.buffer.readUInt32BE(this.at - 4);
  }
  quad(): { address: number; flags: number } {
    const [high, low] = [this.long(), this.long()];
    return { address: high * 2 ** 32 + (low - (low & flagBits)), flags: low & flagBits };
  }
  word(): string {
    const length = this.byte();
    this.at += length;
    return this.buffer.toString('latin1', this.at - length, this.at);
  }
}

/**
 * Where the memory ends in a stream that was saved with `x-ignore-shared`. Throws for anything that is not understood to
 * the last byte: another QEMU may write it otherwise.
 */
export function memoryHead(stream: Buffer): MemoryHead {
  const from = new Reader(stream, 0);
  if (from.long() !== magic || from.long() !== version) throw new Error('no migration stream');
  if (from.byte() !== sections.configuration) throw new Error('a stream without its configuration');
  const name = from.long();
  from.at += name;
  while (from.peek() === sections.subsection) {
    from.at += 1;
    const part = from.word();
    from.long();
    if (part !== 'configuration/capabilities') throw new Error(`an unknown part of the configuration: ${part}`);
    for (let count = from.long(); count > 0; count -= 1) from.word();
  }
  let sectionId: number | null = null;
  for (;;) {
    const kind = from.peek();
    if (kind === sections.full && sectionId !== null) return { bytes: stream.subarray(0, from.at), sectionId };
    from.at += 1;
    const id = from.long();
    if (kind === sections.start && sectionId === null) {
      if (from.word() !== 'ram') throw new Error('a stream that does not begin with the memory');
      from.at += 8;
      sectionId = id;
    } else if ((kind !== sections.part && kind !== sections.end) || id !== sectionId) {
      throw new Error(`a section of an unknown kind (${kind})`);
    }
    skipPages(from);
    if (from.byte() !== footer || from.long() !== id) throw new Error('a section without its end');
  }
}

function skipPages(from: Reader): void {
  for (;;) {
    const record = from.quad();
    if (record.flags === flags.end) return;
    if (record.flags === flags.size) {
      for (let left = record.address; left > 0;) {
        from.word();
        left -= from.quad().address;
        // Where the block lies in the machine: there because of x-ignore-shared.
        from.at += 8;
      }
      continue;
    }
    if ((record.flags & flags.same) === 0) from.word();
    const kind = record.flags & ~flags.same;
    if (kind === flags.page) from.at += pageBytes;
    else if (kind === flags.zero) from.at += 1;
    else throw new Error(`a page of an unknown kind (${record.flags})`);
  }
}

const zeroPage = Buffer.alloc(pageBytes);

/** Writes one part of the memory, page after page, into buffers that the caller takes when they are full. */
export class MemoryPart {
  private used = 0;
  private first = true;

  constructor(
    private buffer: Buffer,
    sectionId: number,
    private readonly block = 'ram',
  ) {
    this.buffer.writeUInt8(sections.part, 0);
    this.buffer.writeUInt32BE(sectionId, 1);
    this.used = 5;
  }
  /** Whether another page surely fits. */
  get room(): boolean {
    return this.buffer.length - this.used >= pageBytes + 64;
  }
  /** What was written since it was taken last; `next` is written to from here on. */
  take(next: Buffer): Buffer {
    const written = this.buffer.subarray(0, this.used);
    this.buffer = next;
    this.used = 0;
    return written;
  }
  /** A page at a byte offset within the block; one of nothing but zeros takes one byte. */
  page(offset: number, source: Buffer, at: number): void {
    const zero = source.compare(zeroPage, 0, pageBytes, at, at + pageBytes) === 0;
    this.word(offset, (zero ? flags.zero : flags.page) | (this.first ? 0 : flags.same));
    if (this.first) {
      this.used = this.buffer.writeUInt8(this.block.length, this.used);
      this.used += this.buffer.write(this.block, this.used, 'latin1');
      this.first = false;
    }
    if (zero) this.used = this.buffer.writeUInt8(0, this.used);
    else this.used += source.copy(this.buffer, this.used, at, at + pageBytes);
  }
  end(sectionId: number): void {
    this.word(0, flags.end);
    this.used = this.buffer.writeUInt8(footer, this.used);
    this.used = this.buffer.writeUInt32BE(sectionId, this.used);
  }
  private word(address: number, bits: number): void {
    this.used = this.buffer.writeUInt32BE(Math.floor(address / 2 ** 32), this.used);
    this.used = this.buffer.writeUInt32BE(((address % 2 ** 32) | bits) >>> 0, this.used);
  }
}

/**
 * The rest of a stream from a file that `xen-save-devices-state` wrote: the devices, which it puts after a head of its
 * own, and an empty description. Throws when it is something else.
 */
export function devicesTail(saved: Buffer): Buffer {
  const from = new Reader(saved, 0);
  if (from.long() !== magic || from.long() !== version || from.peek() !== sections.full) {
    throw new Error('devices of an unknown kind');
  }
  return Buffer.concat([saved.subarray(from.at), Buffer.from([sections.description, 0, 0, 0, 0])]);
}
