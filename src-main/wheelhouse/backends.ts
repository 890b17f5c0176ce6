import type { Logger } from '../base/logger';
import type { SandboxBackend } from '../sandbox/backend';
import { createDockerBackend } from '../sandbox/docker';
import { createQemuBackend } from '../sandbox/qemu';

/** What this computer can make machines with. A backend that lacks its parts says so when it is probed. */
export const usualBackends = (context: {
  dataDir: string;
  installationId: string;
  logger: Logger;
}): SandboxBackend[] => [createDockerBackend(context), createQemuBackend(context)];
