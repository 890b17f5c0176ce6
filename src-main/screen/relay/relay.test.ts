import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../base/logger';
import { createFakeRfbServer } from '../../sandbox/fake/rfbServer';
import { fence, keyEvent, pointerEvent, setEncodings, updateRequest } from '../rfb/wire';
import { bareRfb } from '../testing/bareRfb';
import { cutAt, everyClientMessage } from '../testing/clientMessages';
import { listenSockets, RawViewer } from '../testing/rawViewer';
import { listenScreen, until } from '../testing/screens';
import type { HumanInput, RelayPolicy, Viewer } from '../types';
import { createRelay, type RelayLimits } from './relay';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const run of undo.splice(0).toReversed()) await run();
});

async function rig(limits: Partial<RelayLimits> = {}, size = { width: 64, height: 48 }) {
  const screen = await listenScreen(createFakeRfbServer(size));
  const log = { inputs: [] as HumanInput[], opened: [] as Viewer[], closed: [] as boolean[] };
  const state = { holder: null as string | null };
  const policy: RelayPolicy = {
    mayInput: (viewer) => viewer.operator === state.holder,
    onInput: (_, input) => log.inputs.push(input),
    onOpened: (viewer) => log.opened.push(viewer),
    onClosed: (_, clean) => log.closed.push(clean),
  };
  const relay = createRelay({ openRfb: bareRfb, policy, logger: silentLogger, limits });
  let count = 0;
  const sockets = await listenSockets((socket, url) => {
    relay.attach(socket, { viewerId: `v${++count}`, sessionId: 's1', operator: url.slice(1) }, screen.target);
  });
  undo.push(
    () => screen.close(),
    () => sockets.close(),
    () => relay.closeAll(),
  );
  return { ...screen, relay, log, state, url: `${sockets.url}/ada` };
}

const marker = (id: number) => fence(0x80000001, Buffer.from([0xab, id >> 8, id & 0xff]));
const echo = (id: number) => fence(1, Buffer.from([0xab, id >> 8, id & 0xff]));

describe('a viewer without control', () => {
  it('changes nothing, whatever it sends and wherever it splits it', async () => {
    const { server, url } = await rig();
    const viewer = await RawViewer.greet(url);
    const all = Buffer.concat(everyClientMessage.map(({ bytes }) => bytes));
    viewer.send(setEncodings([-312]));
    for (let at = 1; at < all.length; at++) viewer.send(all.subarray(0, at), all.subarray(at), marker(at));
    viewer.send(...Array.from(all, (byte) => Buffer.from([byte])), marker(9_999));
    await viewer.until((bytes) => bytes.includes(echo(9_999)), 'the last answer');
    expect(viewer.closed).toBeNull();
    expect(server.inputs).toEqual([]);
  });

  it('sees the picture but never the clipboard', async () => {
    const { server, url } = await rig();
    const viewer = await RawViewer.greet(url);
    viewer.send(setEncodings([0, 1, -312]), updateRequest(false, 64, 48));
    await viewer.until((bytes) => bytes.length > 64 * 48 * 4, 'a picture');
    server.cutText('canary-5150');
    server.paint({ x: 0, y: 0, width: 1, height: 1 }, [7, 77, 177, 255]);
    viewer.send(updateRequest(true, 64, 48), marker(1));
    await viewer.until((bytes) => bytes.includes(Buffer.from([177, 77, 7])), 'the changed pixel');
    expect(viewer.bytes.includes('canary-5150')).toBe(false);
  });

  it.each([
    ['an unknown type', [77]],
    ['a clipboard of 0xffffffff bytes', [6, 0, 0, 0, 255, 255, 255, 255]],
    ['pixels of 13 bits', [0, 0, 0, 0, 13, ...Array.from({ length: 15 }, () => 0)]],
  ])('is closed for %s', async (_, bytes) => {
    const { server, url } = await rig();
    const viewer = await RawViewer.greet(url);
    viewer.send(Buffer.from(bytes));
    await until(() => viewer.closed !== null, 'the end');
    expect(viewer.closed?.code).toBe(1002);
    await until(() => server.connections === 0, 'the upstream to end');
  });

  it('is closed for another greeting, text, or a second size of pixels', async () => {
    const { url } = await rig();
    const old = await RawViewer.connect(url);
    old.send(Buffer.from('RFB 003.003\n'));
    const talker = await RawViewer.connect(url);
    talker.socket.send('hello');
    const shifter = await RawViewer.greet(url);
    const eightBits = Buffer.from(everyClientMessage[0]?.bytes ?? []);
    eightBits[4] = 8;
    shifter.send(updateRequest(true, 1, 1), eightBits);
    await until(() => [old, talker, shifter].every((viewer) => viewer.closed), 'the ends');
    expect([old, talker, shifter].map((viewer) => viewer.closed?.code)).toEqual([1002, 1003, 1002]);
  });

  it('sends rubbish that harms nobody but itself', async () => {
    const { server, url } = await rig();
    const watcher = await RawViewer.greet(url);
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 200 }),
        fc.array(fc.integer({ min: 1, max: 20 })),
        async (bytes, cuts) => {
          const viewer = await RawViewer.greet(url);
          viewer.send(...cutAt(Buffer.from(bytes), cuts));
          viewer.close();
          await until(() => viewer.closed !== null, 'the end');
        },
      ),
      { numRuns: 60 },
    );
    watcher.send(setEncodings([-312]), marker(1));
    await watcher.until((heard) => heard.includes(echo(1)), 'an answer');
    expect(server.inputs).toEqual([]);
  });
});

