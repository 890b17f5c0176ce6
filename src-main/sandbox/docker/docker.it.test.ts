import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '../../base/logger';
import type { GuestClient } from '../../guest/types';
import type { SandboxBackend } from '../backend';
import { backendContract, eventually, MachinePark } from '../backend.contract';
import { createDockerBackend } from './index';
import { containerName } from './labels';

const never = new AbortController().signal;
/** What a command of the engine says, on either stream. */
const docker = (...args: string[]): string => {
  const { stdout, stderr, status } = spawnSync('docker', args, { encoding: 'utf8', timeout: 30_000 });
  if (status !== 0) throw new Error(stderr);
  return stdout + stderr;
};
/**
 * A program of the session that listens as a VNC viewer and asks the X server, by TigerVNC's VNC-EXTENSION (minor code 7,
 * Connect), to come to it.
 */
const reverseViewer = `
const net = require('node:net');
const viewer = net.createServer(() => console.log('connected'));
viewer.listen(5500, '127.0.0.1', () => {
  const x = net.connect('/tmp/.X11-unix/X0');
  const ask = (opcode, data, name) => {
    const bytes = Buffer.alloc(24);
    bytes.writeUInt8(opcode, 0);
    bytes.writeUInt8(data, 1);
    bytes.writeUInt16LE(6, 2);
    bytes.writeUInt8(name.length, 4);
    bytes.write(name, 8);
    x.write(bytes);
  };
  x.write(Buffer.from([0x6c, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
  let step = 0;
  x.on('data', (data) => {
    step += 1;
    if (step === 1) ask(98, 0, 'VNC-EXTENSION');
    if (step === 2) ask(data[9], 7, '127.0.0.1::5500');
    if (step === 3) console.log('asked');
  });
  setTimeout(() => process.exit(), 1000);
});
`;
const make = (installationId: string) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'docker-'));
  return { dataDir, backend: createDockerBackend({ dataDir, installationId, logger: silentLogger }) };
};
const desktop = async (backend: SandboxBackend): Promise<string> => {
  const image = await backend.resolveImage('desktop', never);
  if (!image) throw new Error('There is no desktop image: run the set-up first.');
  return image;
};

backendContract(
  'The Docker backend',
  async () => {
    const installation = `ita${process.pid}`;
    const [own, foreign] = [make(installation), make(`itb${process.pid}`)];
    return {
      backend: own.backend,
      other: foreign.backend,
      image: await desktop(own.backend),
      crash: async (machineId) => void docker('kill', containerName(installation, machineId)),
      async close() {
        for (const { backend, dataDir } of [own, foreign]) {
          await backend.close();
          rmSync(dataDir, { recursive: true, force: true });
        }
      },
    };
  },
  { homes: true, exec: true },
);

