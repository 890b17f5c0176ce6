import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sleep } from '../base/deadline';
import { connectGuest, openRfb } from '../guest';
import type { SandboxBackend } from './backend';
import { execContract } from './backend.exec.contract';
import { attachContract, checkpointContract, homeCheckpointContract, homeContract } from './backend.keep.contract';
import { eventually, MachinePark } from './machinePark.contract';

export { eventually, MachinePark, secretOf } from './machinePark.contract';

/** What the suite needs of a backend under test, and what it may ask of its machines. */
export interface BackendUnderTest {
  backend: SandboxBackend;
  /** A second installation on the same engine; its machines must never be seen or touched by the first. */
  other: SandboxBackend;
  image: string;
  /** Ends a machine from inside or behind the backend's back. */
  crash(machineId: string): Promise<void>;
  /** How a file's text looks in a home's content; absent: as it is. */
  readable?(path: string, text: string): string;
  close(): Promise<void>;
}

const never = new AbortController().signal;

/** What a backend keeps beyond its machines: the suite asks all that is promised of it. */
export interface Keeps {
  checkpoints?: boolean;
  homes?: boolean;
  /** Homes are given to machines that run, too. */
  attach?: boolean;
  /** Commands are run without the machine's agent. */
  exec?: boolean;
}

/** The one suite that every backend passes. Each test makes its own machines, but for the ones that only look. */
export function backendContract(name: string, make: () => Promise<BackendUnderTest>, keeps: Keeps = {}): void {
  describe(`${name} keeps the contract of a backend`, () => {
    let under: BackendUnderTest;
    let park: MachinePark;
    let backend: SandboxBackend;
    beforeAll(async () => {
      under = await make();
      backend = under.backend;
      park = new MachinePark(backend, under.image);
    });
    afterEach(() => park.clear());
    afterAll(async () => under.close());
    const ids = async (which = backend) => (await which.list(never)).map((machine) => machine.machineId);

    it('says that it can be reached, and which version', async () => {
      const status = await backend.probe(never);
      expect(status.reachable).toBe(true);
      expect(status.version).toMatch(/\d/);
    });

    it('knows its image, and that another does not exist', async () => {
      expect(await backend.resolveImage('desktop', never)).toBe(under.image);
      expect(await backend.resolveImage('wheelhouse/nothing-like-it:0', never)).toBeNull();
      const spec = { ...park.spec(), image: 'wheelhouse/nothing-like-it:0' };
      await expect(backend.create(spec, never)).rejects.toMatchObject({ code: 'image_missing' });
    });

    it('makes one machine of many creates with one id, now and later', async () => {
      const spec = park.spec();
      await Promise.all([backend.create(spec, never), backend.create(spec, never), backend.create(spec, never)]);
      const { client } = await park.ready(spec);
      const { bootId } = await client.health();
      await backend.create(spec, never);
      expect((await ids()).filter((id) => id === spec.machineId)).toHaveLength(1);
      const again = await park.connect(park.target(spec.machineId));
      expect((await again.health()).bootId).toBe(bootId);
      expect(await backend.list(never)).toContainEqual(
        expect.objectContaining({ machineId: spec.machineId, poolId: 'p_contract', running: true, paused: false }),
      );
    });

    it('proves a machine’s identity, and refuses a wrong secret on every kind of connection', async () => {
      const { client, target } = await park.ready();
      expect((await client.health()).machineId).toBe(target.machineId);
      const wrong = { ...target, secret: 'w'.repeat(43) };
      await expect(connectGuest(wrong, never)).rejects.toMatchObject({ code: 'guest_failed' });
      await expect(openRfb(wrong, never)).rejects.toMatchObject({ code: 'guest_failed' });
      const stranger = { ...target, machineId: 'm_stranger' };
      await expect(connectGuest(stranger, never)).rejects.toMatchObject({ code: 'guest_failed' });
    });

    it('gives a screen that greets, and as many as are asked for', async () => {
      const { target } = await park.ready();
      for (const stream of await Promise.all([openRfb(target, never), openRfb(target, never)])) {
        const greeting = await new Promise<Buffer>((resolve) => stream.once('data', resolve));
        expect(greeting.toString('latin1')).toBe('RFB 003.008\n');
        stream.destroy();
      }
    });

    it('runs commands within bounds', async () => {
      const { client } = await park.ready();
      const run = (command: string, timeoutMs = 10_000) => client.exec({ epoch: 0, command, timeoutMs });
      expect(await run('echo héllo 漢字 😀')).toEqual({
        stdout: 'héllo 漢字 😀\n',
        stderr: '',
        exitCode: 0,
        success: true,
        timedOut: false,
        truncated: false,
      });
      expect(await run('echo no >&2; exit 3')).toMatchObject({ stderr: 'no\n', exitCode: 3, success: false });
      const long = await run('seq 1 100000');
      expect(long).toMatchObject({ truncated: true, exitCode: 0 });
      expect(Buffer.byteLength(long.stdout)).toBeLessThanOrEqual(32 * 1024);
      expect(long.stdout.startsWith('1\n2\n3\n')).toBe(true);
      expect(await run('sleep 600', 200)).toMatchObject({ timedOut: true, success: false, exitCode: null });
      expect(await run('pwd')).toMatchObject({ stdout: '/home/session\n' });
    });

    it('refuses effects under an epoch that is over', async () => {
      const { client } = await park.ready();
      await client.setEpoch(7);
      await expect(client.exec({ epoch: 6, command: 'true', timeoutMs: 1000 })).rejects.toMatchObject({
        code: 'stale_epoch',
      });
      await expect(client.clipboardWrite({ epoch: 6, text: 'late' })).rejects.toMatchObject({ code: 'stale_epoch' });
      await expect(client.launch({ epoch: 6, path: 'xterm', args: [] })).rejects.toMatchObject({ code: 'stale_epoch' });
      expect(await client.exec({ epoch: 7, command: 'true', timeoutMs: 10_000 })).toMatchObject({ success: true });
    });

    it('keeps files and the clipboard', async () => {
      const { client } = await park.ready();
      const data = Buffer.from(Array.from({ length: 70_000 }, (_, n) => n % 251));
      await client.writeFile({ epoch: 0, path: '/tmp/data.bin', data });
      expect((await client.readFile('/tmp/data.bin')).equals(data)).toBe(true);
      await expect(client.readFile('/tmp/nothing')).rejects.toMatchObject({ code: 'not_found' });
      await expect(client.readFile('/etc/passwd')).rejects.toMatchObject({ code: 'bad_request' });
      await expect(client.readFile('../../etc/passwd')).rejects.toMatchObject({ code: 'bad_request' });
      await client.clipboardWrite({ epoch: 0, text: 'ünï 漢字\n😀' });
      expect(await client.clipboardRead()).toBe('ünï 漢字\n😀');
    });

    it('opens, finds and closes windows', async () => {
      const { client } = await park.ready();
      const { path, pid } = await client.launch({
        epoch: 0,
        path: 'xterm',
        args: ['-title', 'xterm', '-e', 'sleep', '60'],
      });
      expect(path).toBe('/usr/bin/xterm');
      expect(pid).toBeGreaterThan(1);
      const window = await eventually(async () => {
        const found = (await client.listWindows()).find(({ title }) => title === 'xterm');
        expect(found).toBeDefined();
        return found;
      });
      expect(window?.processName).toBe('xterm');
      expect(await client.activateWindow({ epoch: 0, title: 'XTERM' })).toMatchObject({ title: 'xterm' });
      expect(await client.closeWindow({ epoch: 0, title: 'xterm' })).toMatchObject({
        matchedTitle: 'xterm',
        closed: true,
      });
      await expect(client.activateWindow({ epoch: 0, title: 'xterm' })).rejects.toMatchObject({ code: 'not_found' });
    });

    it('holds a paused machine still and lets it go on', async () => {
      const { client, target } = await park.ready();
      await backend.pause(target.machineId, never);
      expect((await backend.list(never)).find((one) => one.machineId === target.machineId)).toMatchObject({
        running: false,
        paused: true,
      });
      await expect(client.health(300)).rejects.toMatchObject({ code: 'guest_timeout' });
      await backend.unpause(target.machineId, never);
      expect((await eventually(() => client.health(1000))).machineId).toBe(target.machineId);
    });

    it('measures a machine and shows its log', async () => {
      const { target } = await park.ready();
      const stats = await backend.stats(target.machineId, never);
      expect(stats?.memoryBytes).toBeGreaterThan(1_000_000);
      expect(stats?.cpuPercent).toBeGreaterThanOrEqual(0);
      expect(Array.isArray(await backend.logs(target.machineId, 5, never))).toBe(true);
    });

    it('sees a machine end, and the client says that it is lost', async () => {
      const ended: string[] = [];
      const stop = backend.onExit((machineId) => ended.push(machineId));
      // The stream of events is opened in the background.
      await sleep(300);
      const { client, target } = await park.ready();
      const lost = new Promise<string>((resolve) => client.onLost(resolve));
      await under.crash(target.machineId);
      await lost;
      await eventually(async () => expect(ended).toContain(target.machineId));
      stop();
      expect((await backend.list(never)).find((one) => one.machineId === target.machineId)?.running).toBe(false);
      await expect(connectGuest(target, never)).rejects.toMatchObject({ code: 'guest_failed' });
    });

    it('destroys completely, twice if asked, and what never was', async () => {
      const { target } = await park.ready();
      await Promise.all([backend.destroy(target.machineId, never), backend.destroy(target.machineId, never)]);
      await backend.destroy(target.machineId, never);
      await backend.destroy('m_never_was', never);
      expect(await ids()).not.toContain(target.machineId);
      await expect(connectGuest(target, never)).rejects.toMatchObject({ code: 'guest_failed' });
    });

    it('does not see or touch the machines of another installation', async () => {
      const foreign = new MachinePark(under.other, under.image);
      try {
        const { client, target } = await foreign.ready();
        expect(await ids()).not.toContain(target.machineId);
        await backend.destroy(target.machineId, never);
        expect(await ids(under.other)).toContain(target.machineId);
        expect((await client.health()).machineId).toBe(target.machineId);
        await expect(backend.pause(target.machineId, never)).rejects.toMatchObject({ code: 'guest_failed' });
      } finally {
        await foreign.clear();
      }
    });

    it('ends a session for good, and its machine with its screen goes on', async () => {
      const { client } = await park.ready();
      await client.launch({ epoch: 0, path: 'xterm', args: ['-title', 'xterm', '-e', 'sleep', '600'] });
      await eventually(async () => expect((await client.listWindows()).map(({ title }) => title)).toContain('xterm'));
      const { ended } = await client.settle(500);
      expect(ended).toBeGreaterThan(0);
      expect(await client.settle(500)).toEqual({ ended: 0, killed: 0 });
      expect(await client.health()).toMatchObject({ screenReady: true, sessionReady: false });
      const late = client.exec({ epoch: 0, command: 'true', timeoutMs: 1000 });
      await expect(late).rejects.toMatchObject({ code: 'guest_failed' });
    });

    it('bears a mark once somebody had it, under any session, and a new machine bears none', async () => {
      const { client, target } = await park.ready();
      expect(await client.health()).toMatchObject({ mark: null });
      await client.mark('s_first');
      expect(await client.health()).toMatchObject({ mark: 's_first' });
      await client.settle(0);
      expect(await client.health()).toMatchObject({ mark: 's_first' });
      await backend.destroy(target.machineId, never);
      const next = await park.ready();
      expect(await next.client.health()).toMatchObject({ mark: null });
    });

    it('says how much room is left', async () => {
      const { disk } = await (await park.ready()).client.health();
      expect(disk?.freeBytes).toBeGreaterThan(1_000_000);
      expect(disk?.homeFreeBytes).toBeGreaterThan(1_000_000);
    });

    const parts = {
      backend: () => backend,
      park: () => park,
      other: () => under.other,
      readable: (path: string, text: string) => (under.readable ? under.readable(path, text) : text),
    };
    const asked = [
      ...(keeps.checkpoints ? [checkpointContract] : []),
      ...(keeps.homes ? [homeContract] : []),
      ...(keeps.exec ? [execContract] : []),
      ...(keeps.attach ? [attachContract] : []),
      ...(keeps.checkpoints && keeps.homes ? [homeCheckpointContract] : []),
    ];
    for (const ask of asked) ask(parts);

    it('stops when it is told to', async () => {
      const stop = AbortSignal.abort(new Error('no longer wanted'));
      await expect(backend.create(park.spec(), stop)).rejects.toThrow('no longer wanted');
      await expect(backend.list(stop)).rejects.toThrow('no longer wanted');
    });
  });
}
