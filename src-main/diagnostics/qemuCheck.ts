import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { SetupStatus } from '@shared/ipc';
import { assertNever } from '../base/errors';
import type { BackendStatus } from '../sandbox/backend';
import { withoutAdvice } from './diagnostic';

type QemuStatus = NonNullable<SetupStatus['qemu']>;

/** What machines and the making of their image need, with the Debian package that brings it. */
const needed: Record<string, string> = {
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-img': 'qemu-utils',
  mke2fs: 'e2fsprogs',
  mmdebstrap: 'mmdebstrap',
  newuidmap: 'uidmap',
};

/** Which of them are not here; those that only the making of the image needs, too, as it comes next. */
export function missingPrograms(path = process.env['PATH'] ?? '', asRoot = process.getuid?.() === 0): string[] {
  const folders = [...path.split(delimiter), '/usr/sbin', '/sbin'].filter((folder) => folder !== '');
  return Object.keys(needed).filter(
    (name) => !(asRoot && name === 'newuidmap') && !folders.some((folder) => existsSync(join(folder, name))),
  );
}

/** The command that installs them, for a person to copy; null where this project knows none. Pure. */
export function installCommand(missing: readonly string[], platform: NodeJS.Platform): string | null {
  if (missing.length === 0) return null;
  if (platform === 'darwin') return 'brew install qemu';
  if (platform !== 'linux') return null;
  return `sudo apt-get install -y ${missing.map((name) => needed[name] ?? name).join(' ')}`;
}

/** What keeps QEMU's machines apart, in words. */
export function isolationWords(isolation: BackendStatus['isolation']): string {
  switch (isolation) {
    case 'vm':
      return 'Virtual machines on this computer’s own processor: fast, and counted as isolation.';
    case 'emulated':
      return 'Emulated in software: slow, and not counted as isolation.';
    case 'container':
      return 'Containers: they share this computer’s kernel.';
    case 'none':
      return 'Nothing keeps machines apart.';
    default:
      return assertNever(isolation);
  }
}

/** Why this accelerator: the backend's own words without those that say the same again. Pure. */
export function acceleratorWords({ isolation, message }: Pick<BackendStatus, 'isolation' | 'message'>): string {
  const rest = message
    .replace(/^QEMU [\w.]+\.\s*/, '')
    .replace(/^The processor is emulated, which is slower and keeps machines apart less well\.\s*/, '');
  return [isolationWords(isolation), rest].filter(Boolean).join(' ');
}

/** Pure: what the probe found, in the words of the first-run view. `fix` also when only the image's tools are missing. */
export function describeQemu(facts: {
  status: BackendStatus;
  missing: readonly string[];
  platform: NodeJS.Platform;
}): Omit<QemuStatus, 'image'> {
  const { status, missing, platform } = facts;
  const fix = installCommand(missing, platform);
  if (!status.reachable) {
    const message = withoutAdvice(status.message, fix);
    return { state: 'missing', version: null, message, fix, isolation: 'none' };
  }
  return {
    state: 'installed',
    version: status.version,
    message: acceleratorWords(status),
    fix,
    isolation: status.isolation === 'vm' ? 'vm' : 'emulated',
  };
}

/** QEMU without its image, which is looked for apart. */
export async function checkQemu(probe: () => Promise<BackendStatus>): Promise<Omit<QemuStatus, 'image'>> {
  return describeQemu({ status: await probe(), missing: missingPrograms(), platform: process.platform });
}
