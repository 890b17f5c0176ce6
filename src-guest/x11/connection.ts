import { connect, type Socket } from 'node:net';
import { opcode, readSetup, request, setupRequest, shorts, type Setup } from './wire';

interface Waiting {
  sequence: number;
  resolve(reply: Buffer): void;
  reject(error: Error): void;
}

const deadlineMs = 5_000;
/** The server's answers are small but for properties, which are asked for in bounded pieces. */
const largestReply = 16 * 1024 * 1024;

/** One connection to the X server: requests, replies by sequence number, events to a listener. */
export class XConnection {
  private readonly waiting: Waiting[] = [];
  private readonly atoms = new Map<string, Promise<number>>();
  private readonly listeners = new Set<(event: Buffer) => void>();
  private readonly closers: ((error: Error) => void)[] = [];
  private buffer: Buffer = Buffer.alloc(0);
  private sequence = 0;
  private ids = 0;
  private ended: Error | null = null;

  private constructor(
    private readonly socket: Socket,
    private readonly setup: Setup,
  ) {}

  get root(): number {
    return this.setup.root;
  }

  /** Rejects when the server does not listen (yet), refuses, or does not answer in time. */
  static open(path: string): Promise<XConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      const timer = setTimeout(() => socket.destroy(new Error('the X server did not answer')), deadlineMs);
      let answer: Buffer = Buffer.alloc(0);
      const onData = (chunk: Buffer) => {
        answer = Buffer.concat([answer, chunk]);
        if (answer.length < 8 || answer.length < 8 + answer.readUInt16LE(6) * 4) return;
        clearTimeout(timer);
        socket.off('data', onData);
        socket.off('error', reject);
        try {
          const connection = new XConnection(socket, readSetup(answer));
          connection.listen();
          resolve(connection);
        } catch (error) {
          socket.destroy();
          reject(error as Error);
        }
      };
      socket.once('connect', () => socket.write(setupRequest()));
      socket.on('data', onData);
      socket.on('error', reject);
      socket.on('close', () => {
        clearTimeout(timer);
        reject(new Error('the X server closed the connection'));
      });
    });
  }

  newId(): number {
    return this.setup.idBase + ++this.ids;
  }
  send(message: Buffer): void {
    if (this.ended) return;
    this.sequence = (this.sequence + 1) & 0xffff;
    this.socket.write(message);
  }
  /** Sends a request that has a reply. Rejects with the X error, or when the connection ends or is silent. */
  ask(message: Buffer): Promise<Buffer> {
    if (this.ended) return Promise.reject(this.ended);
    this.send(message);
    const { sequence } = this;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.end(new Error('the X server did not answer')), deadlineMs);
      this.waiting.push({
        sequence,
        resolve: (reply) => (clearTimeout(timer), resolve(reply)),
        reject: (error) => (clearTimeout(timer), reject(error)),
      });
    });
  }
  atom(name: string): Promise<number> {
    let atom = this.atoms.get(name);
    if (!atom) {
      const bytes = Buffer.from(name, 'latin1');
      atom = this.ask(request(opcode.internAtom, 0, shorts(bytes.length, 0), bytes)).then((r) => r.readUInt32LE(8));
      this.atoms.set(name, atom);
    }
    return atom;
  }
  /** Lets requests be longer than 256 KiB (the BIG-REQUESTS extension). */
  async enableBigRequests(): Promise<void> {
    const name = Buffer.from('BIG-REQUESTS');
    const reply = await this.ask(request(opcode.queryExtension, 0, shorts(name.length, 0), name));
    if (reply.readUInt8(8) === 1) await this.ask(request(reply.readUInt8(9), 0));
  }
  /** Events as they come, 32 bytes each. */
  onEvent(listener: (event: Buffer) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
  /** Calls back once, when the connection ends. */
  onClosed(listener: (error: Error) => void): void {
    if (this.ended) listener(this.ended);
    else this.closers.push(listener);
  }
  get closed(): boolean {
    return this.ended !== null;
  }

  private listen(): void {
    this.socket.on('data', (chunk: Buffer) => {
      this.buffer = this.buffer.length === 0 ? chunk : Buffer.concat([this.buffer, chunk]);
      this.read();
    });
    this.socket.on('error', (error) => this.end(error));
    this.socket.on('close', () => this.end(new Error('the X server closed the connection')));
  }

  private read(): void {
    while (this.buffer.length >= 32) {
      const kind = this.buffer.readUInt8(0) & 0x7f;
      const extra = kind === 1 || kind === 35 ? this.buffer.readUInt32LE(4) * 4 : 0;
      if (extra > largestReply) return this.end(new Error('the X server answered too much'));
      if (this.buffer.length < 32 + extra) return;
      const message = this.buffer.subarray(0, 32 + extra);
      this.buffer = this.buffer.subarray(32 + extra);
      if (kind === 0 || kind === 1) this.settle(kind, message);
      else for (const listener of [...this.listeners]) listener(message);
    }
  }

  /** Replies come in the order of their requests; an error may also belong to a request that has no reply. */
  private settle(kind: number, message: Buffer): void {
    const sequence = message.readUInt16LE(2);
    const index = this.waiting.findIndex((one) => one.sequence === sequence);
    const [one] = index < 0 ? [] : this.waiting.splice(index, 1);
    if (kind === 1) one?.resolve(message);
    else one?.reject(new Error(`X error ${message.readUInt8(1)} on request ${message.readUInt8(10)}`));
  }

  private end(error: Error): void {
    if (this.ended) return;
    this.ended = error;
    this.socket.destroy();
    for (const one of this.waiting.splice(0)) one.reject(error);
    for (const closer of this.closers.splice(0)) closer(error);
  }
}
