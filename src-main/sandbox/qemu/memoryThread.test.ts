import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bundle, unbundle } from '../../base/testing/bundle';
import { NotHere } from './memoryReader';
import { MemoryThread } from './memoryThread';

const folder = mkdtempSync(join(tmpdir(), 'thread-'));
const threads: MemoryThread[] = [];
const never = new AbortController().signal;
const wanted = { file: join(folder, 'state'), baseMemory: join(folder, 'memory'), memoryBytes: 4096 };
/** A migration stream of no memory at all: its configuration, the memory's first section, the devices' first byte. */
const emptyStream = Buffer.from(
  '5145564d00000003' +
    '0700000000' +
    '0100000002' +
    '0372616d0000000000000004' +
    '0000000000000010' +
    '7e00000002' +
    '04',
  'hex',
);
let real: URL;
beforeAll(async () => {
  real = await bundle(fileURLToPath(new URL('./memoryWorker.ts', import.meta.url)), 'memory');
});
afterEach(async () => {
  for (const thread of threads.splice(0)) await thread.stop();
});
afterAll(() => {
  unbundle(real);
  rmSync(folder, { recursive: true, force: true });
});

const start = (url: URL): MemoryThread => {
  const thread = new MemoryThread(url);
  threads.push(thread);
  return thread;
};
const script = (text: string): URL => {
  const path = join(folder, `${threads.length}-${Math.random()}.mjs`);
  writeFileSync(path, `import { parentPort } from 'node:worker_threads';\n${text}`);
  return pathToFileURL(path);
};

describe('the thread that reads machines’ memory', () => {
  it('says what can’t be looked at, and does not take it for a failure of the save', async () => {
    const attempt = start(real).open(process.pid, join(folder, 'no-such-state'));
    await expect(attempt).rejects.toBeInstanceOf(NotHere);
    await expect(attempt).rejects.toThrow('no such file');
  });

  it('tells a process that does not map the memory, and serves the next after it', async () => {
    const state = join(folder, 'base-state');
    writeFileSync(state, emptyStream);
    writeFileSync(wanted.baseMemory, Buffer.alloc(4096));
    const thread = start(real);
    for (let n = 0; n < 2; n += 1) {
      const memory = await thread.open(process.pid, state);
      const attempt = memory.write(wanted, never);
      await expect(attempt).rejects.toBeInstanceOf(NotHere);
      await expect(attempt).rejects.toThrow('does not map');
      await memory.close();
    }
    const memory = await thread.open(process.pid, state);
    const file = join(folder, 'no-such-folder', 'state');
    await expect(memory.write({ ...wanted, memoryBytes: 0, file }, never)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('ends a write with the reason of its signal', async () => {
    const silent = script(`parentPort.on('message', ({ id, do: what }) => {
      globalThis.writing = what === 'write' ? id : globalThis.writing;
      if (what === 'open') parentPort.postMessage({ id, failed: null });
      if (what === 'stop') parentPort.postMessage({ id: globalThis.writing, failed: { message: 'x', notHere: false } });
    });`);
    const memory = await start(silent).open(1, 'state');
    const stop = new AbortController();
    const attempt = memory.write(wanted, stop.signal);
    stop.abort(new Error('the machine is being destroyed'));
    await expect(attempt).rejects.toThrow('the machine is being destroyed');
  });

  it('that dies costs what it was doing, and another one takes over', async () => {
    const thread = start(script(`parentPort.once('message', () => { throw new Error('broken'); });`));
    for (let n = 0; n < 2; n += 1) {
      const attempt = thread.open(process.pid, 'state');
      await expect(attempt).rejects.toBeInstanceOf(NotHere);
      await expect(attempt).rejects.toThrow('broken');
    }
  });
});