describe('a viewer with control', () => {
  it('acts by keys, pointer and clipboard only', async () => {
    const { server, url, state } = await rig();
    state.holder = 'ada';
    const viewer = await RawViewer.greet(url);
    for (const { bytes } of everyClientMessage) viewer.send(bytes);
    await until(() => server.inputs.length >= 4, 'the input');
    viewer.send(setEncodings([-312]), marker(1));
    await viewer.until((bytes) => bytes.includes(echo(1)), 'the answer');
    expect(server.inputs.map(({ kind }) => kind)).toEqual(['key', 'pointer', 'cutText', 'cutText']);
  });

  it('loses it between two messages, in 1,000 races', async () => {
    const { server, relay, url, state } = await rig();
    const viewer = await RawViewer.greet(url);
    viewer.send(setEncodings([-312]));
    let late = 0;
    for (let race = 0; race < 1_000; race++) {
      state.holder = 'ada';
      viewer.send(keyEvent(0x61, true), pointerEvent(1, race % 64, 5), keyEvent(0x61, false));
      if (race % 2) await new Promise((resolve) => setImmediate(resolve));
      state.holder = null;
      viewer.send(keyEvent(0x62, true), pointerEvent(0, 1, 1));
      await relay.releaseInput('s1');
      const landed = server.inputs.length;
      viewer.send(marker(race));
      if (race % 10 === 0) await viewer.until((bytes) => bytes.includes(echo(race)), 'the answer');
      late += server.inputs.length - landed;
    }
    expect(late).toBe(0);
    expect(server.inputs.some((input) => input.kind === 'key' && input.keysym === 0x62)).toBe(false);
    const last = server.inputs.findLast((input) => input.kind === 'pointer');
    expect(last).toMatchObject({ mask: 0 });
  });

  it('leaves nothing pressed when control or the viewer goes', async () => {
    const { server, relay, log, url, state } = await rig();
    state.holder = 'ada';
    const viewer = await RawViewer.greet(url);
    viewer.send(setEncodings([-312]), keyEvent(0xffe1, true), keyEvent(0x61, true), pointerEvent(4, 9, 8));
    await until(() => server.inputs.length === 3, 'the presses');
    await relay.releaseInput('s1', 'somebody else');
    expect(server.inputs).toHaveLength(3);
    await relay.releaseInput('s1', 'ada');
    expect(server.inputs.slice(3)).toMatchObject([
      { kind: 'key', keysym: 0x61, down: false },
      { kind: 'key', keysym: 0xffe1, down: false },
      { kind: 'pointer', mask: 0, x: 9, y: 8 },
    ]);
    viewer.send(keyEvent(0x62, true));
    await until(() => server.inputs.length === 7, 'a press');
    viewer.socket.terminate();
    await until(() => server.inputs.length === 8, 'its release');
    expect(server.inputs[7]).toMatchObject({ kind: 'key', keysym: 0x62, down: false });
    expect(log.closed).toEqual([false]);
  });

  it('is recorded as counts and places', async () => {
    const { log, url, state } = await rig();
    state.holder = 'ada';
    const viewer = await RawViewer.greet(url);
    viewer.send(keyEvent(0x73, true), keyEvent(0x73, false), pointerEvent(1, 5, 5), pointerEvent(0, 7, 6));
    viewer.send(
      pointerEvent(1, 5, 5),
      pointerEvent(1, 30, 30),
      pointerEvent(0, 40, 40),
      pointerEvent(8, 1, 1),
      pointerEvent(0, 1, 1),
    );
    await until(() => log.inputs.length === 4, 'the record');
    expect(log.inputs).toEqual([
      { kind: 'keys', count: 1 },
      { kind: 'click', x: 7, y: 6, button: 'Left' },
      { kind: 'drag', x: 5, y: 5, toX: 40, toY: 40 },
      { kind: 'scroll', x: 1, y: 1, notches: -1 },
    ]);
  });
});

