import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '../../base/logger';
import { containerOptions } from './containerOptions';
import { Engine } from './engine';
import { diskUsage, execIn } from './exec';
import { HomeSizes, type Measure } from './homeSizes';
import { QuotaTrial } from './quota';

const never = new AbortController().signal;
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'homes-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a machine with a home', () => {
  const size = { cpus: 1, memoryMiB: 512, width: 1280, height: 800 };
  const spec = { machineId: 'm_1', poolId: 'p_1', image: 'i', size, secret: 's'.repeat(43) };
  const host = { installationId: 'i', linkFolder: '/run/x', seccompProfile: '{}', cpus: 2 };

  it('has its volume in the place of the home, and says which', () => {
    const home = { homeId: 'h_1', quotaMiB: 64 };
    const options = containerOptions({ ...spec, home }, { ...host, homeVolume: 'v' });
    expect(options.Labels).toMatchObject({ 'dev.wheelhouse.home': 'h_1', 'dev.wheelhouse.machine': 'm_1' });
    expect(options.HostConfig?.Mounts).toMatchObject([{ Type: 'volume', Source: 'v', Target: '/home/session' }]);
    expect(options.HostConfig?.Binds).toHaveLength(1);
  });

  it('without one has none', () => {
    const options = containerOptions(spec, host);
    expect(options.HostConfig?.Mounts).toBeUndefined();
    expect(options.Labels).not.toHaveProperty('dev.wheelhouse.home');
  });
});

describe('the sizes of homes', () => {
  let now: number;
  let asked: [string, string | null][];
  let answer: Measure;
  const open = () =>
    new HomeSizes({
      file: join(folder, 'sizes.json'),
      measure: (homeId, machineId, signal) => {
        asked.push([homeId, machineId]);
        return answer(homeId, machineId, signal);
      },
      now: () => now,
      logger: silentLogger,
    });
  const idle = { homeId: 'idle', machineId: null };
  const used = { homeId: 'used', machineId: 'm_1' };
  beforeEach(() => {
    now = 1_000_000;
    asked = [];
    answer = async (homeId) => homeId.length * 1000;
  });

  it('are measured one after the other, in the background, and again only where they may have changed', async () => {
    const sizes = open();
    let busy = 0;
    answer = async (homeId) => {
      expect(++busy).toBe(1);
      await Promise.resolve();
      busy -= 1;
      return homeId.length * 1000;
    };
    sizes.lookAt([idle, used]);
    expect(sizes.get('idle')).toBeNull();
    await vi.waitFor(() => expect([sizes.get('idle'), sizes.get('used')]).toEqual([4000, 4000]));
    sizes.lookAt([idle, used]);
    now += 10 * 60_000;
    sizes.lookAt([idle, used]);
    await vi.waitFor(() => expect(asked).toHaveLength(3));
    expect(asked).toEqual([
      ['idle', null],
      ['used', 'm_1'],
      ['used', 'm_1'],
    ]);
    await sizes.close();
  });

  it('outlive the broker, but not the home, nor its next machine', async () => {
    const first = open();
    first.note('idle', 77);
    first.note('other', 5);
    first.note('idle', null);
    await first.close();
    const second = open();
    expect(second.get('idle')).toBe(77);
    second.lookAt([idle]);
    expect(second.get('other')).toBeNull();
    expect(asked).toEqual([]);
    second.forget('idle');
    expect(second.get('idle')).toBeNull();
    expect(JSON.parse(readFileSync(join(folder, 'sizes.json'), 'utf8'))).toEqual({});
    // Measured when nobody had it; somebody has it now.
    second.note('idle', 77);
    second.lookAt([{ homeId: 'idle', machineId: 'm_2' }]);
    await vi.waitFor(() => expect(asked).toEqual([['idle', 'm_2']]));
    await second.close();
    writeFileSync(join(folder, 'sizes.json'), '{"idle": "rubbish"');
    expect(open().get('idle')).toBeNull();
  });

  it('stay unknown where they can’t be measured, and are tried again after a while', async () => {
    const sizes = open();
    answer = async () => null;
    sizes.lookAt([idle]);
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    await sizes.settled('idle');
    sizes.lookAt([idle]);
    expect(asked).toHaveLength(1);
    now += 61_000;
    answer = async () => 9;
    sizes.lookAt([idle]);
    await vi.waitFor(() => expect(sizes.get('idle')).toBe(9));
    await sizes.close();
  });

  it('are what du says, or nothing', () => {
    expect(diskUsage('12\t/home/session\n')).toBe(12 * 1024);
    expect(diskUsage("/usr/bin/du: cannot read directory 'x': Permission denied\n8\t/home/session\n")).toBe(8192);
    expect(diskUsage('du: no such folder\n')).toBeNull();
    for (const lie of ['9200000000000', '9'.repeat(30), '9'.repeat(400)])
      expect(diskUsage(`${lie}\t/home/session\n`)).toBeNull();
  });
});

