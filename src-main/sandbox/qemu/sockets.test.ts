import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BootLine } from './bootLine';
import { ConsoleLog } from './console';
import { lastLines } from './console';

const never = new AbortController().signal;
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'qemu-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('sockets of a machine', () => {
  let peer: Socket;
  let server: ReturnType<typeof createServer>;
  const path = () => join(folder, 's');
  const peers: ((socket: Socket) => void)[] = [];
  beforeEach(async () => {
    server = createServer((socket) => {
      peer = socket;
      socket.on('error', () => {});
      for (const tell of peers.splice(0)) tell(socket);
    });
    await new Promise<void>((resolve) => server.listen(path(), resolve));
  });
  afterEach(() => server.close());
  const connected = () => new Promise<Socket>((resolve) => peers.push(resolve));
  const until = async (test: () => boolean) => {
    for (const giveUpAt = performance.now() + 5000; !test(); await new Promise((resolve) => setTimeout(resolve, 5))) {
      if (performance.now() > giveUpAt) throw new Error('it did not come');
    }
  };

  it('log what the machine says, bounded, and tell its panic once', async () => {
    const file = join(folder, 'console.log');
    const panics: string[] = [];
    const there = connected();
    const log = new ConsoleLog(path(), file, (words) => panics.push(words), 10);
    await there;
    peer.write('hello\r\n\u001b[2Jgone\r\n');
    peer.write(`${'x'.repeat(9000)}\n`);
    peer.write('[ 1.0] Kernel panic - not syncing: one\r\n[ 1.1] Kernel panic - not syncing: two\r\n');
    await until(() => panics.length > 0);
    expect(readFileSync(file, 'utf8')).toMatch(/^hello\n \[2Jgone\nx{2000}\n/);
    expect(panics).toEqual(['one']);
    for (let n = 0; n < 600; n += 1) peer.write(`${'y'.repeat(1999)}\n`);
    peer.write('the end\n');
    await until(() => lastLines(file, 1)[0] === 'the end');
    expect(statSync(file).size + statSync(`${file}.1`).size).toBeLessThan(1.2 * 1024 * 1024);
    log.close();
  });

  it('make a machine wait that never stops talking, and hear it out later', async () => {
    const file = join(folder, 'console.log');
    const there = connected();
    const log = new ConsoleLog(path(), file, () => {}, 3_600_000);
    await there;
    /** Writes for as long as somebody reads; resolves when nobody does, with how much went. */
    const flood = async (line: string): Promise<number> => {
      const chunk = Buffer.from(line.repeat(1000));
      for (let sent = 0; ; sent += chunk.length) {
        if (sent > 64 * 1024 * 1024) return sent;
        if (peer.write(chunk)) continue;
        const drained = new Promise<boolean>((resolve) => peer.once('drain', () => resolve(true)));
        if (!(await Promise.race([drained, new Promise((resolve) => setTimeout(resolve, 300, false))]))) return sent;
      }
    };
    // What is on the way fits the system's buffers; nothing of it is taken.
    expect(await flood('x\n')).toBeLessThan(8 * 1024 * 1024);
    log.close();

    const next = connected();
    const boot = new BootLine(path());
    const machine = await next;
    expect(await flood('{"ok":true,"synced":true}\n')).toBeLessThan(8 * 1024 * 1024);
    const me = { machineId: 'm_1', secret: 's'.repeat(43) };
    const told = boot.introduce(me, Buffer.alloc(64), 0, never);
    machine.write('{"ok":true,"machineId":"m_1","bootId":"b"}\n');
    expect(await told).toBe('b');
    const endless = boot.introduce(me, Buffer.alloc(64), 0, never).then(
      () => 'believed',
      (error: Error) => error.message,
    );
    expect(await flood('{"ok":true,"synced":true}\n')).toBeLessThan(16 * 1024 * 1024);
    expect(await endless).toMatch(/rubbish/);
    boot.close();
  });

  it('give an identity and take the answer to it, not to another', async () => {
    const there = connected();
    const boot = new BootLine(path());
    const machine = await there;
    const me = { machineId: 'm_1', secret: 's'.repeat(43) };
    const told = boot.introduce(me, Buffer.alloc(64), 1_790_000_000_000, never);
    const line = await new Promise<Buffer>((resolve) => machine.once('data', resolve));
    expect(JSON.parse(line.toString())).toEqual({
      ...me,
      time: 1_790_000_000_000,
      seed: Buffer.alloc(64).toString('base64'),
    });
    machine.write('{"ok":true,"machineId":"m_0","bootId":"older"}\n{"ok":true,"machineId":"m_1","bootId":"b"}\n');
    expect(await told).toBe('b');
    const refusal = boot.introduce(me, Buffer.alloc(64), 0, never);
    machine.write('{"ok":false,"reason":"no\\u0007"}\n');
    await expect(refusal).rejects.toThrow('The machine refused its identity: no ');
    const rubbish = boot.introduce(me, Buffer.alloc(64), 0, never);
    machine.write('rubbish\n');
    await expect(rubbish).rejects.toThrow(/rubbish/);
    const stopped = boot.introduce(me, Buffer.alloc(64), 0, AbortSignal.abort(new Error('not wanted')));
    await expect(stopped).rejects.toThrow('not wanted');
    const cut = boot.introduce(me, Buffer.alloc(64), 0, never);
    machine.destroy();
    await expect(cut).rejects.toMatchObject({ code: 'guest_failed' });
    boot.close();
  });
});
