import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WheelhouseError } from '../../base/errors';
import { silentLogger } from '../../base/logger';
import { bundle, unbundle } from '../../base/testing/bundle';
import { createFakeRfbServer } from '../../sandbox/fake/rfbServer';
import { bareRfb } from '../testing/bareRfb';
import { decodePng } from '../testing/decode';
import { listenScreen, until } from '../testing/screens';
import type { ScreenHub, ScreenHubs } from '../types';
import { createScreenHubs } from './hubs';

const undo: (() => unknown)[] = [];
let worker: URL;

beforeAll(async () => {
  worker = await bundle(fileURLToPath(new URL('../testing/bareWorker.ts', import.meta.url)), 'worker');
});
afterAll(() => unbundle(worker));
afterEach(async () => {
  for (const run of undo.splice(0).toReversed()) await run();
});

async function open(place: 'worker' | 'inline', size = { width: 64, height: 48 }) {
  const screen = await listenScreen(createFakeRfbServer(size));
  const hubs = createScreenHubs({
    openRfb: bareRfb,
    logger: silentLogger,
    workerUrl: place === 'worker' ? worker : undefined,
  });
  undo.push(
    () => screen.close(),
    () => hubs.closeAll(),
  );
  const hub = await hubs.open('s1', screen.target, 1);
  return { ...screen, hubs, hub };
}

const code = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof WheelhouseError ? error.code : String(error)),
  );

