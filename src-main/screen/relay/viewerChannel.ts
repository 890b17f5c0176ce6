import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { judge } from '../rfb/clientGate';
import { ClientParser, type ClientMessage } from '../rfb/clientParser';
import type { ServerInit } from '../rfb/handshake';
import { CLIENT, ENCODING, fence, FENCE, readPixelFormat, RfbError } from '../rfb/wire';
import type { HumanInput } from '../types';
import { ServerFilter } from './serverFilter';
import { ViewerHands } from './viewerHands';

export interface ChannelPolicy {
  mayInput(): boolean;
  onInput(input: HumanInput): void;
  onPointer(x: number, y: number): void;
}

/**
 * The gate between one viewer and its own upstream, after both greetings: every message of the viewer is parsed and
 * judged, every byte of the server is followed. Knows no sockets but the upstream it writes to. RfbError ends it.
 */
export class ViewerChannel {
  private readonly parser = new ClientParser();
  private readonly filter: ServerFilter;
  private readonly hands = new ViewerHands();
  private pixelBytes: number;
  /** Pictures may be under way: the size of a pixel can't change any more without losing the place in the stream. */
  private asked = false;
  private fences = false;
  private readonly questions = new Map<string, () => void>();

  constructor(
    private readonly upstream: Duplex,
    init: ServerInit,
    private readonly policy: ChannelPolicy,
    /** QEMU's own server ends a connection that brings it a fence, or asks for continuous updates. */
    private readonly knowsFences = true,
  ) {
    this.pixelBytes = init.format.tightBytes;
    this.filter = new ServerFilter(init.format, (payload) => this.answered(payload));
  }

  /** Bytes of the viewer. False when the upstream wants a pause. */
  fromViewer(chunk: Buffer): boolean {
    let room = true;
    for (const message of this.parser.push(chunk)) {
      const verdict = judge(message);
      if (verdict.kind === 'drop') continue;
      if (!this.knowsFences && (message.type === CLIENT.fence || message.type === CLIENT.continuousUpdates)) continue;
      if (verdict.kind === 'input' && !this.policy.mayInput()) continue;
      if (verdict.kind === 'pass') this.notice(message, verdict.bytes);
      room = this.upstream.write(verdict.bytes) && room;
      if (verdict.kind !== 'input') continue;
      for (const input of this.hands.passed(message)) this.policy.onInput(input);
      const { type, bytes } = message;
      if (type === CLIENT.pointer) this.policy.onPointer(bytes.readUInt16BE(2), bytes.readUInt16BE(4));
    }
    return room;
  }

  /** Bytes of the server: what of them goes to the viewer. */
  fromServer(chunk: Buffer): Buffer[] {
    return this.filter.push(chunk);
  }

  /**
   * Lets go of what this viewer holds down. Resolves when the server has acted on that and on all that came before, so
   * that nothing of it can land in somebody else's turn; a viewer that did not ask for fences is written to, no more.
   */
  release(): Promise<void> {
    for (const message of this.hands.release()) this.upstream.write(message);
    if (!this.fences || this.upstream.destroyed) return Promise.resolve();
    const payload = randomBytes(16);
    return new Promise((resolve) => {
      this.questions.set(payload.toString('hex'), resolve);
      this.upstream.write(fence(FENCE.request | FENCE.blockBefore, payload));
    });
  }

  /** Nothing more will come: whoever waits for an answer waits no longer. */
  close(): void {
    for (const resolve of this.questions.values()) resolve();
    this.questions.clear();
  }

  private answered(payload: Buffer): boolean {
    const key = payload.toString('hex');
    const resolve = this.questions.get(key);
    this.questions.delete(key);
    resolve?.();
    return resolve !== undefined;
  }

  private notice({ type, bytes }: ClientMessage, passed: Buffer): void {
    switch (type) {
      case CLIENT.setPixelFormat: {
        const format = readPixelFormat(bytes.subarray(4));
        if (this.asked && format.tightBytes !== this.pixelBytes) throw new RfbError('pixels change size under way');
        this.pixelBytes = format.tightBytes;
        return this.filter.setFormat(bytes.subarray(4));
      }
      case CLIENT.setEncodings:
        for (let at = 4; at < passed.length; at += 4) {
          if (this.knowsFences && passed.readInt32BE(at) === ENCODING.fence) this.fences = true;
        }
        return;
      case CLIENT.updateRequest:
      case CLIENT.continuousUpdates:
        this.asked = true;
        return;
      default:
    }
  }
}
