import { join } from 'node:path';
import type { BackendKind } from '@shared/pool';
import type { SetupWay } from '@shared/ipc';
import { WheelhouseError } from '../base/errors';
import { checkDocker } from '../diagnostics/dockerCheck';
import { createImageBuild } from '../diagnostics/imageBuild';
import { checkQemu } from '../diagnostics/qemuCheck';
import { createSetup } from '../diagnostics/setup';
import type { SandboxBackend } from '../sandbox/backend';
import type { Rooms } from './rooms';

const lookDeadlineMs = 10_000;

/** The images' build scripts, beside the app in a checkout. */
export const imageScriptsIn = (root: string): Record<SetupWay, string> => ({
  docker: join(root, 'scripts', 'image', 'build.mjs'),
  qemu: join(root, 'scripts', 'image', 'qemu', 'build.mjs'),
});

/** The first run as the window sees it: looks at this computer once, and builds images. */
export function createSetupRoom(
  { clock, logger, push }: Pick<Rooms, 'clock' | 'logger' | 'push'>,
  deps: {
    backends: ReadonlyMap<BackendKind, SandboxBackend>;
    imageScripts: Record<SetupWay, string>;
    /** An image came into being. */
    onImage(way: SetupWay): void;
  },
) {
  const backend = (way: SetupWay): SandboxBackend => {
    const found = deps.backends.get(way);
    if (found) return found;
    throw new WheelhouseError('not_supported', `There is no ${way} backend here.`);
  };
  const probe = (way: SetupWay) => backend(way).probe(AbortSignal.timeout(lookDeadlineMs));
  const build = createImageBuild({
    scripts: deps.imageScripts,
    clock,
    logger,
    onChange: () => setup.buildChanged(),
    execPath: process.execPath,
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
  });
  const findImage = (way: SetupWay) => backend(way).resolveImage('desktop', AbortSignal.timeout(lookDeadlineMs));
  const setup = createSetup({
    checkDocker: () => checkDocker(() => probe('docker')),
    checkQemu: () => checkQemu(() => probe('qemu')),
    findImage,
    build,
    announce: (status) => push('setup', status),
    onImage: deps.onImage,
  });
  void setup.look().catch((error: unknown) => logger.warn({ err: error }, 'the first look failed'));
  return { ...setup, close: () => build.cancel() };
}
