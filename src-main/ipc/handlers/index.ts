import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkDocker } from '../../diagnostics/dockerCheck';
import { createImageBuild } from '../../diagnostics/imageBuild';
import { createSetup } from '../../diagnostics/setup';
import type { SandboxBackend } from '../../sandbox/backend';
import { FirstCalls } from '../firstCalls';
import type { Demo, Rooms, Shell } from '../rooms';
import type { Handlers } from '../router';
import { createSystemProbe } from '../systemStats';
import { Thumbnails } from '../thumbnails';
import { appHandlers } from './app';
import { attentionHandlers } from './attention';
import { controlHandlers } from './control';
import { demoHandlers } from './demo';
import { poolHandlers } from './pools';
import { screenHandlers } from './screen';
import { sessionHandlers } from './sessions';
import { setupHandlers } from './setup';
import { timelineHandlers } from './timeline';
import { tokenHandlers } from './tokens';

const lookDeadlineMs = 10_000;

/** Everything that answers the window, and what pushes to it. `close` ends what was begun for the window alone. */
export function createHandlers(
  rooms: Rooms,
  shell: Shell,
  deps: { docker: SandboxBackend; demo: Demo; imageScript: string; dataDir: string },
) {
  const { bus, clock, logger, push } = rooms;
  const firstCalls = new FirstCalls(clock, (progress) => push('tokenProgress', progress));
  const thumbnails = new Thumbnails({
    hubFor: (sessionId) => rooms.hubFor(sessionId),
    clock,
    logger,
    onNew: (sessionId, version) => push('thumbnail', { sessionId, version }),
  });
  const build = createImageBuild({
    script: deps.imageScript,
    clock,
    logger,
    onChange: () => setup.buildChanged(),
    execPath: process.execPath,
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
  });
  const setup = createSetup({
    checkDocker: () => checkDocker(() => deps.docker.probe(AbortSignal.timeout(lookDeadlineMs))),
    findImage: () => deps.docker.resolveImage('desktop', AbortSignal.timeout(lookDeadlineMs)),
    build,
    announce: (status) => push('setup', status),
    onImage: () => rooms.broker.reconcile(),
  });
  void setup.look().catch((error: unknown) => logger.warn({ err: error }, 'the first look failed'));
  const stopEvents = bus.on((event) => push('event', event));

  const requests: Handlers = {
    ...appHandlers(shell, createSystemProbe(deps.dataDir)),
    ...setupHandlers(setup),
    ...poolHandlers(rooms),
    ...sessionHandlers(rooms),
    ...timelineHandlers(rooms),
    ...controlHandlers(rooms, shell),
    ...screenHandlers(rooms, thumbnails),
    ...attentionHandlers(rooms),
    ...tokenHandlers(rooms, firstCalls),
    ...demoHandlers(deps.demo),
  };
  return {
    requests,
    firstCalls,
    pictures: {
      thumbnail: (sessionId: string) => thumbnails.get(sessionId),
      async frame(
        hash: string,
        crop: { x: number; y: number; width: number; height: number; scale: number } | null,
      ): Promise<Buffer> {
        if (crop) return rooms.timeline.frames.crop(hash, crop, crop.scale);
        return readFile(rooms.timeline.frames.path(hash));
      },
    },
    async close(): Promise<void> {
      stopEvents();
      thumbnails.close();
      build.cancel();
      await deps.demo.stop();
    },
  };
}

/** The image's build script, beside the app in a checkout. */
export const imageScriptIn = (root: string): string => join(root, 'scripts', 'image', 'build.mjs');
