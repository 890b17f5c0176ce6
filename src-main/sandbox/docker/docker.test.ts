import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../base/logger';
import { containerOptions } from './containerOptions';
import { Engine, engineError, engineSocket } from './engine';
import { createDockerBackend } from './index';
import { whatToDo } from './probe';
import { readSeccompProfile } from './seccomp';
import { cpuPercent, logLines } from './stats';

const never = new AbortController().signal;
const size = { cpus: 8, memoryMiB: 512, width: 1280, height: 800 };
const spec = { machineId: 'm_1', poolId: 'p_1', image: 'wheelhouse/desktop:1', size, secret: 's'.repeat(43) };

describe('what the engine is asked for', () => {
  const options = containerOptions(spec, { installationId: 'i', linkFolder: '/run/x', seccompProfile: '{}', cpus: 2 });

  it('is a container with no rights and no more than its share', () => {
    expect(options).toMatchObject({ User: '990:990', NetworkDisabled: true, name: 'wheelhouse-i-m_1' });
    expect(options.HostConfig).toMatchObject({
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges:true', 'seccomp={}'],
      NetworkMode: 'none',
      Memory: 512 * 1024 * 1024,
      MemorySwap: 512 * 1024 * 1024,
      NanoCpus: 2e9,
      Privileged: false,
    });
    expect(options.HostConfig?.CapAdd).toBeUndefined();
    expect(options.HostConfig?.Binds).toEqual(['/run/x:/run/wheelhouse/private/link:rw']);
  });

  it('does not hold the secret', () => {
    expect(JSON.stringify(options)).not.toContain(spec.secret);
  });

  it('has a seccomp profile that allows nothing by default', () => {
    expect(JSON.parse(readSeccompProfile())).toMatchObject({ defaultAction: 'SCMP_ACT_ERRNO' });
    expect(() => readSeccompProfile('/nowhere/at/all.js')).toThrow(/no machine is made without it/);
  });
});

describe('words for an engine that does not answer', () => {
  it('say what to do', () => {
    expect(whatToDo('ENOENT', '/s', false)).toMatch(/not installed.*apt-get install/);
    expect(whatToDo('ENOENT', '/s', true)).toMatch(/not running.*systemctl start/);
    expect(whatToDo('ECONNREFUSED', '/s', true)).toMatch(/stopped/);
    expect(whatToDo('EACCES', '/s', true)).toMatch(/group.*docker/);
    expect(whatToDo('EWHATEVER', '/s', true)).toBeNull();
  });

  it('come with the code that fits', () => {
    expect(engineError('x', { statusCode: 404, json: { message: 'No such image: a' } }).code).toBe('image_missing');
    expect(engineError('x', { statusCode: 500, json: { message: 'oops' } })).toMatchObject({
      code: 'guest_failed',
      message: expect.stringContaining('oops'),
    });
    expect(engineError('x', { code: 'ECONNREFUSED' }).code).toBe('backend_unreachable');
    expect(engineSocket({ DOCKER_HOST: 'unix:///run/user/1/docker.sock' })).toBe('/run/user/1/docker.sock');
    expect(engineSocket({ DOCKER_HOST: 'tcp://host:1' })).toBe('/var/run/docker.sock');
  });
});

describe('what the engine tells', () => {
  it('is CPU time between two samples', () => {
    expect(cpuPercent({ used: 0, at: 0 }, { used: 5e8, at: 1000 })).toBe(50);
    expect(cpuPercent({ used: 5, at: 1000 }, { used: 9, at: 1000 })).toBe(0);
  });

  it('is a log in frames, cut off wherever it may be', () => {
    const frame = (text: string) => {
      const header = Buffer.alloc(8);
      header.writeUInt8(1, 0);
      header.writeUInt32BE(Buffer.byteLength(text), 4);
      return Buffer.concat([header, Buffer.from(text)]);
    };
    const bytes = Buffer.concat([frame('one\ntw'), frame('o\n'), frame('é\n')]);
    expect(logLines(bytes)).toEqual(['one', 'two', 'é']);
    for (let end = 0; end < bytes.length; end += 1) expect(Array.isArray(logLines(bytes.subarray(0, end)))).toBe(true);
  });
});

