import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../base/logger';
import { bundle, unbundle } from '../base/testing/bundle';
import { openRfb } from '../guest/index';
import type { GuestClient } from '../guest/types';
import { MachinePark } from '../sandbox/backend.contract';
import { createDockerBackend } from '../sandbox/docker/index';
import { createRelay, createScreenHubs } from './index';
import { ENCODING, fence, keyEvent, pointerEvent, setEncodings, updateRequest } from './rfb/wire';
import { everyClientMessage } from './testing/clientMessages';
import { decodePng } from './testing/decode';
import { listenSockets, RawViewer } from './testing/rawViewer';
import type { ScreenHub, ScreenHubs } from './types';

const never = new AbortController().signal;
const dataDir = mkdtempSync(join(tmpdir(), 'screen-it-'));
const backend = createDockerBackend({ dataDir, installationId: `its${process.pid}`, logger: silentLogger });
let park: MachinePark;
let client: GuestClient;
let hubs: ScreenHubs;
let hub: ScreenHub;
let workerUrl: URL;

beforeAll(async () => {
  const image = await backend.resolveImage('desktop', never);
  if (!image) throw new Error('There is no desktop image: run the set-up first.');
  park = new MachinePark(backend, image);
  ({ client } = await park.ready());
  workerUrl = await bundle(fileURLToPath(new URL('./worker.ts', import.meta.url)), 'real-worker');
  hubs = createScreenHubs({ openRfb, logger: silentLogger, workerUrl });
  hub = await hubs.open('s1', client.target, 0);
});
afterAll(async () => {
  await hubs?.closeAll();
  if (workerUrl) unbundle(workerUrl);
  await park?.clear();
  await backend.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const scraps = [
  ...['héllo', '漢字日本語', 'Привет', '😀🎉👍🏽', 'αβγδεζηθ', 'العربية', 'ไทย', '한국어', 'The quick', 'FOX!', '\t'],
  ...[
    '{[(<>)]}',
    '~`@#$%^&*_+|\\"\'',
    'naïve',
    'Straße',
    '中文字符測試',
    'ЖЩЫЭЮЯ',
    'é',
    '𝔘𝔫𝔦',
    '0123456789',
    '→≈∞',
    'x',
  ],
];
/** A text of its own for every run, the same in every test run. */
function text(run: number): string {
  let state = run * 2_654_435_761 + 1;
  const next = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
  const parts = Array.from(
    { length: 1 + next(7) },
    () => `${scraps[next(scraps.length)]}${next(4) === 0 ? '\n' : ' '}`,
  );
  return `${run}: ${parts.join('')}.`;
}

const eventually = async (read: () => Promise<string>, wanted: string): Promise<string> => {
  const end = Date.now() + 10_000;
  for (;;) {
    const got = await read().catch(() => '');
    if (got.includes(wanted) || Date.now() > end) return got;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
};
const file = async (name: string) => (await client.readFile(`/home/session/${name}`)).toString();
const titles = async () => (await client.listWindows()).map(({ title }) => title).join('\n');

/** Runs a program and waits until its window has the keyboard. */
async function start(path: string, args: string[], title: string): Promise<void> {
  await client.launch({ epoch: 0, path, args });
  expect(await eventually(titles, title)).toContain(title);
  await client.activateWindow({ epoch: 0, title });
  await hub.settle(500, 5_000);
}

describe('a hub on the real server', () => {
  it('shows the desktop, and what a probe says fits', async () => {
    const shot = await decodePng(await hub.screenshot());
    expect([shot.width, shot.height]).toEqual([hub.size.width, hub.size.height]);
    expect(await hubs.probe(client.target, AbortSignal.timeout(5_000))).toEqual({ ...hub.size, blank: false });
  });

  it('moves the pointer', async () => {
    await hub.move(0, 123, 45);
    expect(hub.cursor()).toEqual({ x: 123, y: 45 });
  });

  it('types every character of every script into a terminal, 200 times', async () => {
    await start('/usr/bin/xterm', ['-T', 'sink', '-e', 'sh -c "stty raw echo; cat > ~/typed.txt"'], 'sink');
    let written = '';
    for (let run = 0; run < 200; run++) {
      await hub.typeText(0, text(run));
      written += text(run).replaceAll('\n', '\r');
      if (run % 20 === 19) expect(await eventually(() => file('typed.txt'), written)).toBe(written);
    }
    await client.closeWindow({ epoch: 0, title: 'sink' });
  }, 120_000);

  it('types them into an editor, over a selection, and keeps capitals and symbols', async () => {
    await client.writeFile({ epoch: 0, path: '/home/session/page.txt', data: Buffer.from('-') });
    await start('/usr/bin/mousepad', ['/home/session/page.txt'], 'page.txt');
    for (let run = 0; run < 40; run++) {
      await hub.pressKeys(0, ['ctrl', 'a']);
      await hub.typeText(0, text(run));
      await hub.pressKeys(0, ['ctrl', 's']);
      expect((await eventually(() => file('page.txt'), text(run))).replace(/\n$/, '')).toBe(text(run));
    }
    await client.closeWindow({ epoch: 0, title: 'page.txt' });
  }, 120_000);

  it('types them into a page', async () => {
    const script =
      "const t=document.querySelector('textarea');setInterval(()=>document.title=t.value.replace(/\\n/g,'|'),20)";
    const page = `<meta charset=utf-8><title>page-here</title><textarea autofocus rows=20 cols=80></textarea><script>${script}</script>`;
    await client.writeFile({ epoch: 0, path: '/home/session/page.html', data: Buffer.from(page) });
    await client.launch({
      epoch: 0,
      path: '/usr/bin/chromium',
      args: ['--no-first-run', 'file:///home/session/page.html'],
    });
    expect(await eventually(titles, 'Chromium')).toContain('Chromium');
    await hub.settle(1_000, 10_000);
    for (let run = 0; run < 20; run++) {
      await hub.pressKeys(0, ['ctrl', 'a']);
      const typed = `${run}: é漢字 Привет FOX!\n😀 end`;
      await hub.typeText(0, typed);
      expect(await eventually(titles, typed.replace('\n', '|'))).toContain(typed.replace('\n', '|'));
    }
    await client.closeWindow({ epoch: 0, title: 'Chromium' });
  }, 120_000);
});

describe('the relay on the real server', () => {
  let sockets: Awaited<ReturnType<typeof listenSockets>>;
  const state = { holds: false };
  const policy = { mayInput: () => state.holds, onInput() {}, onOpened() {}, onClosed() {} };
  const relay = createRelay({
    openRfb,
    policy,
    logger: silentLogger,
    onPointer: (_, x, y) => hub.pointerMoved?.(x, y),
  });
  const marker = Buffer.from('f00d', 'hex');

  beforeAll(async () => {
    sockets = await listenSockets((socket) =>
      relay.attach(socket, { viewerId: 'v1', sessionId: 's1', operator: 'ada' }, client.target),
    );
  });
  beforeEach(() => {
    state.holds = false;
  });
  afterAll(() => sockets?.close());

  it('lets nothing of a viewer without control reach the machine, and everything with it', async () => {
    await start('/usr/bin/xterm', ['-T', 'gate', '-e', 'sh -c "stty raw -echo; cat > ~/gate.txt"'], 'gate');
    await hub.move(0, 300, 300);
    const viewer = await RawViewer.greet(sockets.url);
    viewer.send(setEncodings([-312, -313]));
    for (const { bytes } of everyClientMessage) {
      // Its pixels and encodings stay: a server closes a client that sends fences without having asked for them.
      if (bytes.readUInt8(0) === 0 || bytes.readUInt8(0) === 2) continue;
      viewer.send(bytes.subarray(0, 1), bytes.subarray(1));
    }
    viewer.send(fence(0x80000001, marker));
    await viewer.until((bytes) => bytes.includes(fence(1, marker)), 'the answer');
    expect(viewer.closed).toBeNull();
    expect((await client.exec({ epoch: 0, command: 'xdotool getmouselocation', timeoutMs: 5_000 })).stdout).toContain(
      'x:300 y:300',
    );
    expect(await file('gate.txt')).toBe('');
    state.holds = true;
    viewer.send(keyEvent(0x6b, true), keyEvent(0x6b, false), pointerEvent(0, 222, 111));
    expect(await eventually(() => file('gate.txt'), 'k')).toBe('k');
    expect(await eventually(async () => JSON.stringify(hub.cursor()), '{"x":222,"y":111}')).toBe('{"x":222,"y":111}');
    await relay.releaseInput('s1');
    viewer.close();
    await client.closeWindow({ epoch: 0, title: 'gate' });
  }, 60_000);

  it('follows every encoding that it grants, while the picture changes', async () => {
    await start(
      '/usr/bin/xterm',
      ['-T', 'busy', '-e', 'sh -c "while :; do ls -la --color /usr/bin | head -40; done"'],
      'busy',
    );
    const cursors = [ENCODING.cursor, ENCODING.vmwareCursor, ENCODING.xCursor, ENCODING.vmwareCursorPosition];
    const sets = [[ENCODING.tight, -23], [ENCODING.tight], [ENCODING.zrle], [ENCODING.raw]];
    for (const set of sets) {
      const viewer = await RawViewer.greet(sockets.url);
      viewer.answerFences();
      viewer.send(setEncodings([...set, ENCODING.copyRect, ...cursors, -223, -224, -312, -313]));
      viewer.send(updateRequest(false, 1280, 800), Buffer.from([150, 1, 0, 0, 0, 0, 5, 0, 3, 32]));
      viewer.send(...Array.from({ length: 40 }, () => updateRequest(false, 1280, 800)));
      await viewer.until((bytes) => bytes.length > 100_000, 'pictures', 20_000);
      await hub.move(0, 400 + set.length, 400);
      viewer.send(fence(0x80000001, marker));
      await viewer.until((bytes) => bytes.includes(fence(1, marker)), 'the answer');
      expect(viewer.closed).toBeNull();
      viewer.close();
    }
    await client.closeWindow({ epoch: 0, title: 'busy' });
  }, 90_000);
});