describe('an engine', () => {
  let server: Server;
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  let engine: Engine;
  beforeEach(async () => {
    const path = join(folder, 'engine.sock');
    server = createServer((request, response) => answer(request, response));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    engine = new Engine(path);
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });
  const json = (response: ServerResponse, status: number, body: unknown) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };

  it('is asked once whether a volume can end at a size', async () => {
    let asked = 0;
    let status = 500;
    answer = (request, response) => {
      if (request.method === 'DELETE') return json(response, 204, {});
      asked += 1;
      json(response, status, status === 201 ? { Name: 'x', Labels: null } : { message: 'no quota support' });
    };
    const refused = new QuotaTrial(engine, 'i');
    expect(await Promise.all([refused.try(never), refused.try(never)])).toEqual([false, false]);
    expect([asked, refused.works]).toEqual([1, false]);
    status = 201;
    const allowed = new QuotaTrial(engine, 'i');
    expect([await allowed.try(never), allowed.works]).toEqual([true, true]);
    answer = (request) => request.socket.destroy();
    const lost = new QuotaTrial(engine, 'i');
    await expect(lost.try(never)).rejects.toMatchObject({ code: 'backend_unreachable' });
    answer = (_, response) => json(response, 500, { message: 'no quota support' });
    expect(await lost.try(never)).toBe(false);
  });

  it('gives a command’s output in frames cut anywhere, and its code', async () => {
    const frame = (stream: number, text: string): Buffer => {
      const header = Buffer.alloc(8);
      header.writeUInt8(stream, 0);
      header.writeUInt32BE(Buffer.byteLength(text), 4);
      return Buffer.concat([header, Buffer.from(text)]);
    };
    const bytes = Buffer.concat([frame(1, 'héllo '), frame(2, 'oops '), frame(1, '漢字')]);
    let step = 1;
    answer = (request, response) => {
      if (request.url?.endsWith('/start')) {
        response.writeHead(200, { 'content-type': 'application/vnd.docker.raw-stream' });
        for (let at = 0; at < bytes.length; at += step) response.write(bytes.subarray(at, at + step));
        return void response.end();
      }
      if (request.url?.endsWith('/json')) return json(response, 200, { ExitCode: 4 });
      json(response, 201, { Id: 'e_1' });
    };
    const container = engine.docker.getContainer('c');
    const call = { command: ['x'], user: 'agent', folder: '/', timeoutMs: 5000 };
    for (step of [1, 3, 7, 1000]) {
      expect(await execIn(engine, container, { ...call, maxBytes: 100 }, never)).toEqual({
        output: 'héllo oops 漢字',
        exitCode: 4,
        truncated: false,
      });
      const cut = await execIn(engine, container, { ...call, maxBytes: 14 }, never);
      expect(cut).toEqual({ output: 'héllo oops ', exitCode: 4, truncated: true });
    }
  });
});
