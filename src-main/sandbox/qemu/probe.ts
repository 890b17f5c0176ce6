import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { assertNever } from '../../base/errors';
import type { BackendStatus } from '../backend';
import type { Accelerator, Chosen } from './accelerator';

const run = promisify(execFile);

export type QemuFound = { kind: 'found'; version: string } | { kind: 'missing'; message: string };

/** QEMU's version, or why there is none and what to do. Never rejects but when aborted. */
export async function findQemu(binary: string, signal: AbortSignal): Promise<QemuFound> {
  try {
    const { stdout } = await run(binary, ['--version'], { signal, timeout: 10_000 });
    const version = /version (\d+\.\d+(?:\.\d+)?)/.exec(stdout)?.[1];
    if (version) return { kind: 'found', version };
    return { kind: 'missing', message: `${binary} does not tell its version.` };
  } catch (error) {
    signal.throwIfAborted();
    return { kind: 'missing', message: whatToDo((error as NodeJS.ErrnoException).code, binary, process.platform) };
  }
}

export function whatToDo(code: string | undefined, binary: string, platform: NodeJS.Platform): string {
  if (code !== 'ENOENT') return `${binary} can't be run (${code ?? 'it failed'}).`;
  switch (platform) {
    case 'linux':
      return 'QEMU is not installed. Install it: sudo apt-get install qemu-system-x86 qemu-utils.';
    case 'darwin':
      return 'QEMU is not installed. Install it: brew install qemu.';
    default:
      return `QEMU is not installed (there is no ${binary}).`;
  }
}

/** What keeps machines apart: QEMU's own documentation does not count emulation as a boundary. */
export function isolationOf(accelerator: Accelerator): BackendStatus['isolation'] {
  switch (accelerator) {
    case 'kvm':
    case 'hvf':
    case 'whpx':
      return 'vm';
    case 'tcg':
      return 'emulated';
    default:
      return assertNever(accelerator);
  }
}

/** `chosen` null: not tried yet, which promises nothing. */
export function statusOf(found: QemuFound, chosen: Chosen | null, words: string): BackendStatus {
  if (found.kind === 'missing') {
    return { reachable: false, version: null, message: found.message, isolation: 'none' };
  }
  const { version } = found;
  const reason = chosen?.reason ?? 'Whether the processor can be virtualised is tried with the image’s kernel.';
  return {
    reachable: true,
    version,
    message: [`QEMU ${version}.`, reason, words].filter(Boolean).join(' '),
    isolation: isolationOf(chosen?.accelerator ?? 'tcg'),
  };
}
