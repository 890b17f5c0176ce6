import { buffer } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import type { GuestClient } from '../guest/types';
import type { SandboxBackend } from './backend';
import { eventually, MachinePark, secretOf } from './machinePark.contract';

const never = new AbortController().signal;
let count = 0;
const fresh = (kind: string): string => `${kind}_${process.pid.toString(36)}${++count}`;

interface Under {
  backend(): SandboxBackend;
  park(): MachinePark;
  other(): SandboxBackend;
  /** What a home's content holds when this file is in it. */
  readable(path: string, text: string): string;
}

const write = (client: GuestClient, path: string, text: string) =>
  client.writeFile({ epoch: 0, path, data: Buffer.from(text) });
const read = async (client: GuestClient, path: string): Promise<string> => (await client.readFile(path)).toString();
const titles = async (client: GuestClient): Promise<string[]> => (await client.listWindows()).map(({ title }) => title);

/** A file, something that is only in memory, and a program that runs. */
async function leaveTraces(client: GuestClient, word: string): Promise<void> {
  await write(client, '/tmp/trace', word);
  await client.clipboardWrite({ epoch: 0, text: word });
  await client.launch({ epoch: 0, path: 'xterm', args: ['-title', 'xterm', '-e', 'sleep', '600'] });
  await eventually(async () => expect(await titles(client)).toContain('xterm'));
}
async function expectTraces(client: GuestClient, word: string): Promise<void> {
  expect(await read(client, '/tmp/trace')).toBe(word);
  expect(await client.clipboardRead()).toBe(word);
  expect(await titles(client)).toContain('xterm');
}

