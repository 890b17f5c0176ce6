import type { PoolPatch } from '@shared/pool';
import { Layout } from '../../src-main/sandbox/qemu/layout';
import { readPid } from '../../src-main/sandbox/qemu/process';
import { sampleCpu, sampleMemory, cpuPercent } from '../../src-main/sandbox/qemu/stats';
import { sleep } from '../../src-main/base/deadline';
import { startStack, type Stack } from './stack';

/** The size at which QEMU's figures are taken; Docker's beside them have the same. */
export const smallSize = { cpus: 1, memoryMiB: 1024, width: 1024, height: 768 };
/** The first desktop of an image and size is saved for a minute or more. */
export const savingSeconds = 300;

/** The whole broker with its pool on QEMU, after the first machine is ready. */
export async function startQemuStack(patch: PoolPatch = {}): Promise<Stack> {
  const stack = await startStack({ backend: 'qemu', size: smallSize, warm: { minimum: 1, maximum: 2 } });
  try {
    await stack.ready(1, savingSeconds);
    stack.wheelhouse.broker.pools.update('desktop', patch);
    return stack;
  } catch (error) {
    await stack.close();
    throw error;
  }
}

/** The process of the one machine that the pool has; throws when it has another number of them. */
export async function onlyProcess(stack: Stack): Promise<number> {
  const [machine, ...more] = await stack.wheelhouse.broker.pools.machines('desktop');
  if (!machine || more.length > 0)
    throw new Error(`The pool has ${more.length + (machine ? 1 : 0)} machines, not one.`);
  const { dataDir, installationId } = stack.wheelhouse;
  const layout = new Layout(dataDir, installationId);
  const pid = readPid(layout.files(machine.machineId).pidFile);
  if (pid === null) throw new Error('The machine has no process.');
  return pid;
}

/** Bytes in proportional share, and percent of a processor over so many milliseconds. */
export async function usage(pid: number, overMs: number): Promise<{ bytes: number; percent: number }> {
  const before = sampleCpu(pid);
  await sleep(overMs);
  const after = sampleCpu(pid);
  return {
    bytes: sampleMemory(pid) ?? Number.NaN,
    percent: before && after ? cpuPercent(before, after) : Number.NaN,
  };
}
