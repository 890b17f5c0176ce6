import { accessSync, constants, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { dirname } from 'node:path';
import { execFile } from 'node:child_process';
import { z } from 'zod';
import { acceleratorArguments, sandboxArguments } from './arguments';

export const accelerators = ['kvm', 'hvf', 'whpx', 'tcg'] as const;
export type Accelerator = (typeof accelerators)[number];

export interface Chosen {
  accelerator: Accelerator;
  /** Why this one, and why not those before it, in words. */
  reason: string;
}

/** What may be there on this system, the fastest first. Emulation is always left and needs no trial. */
export const candidates = (platform: NodeJS.Platform): Accelerator[] => {
  switch (platform) {
    case 'linux':
      return ['kvm'];
    case 'darwin':
      return ['hvf'];
    case 'win32':
      return ['whpx'];
    default:
      return [];
  }
};

const labels: Record<Accelerator, string> = {
  kvm: 'KVM',
  hvf: 'Hypervisor.framework',
  whpx: 'the Windows Hypervisor Platform',
  tcg: 'emulation',
};

/** The first that a kernel is seen to run on. `attempt` gives null for success, else what was wrong. */
export async function chooseAccelerator(
  among: readonly Accelerator[],
  attempt: (accelerator: Accelerator) => Promise<string | null>,
): Promise<Chosen> {
  const refusals: string[] = [];
  for (const accelerator of among) {
    const refusal = await attempt(accelerator);
    if (refusal === null) return { accelerator, reason: `A kernel was started on ${labels[accelerator]} and ran.` };
    refusals.push(`${labels[accelerator]}: ${refusal}`);
  }
  const why = refusals.length > 0 ? ` ${refusals.join(' ')}` : '';
  return {
    accelerator: 'tcg',
    reason: `The processor is emulated, which is slower and keeps machines apart less well.${why}`,
  };
}

function kvmRefusal(): string | null {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES'
      ? 'this user may not use /dev/kvm. Join its group: sudo usermod -aG kvm "$USER", then log in again.'
      : 'there is no /dev/kvm.';
  }
}

/** Milliseconds a kernel without a disk may take from start to its end: 0.5 s on KVM, 2 s emulated. */
const trialMs = 8_000;

/**
 * On Linux, where a kernel that hangs on KVM has been seen, its end belongs to another process than ours: a broker that
 * is killed during the trial would leave it spinning on a processor for ever.
 */
const timed = (ms: number, binary: string, args: readonly string[]): [string, ...string[]] =>
  process.platform === 'linux' ? ['timeout', '--signal=KILL', String(ms / 1000), binary, ...args] : [binary, ...args];

/**
 * Starts the image's own kernel, without a disk, and sees whether it gets as far as missing it. The device file, and
 * even firmware that runs, prove nothing: nested virtualisation has been seen to run the one and hang in the other.
 */
export function tryKernel(
  binary: string,
  kernel: string,
  accelerator: Accelerator,
  ms = trialMs,
): Promise<string | null> {
  const barred = accelerator === 'kvm' ? kvmRefusal() : null;
  if (barred !== null) return Promise.resolve(barred);
  const args = [
    ...['-no-user-config', '-nodefaults', '-display', 'none', '-no-reboot', ...sandboxArguments],
    ...['-machine', 'pc', ...acceleratorArguments(accelerator), '-m', 'size=256M'],
    ...['-kernel', kernel, '-append', 'console=ttyS0 panic=-1', '-serial', 'stdio'],
  ];
  const [program, ...rest] = timed(ms, binary, args);
  return new Promise((resolve) => {
    const options = {
      timeout: ms + 2_000,
      killSignal: 'SIGKILL',
      maxBuffer: 1024 * 1024,
      encoding: 'latin1',
    } as const;
    execFile(program, rest, options, (error, stdout, stderr) => {
      if (/Kernel panic - not syncing: VFS/.test(stdout)) return resolve(null);
      const words = stderr.trim().split('\n')[0]?.slice(0, 200);
      const cut = error?.killed === true || error?.signal === 'SIGKILL' || error?.code === 137;
      if (cut) resolve(`a kernel was started and did not run within ${ms / 1000} s.`);
      else resolve(words ? `${words}.` : 'QEMU ended before the kernel ran.');
    });
  });
}

const rememberedSchema = z.object({
  key: z.string(),
  accelerator: z.enum(accelerators),
  reason: z.string().max(2000),
});

/** What a trial's result depends on: tried again when one of them changes. */
export const trialKey = (qemuVersion: string, imageTag: string): string =>
  [process.platform, release(), qemuVersion, imageTag, kvmRefusal() ?? 'kvm may be used'].join(' ');

export function recall(file: string, key: string): Chosen | null {
  try {
    const { key: found, ...chosen } = rememberedSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    return found === key ? chosen : null;
  } catch {
    return null;
  }
}
export function remember(file: string, key: string, chosen: Chosen): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  rmSync(file, { force: true });
  writeFileSync(file, JSON.stringify({ key, ...chosen }), { mode: 0o600 });
}