/** What a backend that keeps checkpoints promises. */
export function checkpointContract({ backend, park }: Under): void {
  const kept = () => {
    const { checkpoints } = backend();
    if (!checkpoints) throw new Error('this backend keeps no checkpoints');
    return checkpoints;
  };
  const again = async (machineId: string): Promise<GuestClient> => {
    const client = await park().connect(park().target(machineId));
    await client.health();
    return client;
  };

  it('puts a machine back to a checkpoint: files, memory and programs, under a new boot id', async () => {
    const { client, target } = await park().ready();
    const { machineId } = target;
    const checkpointId = fresh('cp');
    try {
      await leaveTraces(client, 'before');
      const before = (await client.health()).bootId;
      const ended: string[] = [];
      const stop = backend().onExit((one) => ended.push(one));
      const { bytes } = await kept().create(machineId, checkpointId, never);
      expect(bytes).toBeGreaterThan(0);
      expect(await kept().create(machineId, checkpointId, never)).toEqual({ bytes });
      expect((await client.health()).bootId).toBe(before);
      await write(client, '/tmp/trace', 'after');
      await write(client, '/tmp/later', 'later');
      await client.clipboardWrite({ epoch: 0, text: 'after' });
      await client.closeWindow({ epoch: 0, title: 'xterm' });

      await kept().restore(machineId, checkpointId, secretOf(machineId), never);
      const now = await again(machineId);
      expect(await now.health()).toMatchObject({ machineId, screenReady: true, sessionReady: true });
      expect((await now.health()).bootId).not.toBe(before);
      await expectTraces(now, 'before');
      await expect(now.readFile('/tmp/later')).rejects.toMatchObject({ code: 'not_found' });
      expect((await backend().list(never)).filter((one) => one.machineId === machineId)).toMatchObject([
        { running: true, paused: false },
      ]);
      expect(ended).toEqual([]);
      stop();

      // And once more from the same one, from what it became.
      await write(now, '/tmp/trace', 'again');
      await kept().restore(machineId, checkpointId, secretOf(machineId), never);
      await expectTraces(await again(machineId), 'before');
    } finally {
      await kept().remove(checkpointId, never);
    }
  });

  it('branches from a checkpoint beside the original, and each goes its own way', async () => {
    const { client, target } = await park().ready();
    const checkpointId = fresh('cp');
    try {
      await leaveTraces(client, 'shared');
      await client.mark('s_original');
      await kept().create(target.machineId, checkpointId, never);
      const spec = { ...park().spec(), fromCheckpoint: checkpointId };
      const branch = await park().ready(spec);
      expect(await branch.client.health()).toMatchObject({ machineId: spec.machineId });
      await expectTraces(branch.client, 'shared');
      // It is new by its name and its secret, and by nothing else.
      expect(await branch.client.health()).toMatchObject({ mark: 's_original' });
      await write(branch.client, '/tmp/trace', 'branch');
      await write(client, '/tmp/trace', 'original');
      expect(await read(branch.client, '/tmp/trace')).toBe('branch');
      expect(await read(client, '/tmp/trace')).toBe('original');
      expect((await client.health()).bootId).not.toBe((await branch.client.health()).bootId);
      const stranger = { ...branch.target, secret: secretOf(target.machineId) };
      await expect(park().connect(stranger, 500)).rejects.toMatchObject({ code: 'guest_failed' });
    } finally {
      await kept().remove(checkpointId, never);
    }
  });

  it('goes on from a checkpoint whose machine is gone: a suspend to disk and a resume', async () => {
    const { client, target } = await park().ready();
    const checkpointId = fresh('cp');
    try {
      await leaveTraces(client, 'asleep');
      await kept().create(target.machineId, checkpointId, never);
      await backend().destroy(target.machineId, never);
      expect((await kept().list(never)).map((one) => one.checkpointId)).toContain(checkpointId);
      const resumed = await park().ready({ ...park().spec(), fromCheckpoint: checkpointId });
      await expectTraces(resumed.client, 'asleep');
    } finally {
      await kept().remove(checkpointId, never);
    }
  });

  it('leaves a paused machine paused, and one that can’t be restored as it was', async () => {
    const { client, target } = await park().ready();
    const { machineId } = target;
    const checkpointId = fresh('cp');
    try {
      await backend().pause(machineId, never);
      await kept().create(machineId, checkpointId, never);
      expect((await backend().list(never)).find((one) => one.machineId === machineId)?.paused).toBe(true);
      await backend().unpause(machineId, never);
      const { bootId } = await eventually(() => client.health(2000));
      const missing = kept().restore(machineId, 'cp_that_never_was', secretOf(machineId), never);
      await expect(missing).rejects.toMatchObject({ code: 'guest_failed' });
      await expect(kept().create('m_never_was', fresh('cp'), never)).rejects.toMatchObject({ code: 'guest_failed' });
      expect((await eventually(() => client.health(2000))).bootId).toBe(bootId);
    } finally {
      await kept().remove(checkpointId, never);
    }
  });

  it('removes a checkpoint, twice if asked, and lists what is left', async () => {
    const { target } = await park().ready();
    const [one, two] = [fresh('cp'), fresh('cp')];
    await kept().create(target.machineId, one, never);
    await kept().create(target.machineId, two, never);
    await kept().remove(one, never);
    await kept().remove(one, never);
    const left = (await kept().list(never)).map(({ checkpointId }) => checkpointId);
    expect(left).toContain(two);
    expect(left).not.toContain(one);
    const branch = backend().create({ ...park().spec(), fromCheckpoint: one }, never);
    await expect(branch).rejects.toMatchObject({ code: 'guest_failed' });
    await kept().remove(two, never);
  });
}

