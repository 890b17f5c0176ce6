import { expect, it } from 'vitest';
import type { SandboxBackend } from './backend';
import type { MachinePark } from './machinePark.contract';

const never = new AbortController().signal;

/** What a backend promises that runs commands without the machine's agent. */
export function execContract({ backend, park }: { backend(): SandboxBackend; park(): MachinePark }): void {
  const run = (
    machineId: string,
    command: string,
    bounds = { timeoutMs: 10_000, maxBytes: 65_536 },
    signal = never,
  ) => {
    const exec = backend().exec?.bind(backend());
    if (!exec) throw new Error('this backend runs no commands');
    return exec(machineId, command, bounds, signal);
  };

  it('runs a command in a machine as the session’s user, whatever became of its session', async () => {
    const { client, target } = await park().ready();
    const { machineId } = target;
    expect(await run(machineId, 'id -u; exit 3')).toEqual({ output: '1000\n', exitCode: 3, truncated: false });
    const both = await run(machineId, 'echo out; echo err >&2');
    expect(both.output.split('\n').sort()).toEqual(['', 'err', 'out']);
    await client.settle(0);
    expect(await run(machineId, 'echo still')).toMatchObject({ output: 'still\n', exitCode: 0 });
  });

  it('bounds it in output and in time, and stops when it is told to', async () => {
    const { target } = await park().ready();
    const { machineId } = target;
    const long = await run(machineId, 'seq 1 5000', { timeoutMs: 10_000, maxBytes: 1000 });
    expect(long.truncated).toBe(true);
    expect(Buffer.byteLength(long.output)).toBeLessThanOrEqual(1000);
    expect(long.output.startsWith('1\n2\n3\n')).toBe(true);
    const slow = run(machineId, 'sleep 600', { timeoutMs: 300, maxBytes: 1000 });
    await expect(slow).rejects.toMatchObject({ code: 'guest_timeout' });
    const stop = new AbortController();
    const left = run(machineId, 'sleep 600', { timeoutMs: 60_000, maxBytes: 1000 }, stop.signal);
    stop.abort(new Error('no longer wanted'));
    await expect(left).rejects.toThrow('no longer wanted');
  });

  it('runs none in a machine that stands still, or is none', async () => {
    const { target } = await park().ready();
    await backend().pause(target.machineId, never);
    await expect(run(target.machineId, 'true')).rejects.toMatchObject({ code: 'guest_failed' });
    await backend().unpause(target.machineId, never);
    expect(await run(target.machineId, 'true')).toMatchObject({ exitCode: 0 });
    await expect(run('m_never_was', 'true')).rejects.toMatchObject({ code: 'guest_failed' });
  });
}