describe('an engine that misbehaves', () => {
  let folder: string;
  let server: Server;
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  const socketPath = () => join(folder, 'engine.sock');
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'engine-'));
    server = createServer((request, response) => answer(request, response));
    await new Promise<void>((resolve) => server.listen(socketPath(), resolve));
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is given up at the deadline, or when the caller says so', async () => {
    answer = () => {};
    const engine = new Engine(socketPath());
    const ask = (signal: AbortSignal) =>
      engine.run('list', signal, (docker, abortSignal) => docker.listContainers({ abortSignal }), 50);
    await expect(ask(never)).rejects.toMatchObject({ code: 'timeout' });
    const stop = new AbortController();
    const asked = ask(stop.signal);
    stop.abort(new Error('no longer wanted'));
    await expect(asked).rejects.toThrow('no longer wanted');
  });

  it('is unreachable when it is gone, and the probe says so instead of failing', async () => {
    const backend = createDockerBackend({
      dataDir: folder,
      installationId: 'i',
      logger: silentLogger,
      socketPath: join(folder, 'nothing.sock'),
    });
    await expect(backend.list(never)).rejects.toMatchObject({ code: 'backend_unreachable' });
    expect(await backend.probe(never)).toMatchObject({ reachable: false, version: null });
    await backend.close();
  });

  it('never has us touch a container without our mark', async () => {
    const asked: string[] = [];
    answer = (request, response) => {
      asked.push(`${request.method} ${request.url}`);
      const foreign = { State: { Status: 'running', Running: true }, Config: { Labels: {} } };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(foreign));
    };
    const backend = createDockerBackend({
      dataDir: folder,
      installationId: 'i',
      logger: silentLogger,
      socketPath: socketPath(),
    });
    for (const verb of ['destroy', 'pause', 'unpause'] as const) {
      await expect(backend[verb]('m_1', never)).rejects.toMatchObject({ code: 'guest_failed' });
    }
    expect(asked.every((line) => line.startsWith('GET '))).toBe(true);
    await backend.close();
  });

  it('tells of ends also after its stream broke, from where it broke, and of those that no event tells of', async () => {
    const die = (machine: string, time: number) =>
      `${JSON.stringify({ Action: 'die', time, Actor: { Attributes: { 'dev.wheelhouse.machine': machine, exitCode: '137' } } })}\n`;
    const seenAs = (machine: string, State: string, Status: string, installation = 'i') => ({
      Labels: { 'dev.wheelhouse.installation': installation, 'dev.wheelhouse.machine': machine },
      ...{ State, Status },
    });
    const sinces: (string | null)[] = [];
    answer = (request, response) => {
      const url = new URL(request.url ?? '', 'http://engine');
      if (!url.pathname.endsWith('/events')) {
        response.setHeader('content-type', 'application/json');
        const list = [
          seenAs('m_1', 'exited', 'Exited (137) 3 seconds ago'),
          seenAs('m_3', 'exited', 'Exited (0) 1 second ago'),
          seenAs('m_4', 'running', 'Up 2 minutes'),
          seenAs('m_5', 'paused', 'Up 2 minutes (Paused)'),
          seenAs('m_6', 'exited', 'Exited (1) 1 second ago', 'another'),
        ];
        return void response.end(JSON.stringify(list));
      }
      sinces.push(url.searchParams.get('since'));
      if (sinces.length === 1) {
        // An event in two pieces, then rubbish.
        const line = die('m_1', 1000);
        response.write(line.slice(0, 20));
        setTimeout(() => response.end(`${line.slice(20)}not json\n`), 20);
      } else if (sinces.length === 2) response.socket?.destroy();
      // The last second is told again.
      else response.write(die('m_1', 1000) + die('m_2', 2000));
    };
    const backend = createDockerBackend({
      dataDir: folder,
      installationId: 'i',
      logger: silentLogger,
      socketPath: socketPath(),
    });
    const seen: [string, string][] = [];
    await new Promise<void>((resolve) => {
      backend.onExit((machineId, reason) => {
        seen.push([machineId, reason]);
        if (machineId === 'm_2') resolve();
      });
    });
    expect(seen).toEqual([
      ['m_1', 'exited with code 137'],
      ['m_3', 'exited with code 0 while the engine could not be heard'],
      ['m_2', 'exited with code 137'],
    ]);
    expect(sinces.slice(1)).toEqual(['1000', '1000']);
    await backend.close();
  });
});