/** What a backend that keeps homes promises. */
export function homeContract(under: Under): void {
  const { backend, park } = under;
  const kept = () => {
    const { homes } = backend();
    if (!homes) throw new Error('this backend keeps no homes');
    return homes;
  };
  const file = '/home/session/notes';
  const holder = async (homeId: string) => (await kept().list(never)).find((one) => one.homeId === homeId);

  it('gives a home to one machine at a time, and keeps it beyond them', async () => {
    const home = { homeId: fresh('home'), quotaMiB: 64 };
    const one = await park().ready({ ...park().spec(), home });
    await write(one.client, file, 'kept');
    expect(await holder(home.homeId)).toMatchObject({ machineId: one.target.machineId });
    const second = backend().create({ ...park().spec(), home }, never);
    await expect(second).rejects.toMatchObject({ code: 'conflict' });
    await expect(kept().remove(home.homeId, never)).rejects.toMatchObject({ code: 'conflict' });
    await backend().destroy(one.target.machineId, never);
    expect(await holder(home.homeId)).toMatchObject({ machineId: null });
    const two = await park().ready({ ...park().spec(), home });
    expect(await read(two.client, file)).toBe('kept');
    await backend().destroy(two.target.machineId, never);
    await kept().remove(home.homeId, never);
    await kept().remove(home.homeId, never);
    expect(await holder(home.homeId)).toBeUndefined();
  });

  it('loses nothing of a home whose session was settled, down to the last moment', async () => {
    const home = { homeId: fresh('home'), quotaMiB: 64 };
    const one = await park().ready({ ...park().spec(), home });
    await one.client.launch({ epoch: 0, path: 'xterm', args: ['-title', 'xterm', '-e', 'sleep', '600'] });
    await eventually(async () => expect(await titles(one.client)).toContain('xterm'));
    const data = Buffer.alloc(3 * 1024 * 1024, 'last moment ');
    await one.client.writeFile({ epoch: 0, path: 'last', data });
    expect((await one.client.settle(500)).ended).toBeGreaterThan(0);
    await backend().destroy(one.target.machineId, never);
    const two = await park().ready({ ...park().spec(), home });
    expect((await two.client.readFile('last')).equals(data)).toBe(true);
    await backend().destroy(two.target.machineId, never);
    await kept().remove(home.homeId, never);
  });

  it('begins again in a home that was locked by its own programs', async () => {
    const home = { homeId: fresh('home'), quotaMiB: 64 };
    const one = await park().ready({ ...park().spec(), home });
    await write(one.client, file, 'locked in');
    await one.client.exec({ epoch: 0, command: 'cd /; chmod 0 /home/session', timeoutMs: 10_000 });
    await one.client.settle(500);
    await backend().destroy(one.target.machineId, never);
    const two = await park().ready({ ...park().spec(), home });
    expect(await read(two.client, file)).toBe('locked in');
    await backend().destroy(two.target.machineId, never);
    await kept().remove(home.homeId, never);
  });

  it('gives a home’s bytes back, without a machine', async () => {
    const home = { homeId: fresh('home'), quotaMiB: 64 };
    const one = await park().ready({ ...park().spec(), home });
    await write(one.client, file, 'to be stored elsewhere');
    await one.client.settle(500);
    await backend().destroy(one.target.machineId, never);
    const before = (await backend().list(never)).length;
    const { bytes, stream } = await kept().read(home.homeId, never);
    const content = await buffer(stream);
    expect(content.length).toBeGreaterThan(0);
    if (bytes !== null) expect(content).toHaveLength(bytes);
    expect(content.includes(under.readable(file, 'to be stored elsewhere'))).toBe(true);
    // A reader that leaves in the middle holds nothing up either.
    (await kept().read(home.homeId, never)).stream.destroy();
    await eventually(() => kept().remove(home.homeId, never));
    expect(await backend().list(never)).toHaveLength(before);
    await expect(kept().read(home.homeId, never)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('does not see, take or remove the homes of another installation', async () => {
    const foreign = new MachinePark(under.other(), park().image);
    const home = { homeId: fresh('home'), quotaMiB: 64 };
    try {
      const { client } = await foreign.ready({ ...foreign.spec(), home });
      await write(client, file, 'theirs');
      expect(await holder(home.homeId)).toBeUndefined();
      await kept().remove(home.homeId, never);
      await expect(kept().read(home.homeId, never)).rejects.toMatchObject({ code: 'not_found' });
      const mine = await park().ready({ ...park().spec(), home });
      await expect(mine.client.readFile(file)).rejects.toMatchObject({ code: 'not_found' });
      await backend().destroy(mine.target.machineId, never);
      await kept().remove(home.homeId, never);
      expect(await read(client, file)).toBe('theirs');
    } finally {
      await foreign.clear();
      await under.other().homes?.remove(home.homeId, never);
    }
  });

  it('makes no empty home in the place of one that was there and is gone', async () => {
    const gone = { homeId: 'home_gone', quotaMiB: 64, mustExist: true };
    const spec = { ...park().spec(), home: gone };
    const lost = { code: 'guest_failed', data: { homeId: 'home_gone', reason: 'home_lost' } };
    await expect(backend().create(spec, never)).rejects.toMatchObject(lost);
    await backend().destroy(spec.machineId, never);
    expect(await holder('home_gone')).toBeUndefined();
  });

  it('knows no home that never was', async () => {
    await expect(kept().read('home_that_never_was', never)).rejects.toMatchObject({ code: 'not_found' });
    await kept().remove('home_that_never_was', never);
    expect(await holder('home_that_never_was')).toBeUndefined();
    expect(typeof kept().enforcesQuota).toBe('boolean');
  });
}

/** What a backend promises that can plug a home into a machine that runs. */
export function attachContract({ backend, park }: Under): void {
  const file = '/home/session/notes';

  it('gives a home to a machine that runs, under a new boot id', async () => {
    const { homes } = backend();
    const attach = homes?.attach?.bind(homes);
    if (!attach) throw new Error('this backend attaches no homes');
    const home = { homeId: fresh('home'), quotaMiB: 64 };
    const { client, target } = await park().ready();
    const before = (await client.health()).bootId;
    await attach(target.machineId, home, secretOf(target.machineId), never);
    const now = await park().connect(park().target(target.machineId));
    expect((await now.health()).bootId).not.toBe(before);
    await write(now, file, 'attached');
    const other = await park().ready();
    const second = attach(other.target.machineId, home, secretOf(other.target.machineId), never);
    await expect(second).rejects.toMatchObject({ code: 'conflict' });
    await backend().destroy(target.machineId, never);
    await attach(other.target.machineId, home, secretOf(other.target.machineId), never);
    const then = await park().connect(park().target(other.target.machineId));
    expect(await read(then, file)).toBe('attached');
    await backend().destroy(other.target.machineId, never);
    await homes?.remove(home.homeId, never);
  });
}

/** What a backend that keeps both promises of them together. */
export function homeCheckpointContract({ backend, park }: Under): void {
  const file = '/home/session/notes';

  it('puts a home back with its machine, and gives a branch a copy of its own', async () => {
    const { checkpoints, homes } = backend();
    if (!checkpoints || !homes) throw new Error('this backend does not keep both');
    const home = { homeId: fresh('home'), quotaMiB: 64 };
    const checkpointId = fresh('cp');
    const one = await park().ready({ ...park().spec(), home });
    const { machineId } = one.target;
    await write(one.client, file, 'then');
    await checkpoints.create(machineId, checkpointId, never);
    await write(one.client, file, 'later');
    await checkpoints.restore(machineId, checkpointId, secretOf(machineId), never);
    const restored = await park().connect(park().target(machineId));
    expect(await read(restored, file)).toBe('then');
    const branch = await park().ready({ ...park().spec(), fromCheckpoint: checkpointId });
    expect(await read(branch.client, file)).toBe('then');
    await write(branch.client, file, 'branch');
    await write(restored, file, 'original');
    await backend().destroy(branch.target.machineId, never);
    await backend().destroy(machineId, never);
    const next = await park().ready({ ...park().spec(), home });
    expect(await read(next.client, file)).toBe('original');
    await backend().destroy(next.target.machineId, never);
    const resumed = await park().ready({ ...park().spec(), home, fromCheckpoint: checkpointId });
    expect(await read(resumed.client, file)).toBe('then');
    expect((await homes.list(never)).filter(({ homeId }) => homeId === home.homeId)).toMatchObject([
      { machineId: resumed.target.machineId },
    ]);
    await backend().destroy(resumed.target.machineId, never);
    await checkpoints.remove(checkpointId, never);
    await homes.remove(home.homeId, never);
  });
}