describe('a machine in a container', () => {
  const installation = `itc${process.pid}`;
  const { backend, dataDir } = make(installation);
  let park: MachinePark;
  let client: GuestClient;
  let machineId: string;
  const run = async (command: string, timeoutMs = 20_000) => client.exec({ epoch: 0, command, timeoutMs });
  const out = async (command: string) => (await run(command)).stdout.trim();

  beforeAll(async () => {
    park = new MachinePark(backend, await desktop(backend));
    ({ client } = await park.ready());
    machineId = client.target.machineId;
  });
  afterAll(async () => {
    await park.clear();
    await backend.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('runs commands as the session’s user, without any privilege, behind the profile', async () => {
    expect(await out('id -u; id -g; id -G')).toBe('1000\n1000\n1000');
    const status = await out('cat /proc/self/status');
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
      expect(status).toMatch(new RegExp(`${set}:\\t0{16}`));
    }
    expect(status).toMatch(/NoNewPrivs:\t1/);
    expect(status).toMatch(/Seccomp:\t2/);
    expect(await out('find / -xdev -perm /6000 -type f 2>/dev/null | head -3')).toBe('');
  });

  it('confirms a change of hands only when a command that would not end is gone', async () => {
    const { client } = await park.ready();
    const under = (epoch: number, command: string) => client.exec({ epoch, command, timeoutMs: 20_000 });
    const stubborn = under(1, 'trap "" TERM; while :; do date >> /tmp/stubborn; sleep 0.005; done');
    const cutOff = expect(stubborn).rejects.toThrow('control has passed on');
    await eventually(async () => expect((await under(1, 'wc -c < /tmp/stubborn')).success).toBe(true));
    await client.setEpoch(2);
    const done = 'wc -c < /tmp/stubborn';
    expect((await under(2, `${done}; sleep 0.3; ${done}`)).stdout).toMatch(/^(\d+)\n\1\n$/);
    await cutOff;
  });

  it('keeps the kernel’s rarer sockets out, also in a namespace of one’s own', async () => {
    const open = (family: number, kind: number, protocol: number) =>
      run(`python3 -c "import socket; socket.socket(${family}, ${kind}, ${protocol})"`);
    const [netlink, packet, vsock, algorithm, netfilter, raw] = [16, 17, 40, 38, 12, 3];
    expect(await open(netlink, raw, 0)).toMatchObject({ success: true });
    for (const [family, protocol] of [
      [netlink, netfilter],
      [packet, 0],
      [vsock, 0],
      [algorithm, 0],
    ] as const) {
      expect((await open(family, raw, protocol)).stderr).toMatch(/not permitted/);
    }
  });

  it('has no network', async () => {
    expect(await out('ls /sys/class/net')).toBe('lo');
    const reach = await run(
      `node -e "require('net').connect(80,'169.254.169.254').on('error',e=>{console.log(e.code);})"`,
    );
    expect(reach.stdout.trim()).toBe('ENETUNREACH');
  });

  it('keeps the screen’s socket, the link and the agent from the session', async () => {
    for (const path of [
      '/run/wheelhouse/private',
      '/run/wheelhouse/private/rfb.sock',
      '/run/wheelhouse/private/link/link.sock',
    ]) {
      expect((await run(`ls ${path}`)).stderr).toMatch(/Permission denied/);
    }
    const agents = await out('pgrep -u 990 -f agent.cjs');
    expect(agents).toMatch(/^\d+/);
    for (const pid of agents.split('\n')) expect((await run(`kill -9 ${pid}`)).stderr).toMatch(/not permitted/);
    expect((await run('pkill -9 Xvnc')).success).toBe(false);
    expect((await run(`cat /proc/${agents.split('\n')[0]}/environ`)).stderr).toMatch(/Permission denied/);
    expect((await client.health()).screenReady).toBe(true);
  });

  it('never shows the secret to the session, the engine or the log', async () => {
    const { secret, path } = client.target;
    expect(existsSync(join(dirname(path), 'boot.json'))).toBe(false);
    expect(docker('inspect', containerName(installation, machineId))).not.toContain(secret);
    expect(docker('logs', containerName(installation, machineId))).not.toContain(secret);
    expect(await out('env; cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" " "')).not.toContain(secret);
  });

  it('has one supervisor: a second one finds the place taken', async () => {
    const second = await run('node /opt/wheelhouse/agent.cjs --session; echo ended');
    expect(second.stdout).toContain('ended');
    expect((await client.health()).sessionReady).toBe(true);
  });

  it('is bounded in memory, processes and CPU as asked', async () => {
    const { HostConfig: bounds } = JSON.parse(docker('inspect', containerName(installation, machineId)))[0];
    expect(bounds).toMatchObject({ Memory: 1024 * 1024 * 1024, MemorySwap: 1024 * 1024 * 1024, NanoCpus: 1e9 });
    expect(bounds).toMatchObject({ PidsLimit: 1024, NetworkMode: 'none', Privileged: false, CapDrop: ['ALL'] });
    expect(bounds.Binds).toHaveLength(1);
    expect(bounds.Binds[0]).not.toContain('docker.sock');
  });

  it('ends the whole group of a command that outstays its time, whatever it does about it', async () => {
    const marker = 'sleep 7654';
    const result = await run(`trap '' TERM; (${marker} & ${marker} & wait); ${marker}`, 300);
    expect(result).toMatchObject({ timedOut: true });
    await eventually(async () => expect(await out(`pgrep -fc '^${marker}' || true`)).toBe('0'));
  });

  it('answers when the command is done, though a child it left behind keeps the pipes', async () => {
    expect(await run('sleep 30 & echo started')).toMatchObject({ stdout: 'started\n', success: true });
    await run('pkill -f "^sleep 30"');
  });

  it('cuts output at a whole character', async () => {
    const result = await run(`yes 漢 | tr -d '\\n' | head -c 200000`);
    expect(result.truncated).toBe(true);
    expect(result.stdout).not.toContain('\uFFFD');
    expect(Buffer.byteLength(result.stdout)).toBeGreaterThan(32 * 1024 - 4);
  });

  it('stops at links that lead out, at pipes and at folders', async () => {
    await run('ln -s /etc /tmp/out; ln -s /etc/passwd /tmp/link; mkfifo /tmp/pipe; mkdir -p /tmp/folder');
    for (const path of ['/tmp/out/passwd', '/tmp/link', '/tmp/pipe', '/tmp/folder', '/tmp', '/proc/self/environ']) {
      await expect(client.readFile(path)).rejects.toMatchObject({ code: 'bad_request' });
      await expect(client.writeFile({ epoch: 0, path, data: Buffer.from('x') })).rejects.toMatchObject({
        code: 'bad_request',
      });
    }
  });

  it('shares the clipboard with programs, both ways, also a large text', async () => {
    await client.clipboardWrite({ epoch: 0, text: 'from the broker: 漢字' });
    expect(await out('timeout 5 xclip -selection clipboard -o')).toBe('from the broker: 漢字');
    expect(await out('timeout 5 xsel --clipboard --output')).toBe('from the broker: 漢字');
    await run(`printf 'from a program: é' | xclip -selection clipboard -i >/dev/null 2>&1`);
    // xclip goes to the background before the selection is its own.
    await eventually(async () => expect(await client.clipboardRead()).toBe('from a program: é'));
    await run(`yes 0123456789 | head -c 900000 | xclip -selection clipboard -i >/dev/null 2>&1`);
    await eventually(async () => expect((await client.clipboardRead()).length).toBe(900_000));
    const large = 'ä'.repeat(450_000);
    await client.clipboardWrite({ epoch: 0, text: large });
    expect(await out('timeout 10 xclip -selection clipboard -o | wc -c')).toBe('900000');
    await run(`yes 0123456789 | head -c 2000000 | xclip -selection clipboard -i >/dev/null 2>&1`);
    await eventually(() => expect(client.clipboardRead()).rejects.toMatchObject({ code: 'too_large' }));
  });

  it('can’t press keys from inside', async () => {
    expect((await run('xdotool key a')).stderr + (await run('xdotool key a')).stdout).toMatch(/XTEST/i);
  });

  it('can’t have the X server come to a viewer of its own, which could press keys', async () => {
    await client.writeFile({ epoch: 0, path: '/tmp/reverse.cjs', data: Buffer.from(reverseViewer) });
    const tried = await run('node /tmp/reverse.cjs');
    expect(tried.stdout).toContain('asked');
    expect(tried.stdout).not.toContain('connected');
    expect((await client.health()).screenReady).toBe(true);
  });

  it('launches only from the allowed folders', async () => {
    await run('cp /bin/true /tmp/mine; chmod +x /tmp/mine');
    for (const path of ['/tmp/mine', '/bin/../tmp/mine', '/home/session/x']) {
      await expect(client.launch({ epoch: 0, path, args: [] })).rejects.toMatchObject({ code: 'forbidden' });
    }
    await expect(client.launch({ epoch: 0, path: 'no-such-program', args: [] })).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  it('starts a part of the desktop again that ended, and says so in its log', async () => {
    await run('pkill -x tint2');
    await eventually(async () => expect(await out('pgrep -xc tint2 || true')).toBe('1'));
    await eventually(async () =>
      expect((await backend.logs(machineId, 50, never)).join('\n')).toMatch(/session: panel ended/),
    );
  });

  it('loses its session, and nothing else, to a program that ends the supervisor', async () => {
    const { client: victim, target } = await park.ready();
    const ending = victim.exec({ epoch: 0, command: "pkill -9 -f 'agent.cjs --session'; sleep 5", timeoutMs: 20_000 });
    await expect(ending).rejects.toMatchObject({ code: 'guest_failed' });
    await eventually(async () => expect((await victim.health()).sessionReady).toBe(false));
    await backend.afterFirstContact(target.machineId, never);
    await expect(victim.exec({ epoch: 0, command: 'true', timeoutMs: 1000 })).rejects.toMatchObject({
      code: 'guest_failed',
    });
    expect(await victim.health()).toMatchObject({ screenReady: true, sessionReady: false });
    expect((await client.health()).sessionReady).toBe(true);
  });

  it('lets Chromium keep its own sandbox', async () => {
    await client.launch({ epoch: 0, path: 'chromium', args: ['--no-first-run', 'chrome://sandbox'] });
    await eventually(async () => expect(await out('pgrep -fc type=renderer || true')).not.toBe('0'));
    const renderer = await out('pgrep -f type=renderer | head -1');
    // In a process namespace of its own the renderer has a second id there.
    expect(await out(`grep NSpid /proc/${renderer}/status | wc -w`)).not.toBe('2');
    expect(await out('ps -eo args | grep -c -- [-]-no-sandbox || true')).toBe('0');
    await run('pkill chromium');
  });
});
