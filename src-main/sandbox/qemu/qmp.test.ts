import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Qmp } from './qmp';
import { LineCutter, readQmpMessage } from './qmpMessages';

const never = new AbortController().signal;
const greeting = '{"QMP":{"version":{"qemu":{"micro":22,"minor":2,"major":7},"package":"x"},"capabilities":["oob"]}}';

describe('lines of the control protocol', () => {
  it('are the four kinds of message', () => {
    expect(readQmpMessage(greeting)).toEqual({ kind: 'greeting', version: '7.2.22' });
    expect(readQmpMessage('{"return":{},"id":4}')).toEqual({ kind: 'return', id: 4, value: {} });
    expect(readQmpMessage('{"event":"STOP","timestamp":{}}')).toEqual({ kind: 'event', name: 'STOP', data: {} });
    expect(readQmpMessage('{"error":{"class":"GenericError","desc":"no"},"id":1}')).toEqual({
      kind: 'error',
      id: 1,
      errorClass: 'GenericError',
      description: 'no',
    });
    for (const other of ['[]', '1', 'null', '{}', '{"error":"x"}', '{"return":1,"id":"a"}', '{', '']) {
      expect(() => readQmpMessage(other)).toThrow();
    }
  });

  it('give a message or an error for anything, and nothing but own properties count', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.constant('{"__proto__":{"return":1}}')), (text) => {
        let kind: string;
        try {
          kind = readQmpMessage(text).kind;
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          return;
        }
        expect(Object.keys(JSON.parse(text) as object)).toContain(kind === 'greeting' ? 'QMP' : kind);
      }),
    );
  });

  it('come out whole however the stream is cut', () => {
    const line = fc.string().map((text) => text.replaceAll(/[\n\r]/g, '').trim());
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.integer({ min: 1, max: 9 })), (lines, cuts) => {
        const cutter = new LineCutter();
        const bytes = Buffer.from(lines.map((text) => `${text}\r\n`).join(''));
        const out: string[] = [];
        for (let at = 0, n = 0; at < bytes.length; n += 1) {
          const length = cuts[n % Math.max(1, cuts.length)] ?? 5;
          out.push(...cutter.push(bytes.subarray(at, at + length)));
          at += length;
        }
        expect(out).toEqual(lines.filter((text) => text !== ''));
      }),
    );
  });

  it('are bounded', () => {
    const cutter = new LineCutter(10);
    expect(cutter.push(Buffer.from('0123456789\nab'))).toEqual(['0123456789']);
    expect(() => cutter.push(Buffer.from('cdefghijk'))).toThrow(/more than 10 bytes/);
    const shortening = new LineCutter(4, true);
    expect(shortening.push(Buffer.from('abc'))).toEqual([]);
    expect(shortening.push(Buffer.from('defgh\nij\nk'))).toEqual(['abcd', 'ij']);
    expect(shortening.push(Buffer.from('\n'))).toEqual(['k']);
  });
});

describe('a client of the control protocol', () => {
  let folder: string;
  let server: Server;
  let peer: Socket;
  let answer: (command: { execute: string; id: number }) => string;
  const path = () => join(folder, 'q');
  const back = (id: number, value: unknown) => `${JSON.stringify({ return: value, id })}\r\n`;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'qmp-'));
    answer = ({ id }) => back(id, {});
    server = createServer((socket) => {
      peer = socket;
      const cutter = new LineCutter();
      socket.write(`${greeting}\r\n`);
      socket.on('error', () => {});
      socket.on('data', (chunk: Buffer) => {
        for (const line of cutter.push(chunk)) socket.write(answer(JSON.parse(line)));
      });
    });
    await new Promise<void>((resolve) => server.listen(path(), resolve));
  });
  afterEach(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('knows the version, gives answers to their askers, and refusals in words', async () => {
    const qmp = await Qmp.open(path(), never);
    expect(qmp.version).toBe('7.2.22');
    const held: string[] = [];
    answer = ({ execute, id }) => {
      if (execute === 'bad') return `{"error":{"class":"GenericError","desc":"no such thing"},"id":${id}}\r\n`;
      held.push(back(id, execute));
      return held.length === 2 ? `${held[1]}${held[0]}` : '';
    };
    expect(await Promise.all([qmp.run('one'), qmp.run('two')])).toEqual(['one', 'two']);
    await expect(qmp.run('bad')).rejects.toMatchObject({
      code: 'guest_failed',
      message: 'QEMU refused bad: no such thing',
    });
    qmp.close();
    await expect(qmp.run('late')).rejects.toMatchObject({ code: 'guest_failed' });
  });

  it('tells events, and its end once, to late listeners too', async () => {
    const qmp = await Qmp.open(path(), never);
    const seen: string[] = [];
    const ends: string[] = [];
    qmp.on(({ name }) => seen.push(name));
    qmp.onClosed((reason) => ends.push(reason));
    peer.write('{"event":"STOP"}\r\n{"event":"RESUME","data":{"a":1}}\r\n');
    await qmp.run('x');
    expect(seen).toEqual(['STOP', 'RESUME']);
    answer = () => '';
    const waiting = qmp.run('never');
    peer.destroy();
    await expect(waiting).rejects.toMatchObject({ code: 'guest_failed' });
    qmp.onClosed((reason) => ends.push(reason));
    expect(ends).toHaveLength(2);
  });

  it('waits no longer than it is told to, and goes on afterwards', async () => {
    const qmp = await Qmp.open(path(), never);
    let late = '';
    answer = ({ id }) => {
      late = back(id, 'late');
      return '';
    };
    await expect(qmp.run('slow', {}, 20)).rejects.toMatchObject({ code: 'guest_timeout' });
    answer = ({ id }) => late + back(id, 'now');
    expect(await qmp.run('next')).toBe('now');
    qmp.close();
  });

  it('ends with a peer that talks rubbish', async () => {
    const qmp = await Qmp.open(path(), never);
    answer = () => 'rubbish\r\n';
    await expect(qmp.run('x')).rejects.toThrow(/rubbish/);
    expect(qmp.closed).toBe(true);
  });

  it('follows a job to its end and tells its error', async () => {
    const qmp = await Qmp.open(path(), never);
    const states = ['created', 'running', 'concluded'];
    const asked: string[] = [];
    answer = ({ execute, id }) => {
      asked.push(execute);
      if (execute !== 'query-jobs') return back(id, {});
      const status = states.shift() ?? 'concluded';
      return back(id, [{ id: 'j', status, ...(status === 'concluded' ? { error: 'the disk is full' } : {}) }]);
    };
    await expect(qmp.job('snapshot-save', 'j', {})).rejects.toThrow('the disk is full');
    expect(asked.at(-1)).toBe('job-dismiss');
    qmp.close();
  });

  it('waits until QEMU listens', async () => {
    server.close();
    const opening = Qmp.open(path(), never);
    await new Promise((resolve) => setTimeout(resolve, 50));
    server.listen(path());
    (await opening).close();
  });

  it('gives up at once when the process is gone, or when told to', async () => {
    await expect(Qmp.open(join(folder, 'none'), never, () => false)).rejects.toMatchObject({ code: 'guest_failed' });
    await expect(Qmp.open(path(), AbortSignal.abort(new Error('not wanted')))).rejects.toThrow('not wanted');
  });
});