describe('the relay', () => {
  it('bounds what waits for a viewer that does not read', async () => {
    const { server, url } = await rig({ highWater: 64 * 1024, lowWater: 16 * 1024 }, { width: 1280, height: 800 });
    const viewer = await RawViewer.greet(url);
    viewer.send(setEncodings([0, -313]));
    viewer.socket.pause();
    const enable = Buffer.from([150, 1, 0, 0, 0, 0, 5, 0, 3, 32]);
    viewer.socket.send(enable);
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 100; i++) {
      server.paint({ x: 0, y: 0, width: 1280, height: 2 }, [i, i, i, 255]);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const upstream = await until(() => true, 'nothing').then(() => process.memoryUsage().arrayBuffers - before);
    expect(upstream).toBeLessThan(64 * 1024 * 1024);
    viewer.socket.resume();
    await viewer.until((bytes) => bytes.includes(Buffer.from([99, 99, 99, 0, 99, 99, 99])), 'the last picture', 15_000);
  });

  it('caps viewers, tells openings and closings, and drops', async () => {
    const { relay, log, url } = await rig({ viewersPerSession: 2 });
    const [one, two] = [await RawViewer.greet(url), await RawViewer.greet(url)];
    const three = await RawViewer.connect(url);
    await until(() => three.closed !== null, 'the refusal');
    expect(three.closed?.code).toBe(1013);
    expect(log.opened.map(({ viewerId }) => viewerId)).toEqual(['v1', 'v2']);
    one?.close();
    await until(() => log.closed.length === 1, 'the closing');
    relay.drop((viewer) => viewer.viewerId === 'v2');
    await until(() => two?.closed !== null && relay.viewers().length === 0, 'the drop');
    expect(log.closed).toEqual([true, false]);
  });

  it('ends a viewer that greets too slowly', async () => {
    const { url } = await rig({ greetingMs: 50 });
    const slow = await RawViewer.connect(url);
    await until(() => slow.closed !== null, 'the end of a slow greeting');
  });

  it('ends a viewer that answers no ping', async () => {
    const { server, url } = await rig({ pingMs: 200, pongMs: 200 });
    const deaf = await RawViewer.greet(url);
    deaf.socket.pause();
    await until(() => server.connections === 0, 'the end of a deaf viewer');
  });

  it('ends its viewers when the machine goes', async () => {
    const { server, url } = await rig();
    const viewer = await RawViewer.greet(url);
    server.close();
    await until(() => viewer.closed !== null, 'the end');
    expect(viewer.closed?.code).toBe(1011);
  });
});
