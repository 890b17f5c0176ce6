import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeFrame, FrameReader } from '@shared/linkFrames';
import { answerChallenge, makeHello, type LinkPurpose } from '@shared/linkHandshake';
import { EpochFence } from './epochFence';
import { linkCrypto } from './linkCrypto';
import { LinkServer, type LinkServerOptions } from './linkServer';

const secret = 's'.repeat(43);

/** A peer that says exactly what a test wants. */
class Peer {
  readonly reader = new FrameReader(1024 * 1024);
  readonly closed: Promise<void>;
  private wake: () => void = () => {};

  constructor(readonly socket: Socket) {
    socket.on('data', (chunk) => {
      this.reader.push(chunk);
      this.wake();
    });
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => socket.on('close', () => resolve()));
    void this.closed.then(() => this.wake());
  }
  send(value: unknown): void {
    this.socket.write(encodeFrame(value, 64 * 1024 * 1024));
  }
  async next(): Promise<unknown> {
    for (;;) {
      const frame = this.reader.next();
      if (frame) return frame.value;
      if (this.socket.destroyed) return 'closed';
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
  async prove(purpose: LinkPurpose = 'calls', by = secret): Promise<unknown> {
    const hello = makeHello(linkCrypto, 'm_1', purpose);
    this.send(hello);
    const challenge = await this.next();
    // A peer with a wrong secret goes on regardless: it wants in.
    const proof = answerChallenge(linkCrypto, secret, hello, challenge);
    this.send(by === secret ? proof : { kind: 'proof', proof: linkCrypto.mac(by, 'anything') });
    return this.next();
  }
}

describe('the guest’s end of the link', () => {
  let folder: string;
  let server: LinkServer;
  let peers: Peer[];
  const start = async (options: Partial<LinkServerOptions> = {}) => {
    server = new LinkServer({
      machineId: 'm_1',
      secret,
      bootId: 'boot',
      crypto: linkCrypto,
      handlers: { clipboardRead: async () => ({ text: 'here' }) },
      openRfb: async () => new PassThrough(),
      ...options,
    });
    await server.listen(join(folder, 'link.sock'));
  };
  const peer = (): Promise<Peer> =>
    new Promise((resolve, reject) => {
      const socket = connect(join(folder, 'link.sock'));
      socket.once('error', reject);
      socket.once('connect', () => {
        const made = new Peer(socket);
        peers.push(made);
        resolve(made);
      });
    });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'link-'));
    peers = [];
  });
  afterEach(() => {
    for (const { socket } of peers) socket.destroy();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('serves a peer that proved itself', async () => {
    await start();
    const broker = await peer();
    expect(await broker.prove()).toEqual({ kind: 'welcome', bootId: 'boot' });
    broker.send({ id: 7, call: 'clipboardRead', args: {} });
    expect(await broker.next()).toEqual({ id: 7, result: { text: 'here' } });
    broker.send({ id: 8, call: 'listWindows', args: {} });
    expect(await broker.next()).toMatchObject({ id: 8, error: { code: 'not_supported' } });
  });

  it('refuses a wrong proof, another machine and another version, and says which', async () => {
    await start();
    expect(await (await peer()).prove('calls', 'w'.repeat(43))).toEqual({ kind: 'refused', reason: 'wrong_proof' });
    const astray = await peer();
    astray.send(makeHello(linkCrypto, 'm_2', 'calls'));
    expect(await astray.next()).toEqual({ kind: 'refused', reason: 'wrong_machine' });
    const old = await peer();
    old.send({ ...makeHello(linkCrypto, 'm_1', 'calls'), version: 0 });
    expect(await old.next()).toEqual({ kind: 'refused', reason: 'wrong_version' });
  });

  it('does not take a proof for one connection on another', async () => {
    await start();
    const [first, second] = [await peer(), await peer()];
    const hello = makeHello(linkCrypto, 'm_1', 'calls');
    first.send(hello);
    second.send(hello);
    const proof = answerChallenge(linkCrypto, secret, hello, await first.next());
    await second.next();
    second.send(proof);
    expect(await second.next()).toEqual({ kind: 'refused', reason: 'wrong_proof' });
  });

  it('does not take its own proof back as the broker’s', async () => {
    await start();
    const mirror = await peer();
    mirror.send(makeHello(linkCrypto, 'm_1', 'calls'));
    const challenge = (await mirror.next()) as { proof: string };
    mirror.send({ kind: 'proof', proof: challenge.proof });
    expect(await mirror.next()).toEqual({ kind: 'refused', reason: 'wrong_proof' });
  });

  it('closes a peer that is silent, and serves calls to nobody before the proof', async () => {
    await start({ limits: { handshakeMs: 50 } });
    const silent = await peer();
    await silent.closed;
    const hasty = await peer();
    hasty.send({ id: 1, call: 'clipboardRead', args: {} });
    expect(await hasty.next()).toBe('closed');
  });

  it('holds only so many peers that have not proven themselves, and makes room again', async () => {
    await start({ limits: { unauthenticated: 3 } });
    const waiting = [await peer(), await peer(), await peer()];
    const fourth = await peer();
    await fourth.closed;
    expect(await waiting[0]?.prove()).toMatchObject({ kind: 'welcome' });
    expect(await (await peer()).prove()).toMatchObject({ kind: 'welcome' });
  });

  it('serves only so many peers at a time, and says so', async () => {
    await start({ limits: { connections: 2 } });
    const first = await peer();
    expect(await first.prove()).toMatchObject({ kind: 'welcome' });
    expect(await (await peer()).prove('rfb')).toMatchObject({ kind: 'welcome' });
    expect(await (await peer()).prove()).toEqual({ kind: 'refused', reason: 'too_many' });
    first.socket.destroy();
    await first.closed;
    const welcomed = async () => ((await (await peer()).prove()) as { kind: string }).kind === 'welcome';
    while (!(await welcomed())) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('lives through whatever is sent to it', async () => {
    await start();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 2000 }), async (bytes) => {
        const noisy = await peer();
        noisy.socket.end(Buffer.from(bytes));
        await noisy.closed;
      }),
      { numRuns: 100 },
    );
    expect(await (await peer()).prove()).toMatchObject({ kind: 'welcome' });
  });

  it('ends a proven connection that sends no requests, and only that one', async () => {
    await start();
    const [bad, good] = [await peer(), await peer()];
    await bad.prove();
    await good.prove();
    bad.send({ what: 'is this' });
    await bad.closed;
    good.send({ id: 1, call: 'clipboardRead', args: {} });
    expect(await good.next()).toMatchObject({ id: 1 });
  });

  it('cancels what a peer asked for when it cancels or goes', async () => {
    const ended: string[] = [];
    await start({
      handlers: {
        exec: ({ command }, signal) =>
          new Promise((_, reject) =>
            signal.addEventListener('abort', () => {
              ended.push(command);
              reject(new Error('ended'));
            }),
          ),
      },
    });
    const broker = await peer();
    await broker.prove();
    const call = (id: number, command: string) =>
      broker.send({ id, call: 'exec', args: { epoch: 1, command, timeoutMs: 1000 } });
    call(1, 'first');
    broker.send({ cancel: 1 });
    expect(await broker.next()).toMatchObject({ id: 1, error: { code: 'guest_failed' } });
    call(2, 'second');
    broker.send({ id: 3, call: 'clipboardRead', args: {} });
    await broker.next();
    broker.socket.destroy();
    while (ended.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toEqual(['first', 'second']);
  });

  it('confirms an epoch when what ran under an older one has been cut off and has ended', async () => {
    let end = () => {};
    let cut = false;
    const fence = new EpochFence();
    await start({
      fence,
      handlers: {
        launch: (_, signal) =>
          new Promise((resolve) => {
            signal.addEventListener('abort', () => (cut = true));
            end = () => resolve({ path: '/usr/bin/slow', pid: 1 });
          }),
        setEpoch: async ({ epoch }) => (await fence.raise(epoch), {}),
        clipboardRead: async () => ({ text: 'here' }),
      },
    });
    const broker = await peer();
    await broker.prove();
    broker.send({ id: 1, call: 'launch', args: { epoch: 1, path: 'slow', args: [] } });
    broker.send({ id: 2, call: 'setEpoch', args: { epoch: 2 } });
    broker.send({ id: 3, call: 'launch', args: { epoch: 1, path: 'late', args: [] } });
    broker.send({ id: 4, call: 'clipboardRead', args: {} });
    expect(await broker.next()).toMatchObject({ id: 3, error: { code: 'stale_epoch' } });
    expect(await broker.next()).toMatchObject({ id: 4, result: { text: 'here' } });
    expect(cut).toBe(true);
    end();
    expect([await broker.next(), await broker.next()]).toMatchObject([{ id: 1 }, { id: 2, result: {} }]);
  });

  it('says that the screen is not there, and that terminals are not', async () => {
    await start({ openRfb: () => Promise.reject(new Error('no screen')) });
    expect(await (await peer()).prove('rfb')).toEqual({ kind: 'refused', reason: 'screen_not_ready' });
    expect(await (await peer()).prove('terminal')).toEqual({ kind: 'refused', reason: 'not_supported' });
  });

  it('hands over bytes sent right behind the proof to the screen', async () => {
    const screen = new PassThrough();
    await start({ openRfb: async () => screen });
    const viewer = await peer();
    const hello = makeHello(linkCrypto, 'm_1', 'rfb');
    viewer.send(hello);
    const proof = encodeFrame(answerChallenge(linkCrypto, secret, hello, await viewer.next()), 1024);
    viewer.socket.write(Buffer.concat([proof, Buffer.from('RFB 003.008\n')]));
    expect(await viewer.next()).toMatchObject({ kind: 'welcome' });
    // The screen here is a mirror: what reaches it comes back.
    while (viewer.reader.rest().length === 0) await new Promise((resolve) => setImmediate(resolve));
  });
});
