import { linkLimits } from '@shared/link';
import { GuestError } from '../guestError';
import type { XConnection } from './connection';
import { getProperty, setProperty } from './properties';
import { eventCode, opcode, propertyChangeMask, request, shorts, word } from './wire';

/** Milliseconds for another program to give what it copied, and between two pieces of it. */
const giveMs = 2_000;
const currentTime = 0;
const atomType = 4;
const integerType = 19;

/**
 * The CLIPBOARD selection (X.Org, "Inter-Client Communication Conventions Manual", section 2). What is written is kept by
 * this connection and given to every program that asks, so it survives; what programs copied is asked of them, large
 * texts in pieces (INCR). Both at most 1 MiB.
 */
export class Clipboard {
  private own: { text: Buffer } | null = null;
  /** Writes under way. A loss told meanwhile is of an earlier ownership: the server answers in order. */
  private writing = 0;
  private window = 0;
  private reading: Promise<unknown> = Promise.resolve();

  private constructor(private readonly x: XConnection) {}

  static async open(x: XConnection): Promise<Clipboard> {
    const clipboard = new Clipboard(x);
    await x.enableBigRequests();
    const inputOnly = 2;
    const eventMask = 0x800;
    const place = Buffer.concat([shorts(0, 0, 1, 1), shorts(0, inputOnly)]);
    clipboard.window = x.newId();
    x.send(request(opcode.createWindow, 0, clipboard.window, x.root, place, 0, eventMask, propertyChangeMask));
    x.onEvent((event) => clipboard.onEvent(event));
    return clipboard;
  }

  /** Throws guest_failed when another program keeps the selection. */
  async write(text: string): Promise<void> {
    const bytes = Buffer.from(text, 'utf8');
    if (bytes.length > linkLimits.clipboardBytes) {
      throw new GuestError('too_large', `The clipboard takes at most ${linkLimits.clipboardBytes} bytes.`);
    }
    const selection = await this.x.atom('CLIPBOARD');
    this.own = { text: bytes };
    this.writing += 1;
    const owner = request(opcode.getSelectionOwner, 0, selection);
    this.x.send(request(opcode.setSelectionOwner, 0, this.window, selection, currentTime));
    const reply = await this.x.ask(owner).finally(() => (this.writing -= 1));
    if (reply.readUInt32LE(8) === this.window) return;
    this.own = null;
    throw new GuestError('guest_failed', 'The clipboard could not be taken.');
  }

  /** Empty when nobody copied text. Throws guest_timeout when the program that did does not give it; too_large. */
  async read(): Promise<string> {
    // The server is asked, because the news that another program took the selection may still be on its way.
    const reply = await this.x.ask(request(opcode.getSelectionOwner, 0, await this.x.atom('CLIPBOARD')));
    const owner = reply.readUInt32LE(8);
    if (owner === 0) return '';
    if (owner === this.window && this.own) return this.own.text.toString('utf8');
    const next = this.reading.then(() => this.fetch());
    this.reading = next.catch(() => {});
    return next;
  }

  private async fetch(): Promise<string> {
    const { x } = this;
    const [selection, target, place, incr] = (await Promise.all(
      ['CLIPBOARD', 'UTF8_STRING', '_WHEELHOUSE_CLIPBOARD', 'INCR'].map((name) => x.atom(name)),
    )) as [number, number, number, number];
    x.send(request(opcode.deleteProperty, 0, this.window, place));
    const answered = this.next(
      (event) => code(event) === eventCode.selectionNotify && event.readUInt32LE(12) === selection,
    );
    x.send(request(opcode.convertSelection, 0, this.window, selection, target, place, currentTime));
    const notify = await answered;
    if (notify.readUInt32LE(20) === 0) return '';
    const first = await this.piece(place);
    if (!first) return '';
    if (first.type !== incr) {
      x.send(request(opcode.deleteProperty, 0, this.window, place));
      return first.data.toString('utf8');
    }
    const pieces: Buffer[] = [];
    let size = 0;
    for (;;) {
      const isNew = this.next(
        (event) =>
          code(event) === eventCode.propertyNotify && event.readUInt32LE(8) === place && event.readUInt8(16) === 0,
      );
      // Deleting the property asks for the next piece; an empty one is the end.
      x.send(request(opcode.deleteProperty, 0, this.window, place));
      await isNew;
      const piece = await this.piece(place);
      if (!piece || piece.data.length === 0) break;
      size += piece.data.length;
      if (size > linkLimits.clipboardBytes) throw tooLarge();
      pieces.push(Buffer.from(piece.data));
    }
    x.send(request(opcode.deleteProperty, 0, this.window, place));
    return Buffer.concat(pieces).toString('utf8');
  }

  private async piece(place: number) {
    const property = await getProperty(this.x, this.window, place, linkLimits.clipboardBytes);
    if (property && property.more > 0) throw tooLarge();
    return property;
  }

  private next(wanted: (event: Buffer) => boolean): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const stop = this.x.onEvent((event) => {
        if (!wanted(event)) return;
        done();
        resolve(event);
      });
      const timer = setTimeout(() => {
        done();
        reject(new GuestError('guest_timeout', 'The program that copied the text does not give it.'));
      }, giveMs);
      const done = () => {
        clearTimeout(timer);
        stop();
      };
    });
  }

  private onEvent(event: Buffer): void {
    if (code(event) === eventCode.selectionClear && this.writing === 0) this.own = null;
    if (code(event) === eventCode.selectionRequest) void this.give(event).catch(() => {});
  }

  /** Another program pastes: put the text where it asked, and say so. A zero property says that there is none. */
  private async give(event: Buffer): Promise<void> {
    const [requestor, selection, target, asked] = [12, 16, 20, 24].map((at) => event.readUInt32LE(at)) as [
      number,
      number,
      number,
      number,
    ];
    const property = asked || target;
    const given = await this.put(requestor, target, property);
    const notify = Buffer.alloc(32);
    notify.writeUInt8(eventCode.selectionNotify, 0);
    event.copy(notify, 4, 4, 8);
    [requestor, selection, target, given ? property : 0].forEach((value, index) =>
      word(value).copy(notify, 8 + index * 4),
    );
    this.x.send(request(opcode.sendEvent, 0, requestor, 0, notify));
  }

  private async put(requestor: number, target: number, property: number): Promise<boolean> {
    const { x, own } = this;
    if (!own) return false;
    const names = ['UTF8_STRING', 'STRING', 'TEXT', 'text/plain;charset=utf-8', 'text/plain'];
    const [utf8 = 0, ...others] = await Promise.all(names.map((name) => x.atom(name)));
    const targets = await x.atom('TARGETS');
    const timestamp = await x.atom('TIMESTAMP');
    if (target === targets) {
      const list = Buffer.concat([targets, timestamp, utf8, ...others].map(word));
      setProperty(x, requestor, property, atomType, 32, list);
      return true;
    }
    if (target === timestamp) {
      setProperty(x, requestor, property, integerType, 32, word(currentTime));
      return true;
    }
    if (target !== utf8 && !others.includes(target)) return false;
    // The plain `TEXT` target leaves the encoding to the owner.
    const type = target === (await x.atom('TEXT')) ? utf8 : target;
    setProperty(x, requestor, property, type, 8, own.text);
    return true;
  }
}

const code = (event: Buffer): number => event.readUInt8(0) & 0x7f;
const tooLarge = () =>
  new GuestError('too_large', `What was copied is larger than ${linkLimits.clipboardBytes} bytes.`);