describe.each(['worker', 'inline'] as const)('a hub in the %s', (place) => {
  it('waits for nothing while its machine is stopped, and goes on after', async () => {
    const { server, hub } = await open(place);
    server.paint({ x: 3, y: 2, width: 5, height: 4 }, [10, 200, 30, 255]);
    await hub.screenshot();
    // What waits already is let go too.
    server.hold(true);
    const waiting = [hub.screenshot(), hub.settle(50, 400), code(hub.click(1, { x: 1, y: 1 }, 'Left', 1))];
    await hub.setFrozen?.(true);
    const [shot, , click] = await Promise.all(waiting);
    expect((await decodePng(shot as Buffer)).at(3, 2)).toEqual([10, 200, 30, 255]);
    expect(click).toBe('control_paused');
    expect((await (await hub.frame()).png).length).toBeGreaterThan(50);
    expect((await hub.thumbnail(32))?.jpeg.length).toBeGreaterThan(50);
    expect(await code(hub.typeText(1, 'a'))).toBe('control_paused');
    server.hold(false);
    await hub.setFrozen?.(false);
    expect(await code(hub.click(1, { x: 2, y: 2 }, 'Left', 1))).toBe('done');
    server.paint({ x: 3, y: 2, width: 5, height: 4 }, [90, 20, 30, 255]);
    expect((await decodePng(await hub.screenshot())).at(3, 2)).toEqual([90, 20, 30, 255]);
  });

  it('shows what the server painted, at once', async () => {
    const { server, hub } = await open(place);
    expect(hub.size).toEqual({ width: 64, height: 48 });
    server.paint({ x: 3, y: 2, width: 5, height: 4 }, [10, 200, 30, 255]);
    const shot = await decodePng(await hub.screenshot());
    expect(shot.at(3, 2)).toEqual([10, 200, 30, 255]);
    expect(shot.at(8, 2)).toEqual([255, 255, 255, 255]);
    const part = await decodePng(await hub.screenshot({ x: 7, y: 5, width: 2, height: 2 }));
    expect([part.width, part.height, part.at(0, 0), part.at(1, 1)]).toEqual([
      2,
      2,
      [10, 200, 30, 255],
      [255, 255, 255, 255],
    ]);
  });

  it('follows copies and a change of size', async () => {
    const { server, hub } = await open(place);
    server.paint({ x: 0, y: 0, width: 4, height: 4 }, [1, 2, 3, 255]);
    server.copy({ x: 0, y: 0, width: 4, height: 6 }, 0, 2);
    expect((await decodePng(await hub.screenshot())).at(0, 5)).toEqual([1, 2, 3, 255]);
    server.resize(80, 60);
    server.paint({ x: 79, y: 59, width: 1, height: 1 }, [9, 8, 7, 255]);
    await hub.screenshot();
    const shot = await decodePng(await hub.screenshot());
    expect([shot.width, shot.height, shot.at(79, 59)]).toEqual([80, 60, [9, 8, 7, 255]]);
    expect(hub.size).toEqual({ width: 80, height: 60 });
  });

  it('keeps pictures for the record in order with input', async () => {
    const { server, hub } = await open(place);
    server.onInput((input) => {
      if (input.kind === 'pointer' && input.mask === 1) {
        server.paint({ x: 0, y: 0, width: 64, height: 48 }, [200, 0, 0, 255]);
      }
    });
    const before = hub.frame();
    const click = hub.click(1, { x: 5, y: 5 }, 'Left', 1);
    await Promise.all([before, click]);
    await hub.settle(20, 1_000);
    const after = await hub.frame();
    const again = await hub.frame();
    expect((await decodePng(await (await before).png)).at(0, 0)).toEqual([255, 255, 255, 255]);
    expect((await decodePng(await after.png)).at(0, 0)).toEqual([200, 0, 0, 255]);
    expect(again.version).toBe(after.version);
    expect(after.version).toBeGreaterThan((await before).version);
  });

  it('makes thumbnails by averaging, and none when nothing changed', async () => {
    const { server, hub } = await open(place);
    server.paint({ x: 0, y: 0, width: 64, height: 48 }, [0, 0, 0, 255]);
    for (let x = 0; x < 64; x += 2) server.paint({ x, y: 0, width: 1, height: 48 }, [200, 200, 200, 255]);
    await hub.screenshot();
    const made = await hub.thumbnail(32);
    expect(made?.jpeg.subarray(0, 2)).toEqual(Buffer.from([0xff, 0xd8]));
    const picture = await decodePng(made?.jpeg ?? Buffer.alloc(0));
    expect([picture.width, picture.height]).toEqual([32, 24]);
    expect(picture.at(10, 10)[0]).toBeGreaterThan(80);
    expect(picture.at(10, 10)[0]).toBeLessThan(120);
    expect(await hub.thumbnail(32, made?.version)).toBeNull();
  });

  it('presses, drags, scrolls and knows where the pointer is', async () => {
    const { server, hub } = await open(place);
    expect(hub.cursor()).toEqual({ x: 32, y: 24 });
    await hub.click(1, null, 'Right', 1);
    await hub.click(1, { x: 1, y: 2 }, 'Left', 2);
    await hub.scroll(1, { x: 4, y: 4 }, 0, -2);
    await hub.drag(1, { x: 0, y: 0 }, { x: 40, y: 16 }, 'Middle');
    const pointer = server.inputs.flatMap((input) =>
      input.kind === 'pointer' ? [[input.mask, input.x, input.y]] : [],
    );
    expect(pointer.slice(0, 3)).toEqual([
      [0, 32, 24],
      [4, 32, 24],
      [0, 32, 24],
    ]);
    expect(pointer.slice(3, 8).map(([mask]) => mask)).toEqual([0, 1, 0, 1, 0]);
    expect(pointer.filter(([mask]) => mask === 8)).toHaveLength(2);
    expect(pointer.filter(([mask]) => mask === 2).length).toBeGreaterThan(4);
    expect(pointer.at(-1)).toEqual([0, 40, 16]);
    expect(hub.cursor()).toEqual({ x: 40, y: 16 });
  });

  it('presses chords in order, with the keysym that each key becomes', async () => {
    const { server, hub } = await open(place);
    await hub.pressKeys(1, ['ctrl', 'Shift', 't']);
    const keys = server.inputs.map((input) => (input.kind === 'key' ? [input.keysym, input.down] : []));
    expect(keys).toEqual([
      [0xffe3, true],
      [0xffe1, true],
      [0x54, true],
      [0x54, false],
      [0xffe1, false],
      [0xffe3, false],
    ]);
  });

  it('refuses what makes no sense before anything is pressed', async () => {
    const { server, hub } = await open(place);
    const results = await Promise.all([
      code(hub.click(1, { x: 64, y: 0 }, 'Left', 1)),
      code(hub.move(1, 1.5, 0)),
      code(hub.scroll(1, { x: 0, y: 0 }, 0, 21)),
      code(hub.pressKeys(1, ['ctrl', 'hyperdrive'])),
      code(hub.typeText(1, 'a\u0000')),
      code(hub.screenshot({ x: 60, y: 0, width: 5, height: 5 })),
      code(hub.thumbnail(4)),
    ]);
    expect(results).toEqual(Array.from({ length: 7 }, () => 'bad_request'));
    expect(server.inputs).toEqual([]);
  });

  it('lets go of what is held and refuses older input after a change of hands', async () => {
    const { server, hub } = await open(place);
    const drag = code(hub.drag(1, { x: 0, y: 0 }, { x: 60, y: 40 }, 'Left'));
    await until(() => server.inputs.some((input) => input.kind === 'pointer' && input.mask === 1), 'the press');
    await hub.setEpoch(2);
    const landed = server.inputs.length;
    expect(server.inputs.at(-1)).toMatchObject({ kind: 'pointer', mask: 0 });
    expect(await drag).toBe('stale_epoch');
    expect(await code(hub.typeText(1, 'late'))).toBe('stale_epoch');
    expect(await code(hub.setEpoch(1))).toBe('stale_epoch');
    expect(server.inputs).toHaveLength(landed);
    await hub.typeText(2, 'k');
    expect(server.inputs.at(-1)).toMatchObject({ kind: 'key', keysym: 0x6b, down: false });
  });

  it('is lost, with a reason, when the server goes', async () => {
    const { server, hubs, hub } = await open(place);
    const lost = new Promise<string>((resolve) => hub.onLost(resolve));
    server.close();
    expect(await lost).toContain('screen');
    expect(await code(hub.screenshot())).toBe('guest_failed');
    expect(hubs.get('s1')).toBeUndefined();
  });

  it('probes without keeping a connection', async () => {
    const { server, hubs, target } = await open(place);
    expect(await hubs.probe(target, AbortSignal.timeout(5_000))).toEqual({ width: 64, height: 48, blank: true });
    server.paint({ x: 1, y: 1, width: 1, height: 1 }, [0, 0, 0, 255]);
    expect(await hubs.probe(target, AbortSignal.timeout(5_000))).toMatchObject({ blank: false });
    server.paint({ x: 1, y: 1, width: 1, height: 1 }, [0, 0, 0, 0]);
    server.paint({ x: 63, y: 47, width: 1, height: 1 }, [9, 0, 0, 255]);
    expect(await hubs.probe(target, AbortSignal.timeout(5_000))).toMatchObject({ blank: false });
    await until(() => server.connections === 1, 'the probes to end');
    server.hold(true);
    expect(await code(hubs.probe(target, AbortSignal.timeout(60)))).toContain('TimeoutError');
    server.hold(false);
  });
});

