import { statfs } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import type { SetupStatus } from '@shared/ipc';
import type { BackendStatus } from '../sandbox/backend';
import { withoutAdvice } from './diagnostic';

type DockerStatus = SetupStatus['docker'];

const starts: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'sudo service docker start',
  darwin: 'open -a Docker',
};
const fixes: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'sudo apt-get install -y docker.io && sudo service docker start',
  darwin: 'brew install --cask docker && open -a Docker',
  win32: 'winget install Docker.DockerDesktop',
};

/** Pure: what the probe found, in the words of the first-run view. */
export function describeDocker(
  status: BackendStatus,
  machine: { platform: NodeJS.Platform; cpus: number; memoryBytes: number; diskFreeBytes: number },
): DockerStatus {
  const resources = { cpus: machine.cpus, memoryBytes: machine.memoryBytes, diskFreeBytes: machine.diskFreeBytes };
  if (status.reachable) {
    return { state: 'running', version: status.version, message: status.message, fix: null, ...resources };
  }
  const missing = /not installed|missing|no such file|ENOENT/i.test(status.message);
  const denied = /may not use/.test(status.message) ? 'sudo usermod -aG docker "$USER"' : undefined;
  const start = missing ? undefined : (denied ?? starts[machine.platform]);
  const fix = start ?? fixes[machine.platform] ?? null;
  return {
    state: missing ? 'missing' : 'stopped',
    version: null,
    message: withoutAdvice(status.message, fix),
    fix: fix ?? 'See docs.docker.com/engine/install',
    ...resources,
  };
}

/** Looks at the machine behind the engine; where Docker keeps its data is not asked, the root's disk stands for it. */
export async function checkDocker(probe: () => Promise<BackendStatus>): Promise<DockerStatus> {
  const [status, disk] = await Promise.all([probe(), statfs('/')]);
  return describeDocker(status, {
    platform: process.platform,
    cpus: cpus().length,
    memoryBytes: totalmem(),
    diskFreeBytes: disk.bavail * disk.bsize,
  });
}
