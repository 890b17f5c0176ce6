import { RfbError } from '../rfb/wire';

const VERSION = 'RFB 003.008\n';

/**
 * The server's half of RFB's greeting as a viewer sees it: version 3.8, security None (the ticket has already said who
 * this is), and whatever the viewer says about sharing, because 0 would ask the real server to drop everybody else.
 * Pure: bytes in, bytes to answer out.
 */
export class ViewerGreeting {
  private phase: 'version' | 'security' | 'init' | 'done' = 'version';
  private held = Buffer.alloc(0);

  static readonly first = Buffer.from(VERSION);

  get done(): boolean {
    return this.phase === 'done';
  }

  /** What to answer, and what came after the greeting's end. RfbError when the viewer speaks something else. */
  push(chunk: Buffer): { answer: Buffer[]; rest: Buffer } {
    this.held = Buffer.concat([this.held, chunk]);
    const answer: Buffer[] = [];
    while (this.phase !== 'done') {
      const need = this.phase === 'version' ? VERSION.length : 1;
      if (this.held.length < need) return { answer, rest: Buffer.alloc(0) };
      const part = this.held.subarray(0, need);
      this.held = this.held.subarray(need);
      answer.push(...this.step(part));
    }
    const rest = this.held;
    this.held = Buffer.alloc(0);
    return { answer, rest };
  }

  private step(part: Buffer): Buffer[] {
    switch (this.phase) {
      case 'version':
        if (part.toString('latin1') !== VERSION) throw new RfbError('the viewer does not speak RFB 3.8');
        this.phase = 'security';
        return [Buffer.from([1, 1])];
      case 'security':
        if (part.readUInt8(0) !== 1) throw new RfbError('the viewer chose a security type that was not offered');
        this.phase = 'init';
        return [Buffer.alloc(4)];
      default:
        this.phase = 'done';
        return [];
    }
  }
}