it('takes rubbish from one server without harm to another session', async () => {
  const { server, hubs, hub } = await open('worker');
  const greeting = Buffer.from('52464220303033 2e3030380a 0101 00000000'.replaceAll(' ', ''), 'hex');
  const init = Buffer.concat([
    Buffer.from([0, 64, 0, 48, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0]),
    Buffer.alloc(4),
  ]);
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.nat(3), async (bytes, stage) => {
      const said = [
        Buffer.alloc(0),
        greeting,
        Buffer.concat([greeting, init]),
        Buffer.concat([greeting, init, Buffer.alloc(1)]),
      ];
      const rogue = await listenScreen({
        accept: (stream) => stream.end(Buffer.concat([said[stage] ?? greeting, bytes])),
        close() {},
      });
      const outcome = await code(hubs.open(`rogue${run++}`, rogue.target, 1));
      await rogue.close();
      expect(['guest_failed', 'done']).toContain(outcome);
    }),
    { numRuns: 60 },
  );
  server.paint({ x: 0, y: 0, width: 1, height: 1 }, [5, 6, 7, 255]);
  expect((await decodePng(await hub.screenshot())).at(0, 0)).toEqual([5, 6, 7, 255]);
});

/** 1,000 changes of hands, each racing a burst of input that was admitted before it. */
it('lands no older input after a change of hands, in 1,000 races', async () => {
  const { server, hub } = await open('worker');
  const attempts: Promise<string>[] = [];
  let landedLate = 0;
  for (let epoch = 1; epoch <= 1_000; epoch++) {
    for (let i = 0; i < 3; i++) attempts.push(code(act(hub, epoch, i)));
    const fence = hub.setEpoch(epoch + 1);
    if (epoch % 3 === 0) attempts.push(code(act(hub, epoch, 0)));
    await fence;
    const before = server.inputs.length;
    await (epoch % 50 === 0 ? new Promise((resolve) => setTimeout(resolve, 5)) : undefined);
    landedLate += server.inputs.length - before;
  }
  const outcomes = await Promise.all(attempts);
  expect(landedLate).toBe(0);
  expect(new Set(outcomes)).toEqual(new Set(['done', 'stale_epoch']));
  // Every key that went down went up: nothing stays pressed across a change.
  const down = new Set<number>();
  for (const input of server.inputs) {
    if (input.kind !== 'key') continue;
    if (input.down) down.add(input.keysym);
    else down.delete(input.keysym);
  }
  expect(down.size).toBe(0);
});

const act = (hub: ScreenHub, epoch: number, i: number): Promise<void> =>
  i === 0
    ? hub.pressKeys(epoch, ['shift', 'a'])
    : i === 1
      ? hub.click(epoch, { x: 1, y: 1 }, 'Left', 2)
      : hub.move(epoch, 2, 2);

it('loses every hub when the worker fails, and starts another for the next', async () => {
  const { hubs, hub, target } = await open('worker');
  const lost = new Promise<string>((resolve) => hub.onLost(resolve));
  const hanging = code(hub.settle(5_000, 5_000));
  crash(hubs);
  expect(await lost).toContain('worker');
  expect(await hanging).toBe('guest_failed');
  const next = await hubs.open('s1', target, 1);
  expect(next.size.width).toBe(64);
});

/** Makes the worker throw outside of any call, as a bug in it would. */
function crash(hubs: ScreenHubs): void {
  const inside = hubs as unknown as { running: { shell: { port: { postMessage(message: unknown): void } } } };
  inside.running.shell.port.postMessage(null);
}
