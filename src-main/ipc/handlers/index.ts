import { readFile } from 'node:fs/promises';
import type { Diagnostics } from '@shared/diagnostics';
import type { BackendKind } from '@shared/pool';
import type { SetupWay } from '@shared/ipc';
import type { SandboxBackend } from '../../sandbox/backend';
import { FirstCalls } from '../firstCalls';
import type { Demo, Rooms, Shell } from '../rooms';
import type { Handlers } from '../router';
import { createSystemProbe } from '../systemStats';
import { createSetupRoom } from '../setupRoom';
import { Thumbnails } from '../thumbnails';
import { appHandlers } from './app';
import { attentionHandlers } from './attention';
import { capacityHandlers } from './capacity';
import { checkpointHandlers } from './checkpoints';
import { controlHandlers } from './control';
import { demoHandlers } from './demo';
import { diagnosticsHandlers } from './diagnostics';
import { homeHandlers } from './homes';
import { machineHandlers } from './machines';
import { poolHandlers } from './pools';
import { screenHandlers } from './screen';
import { sessionHandlers } from './sessions';
import { settingsHandlers } from './settings';
import { setupHandlers } from './setup';
import { timelineHandlers } from './timeline';
import { tokenHandlers } from './tokens';
import { usageHandlers } from './usage';

/** Everything that answers the window, and what pushes to it. `close` ends what was begun for the window alone. */
export function createHandlers(
  rooms: Rooms,
  shell: Shell,
  deps: {
    backends: ReadonlyMap<BackendKind, SandboxBackend>;
    demo: Demo;
    imageScripts: Record<SetupWay, string>;
    dataDir: string;
    onImage(way: SetupWay): void;
    /** Everything that this computer has, looked at anew. */
    look(): Promise<Diagnostics>;
  },
) {
  const { bus, clock, logger, push } = rooms;
  const firstCalls = new FirstCalls(clock, (progress) => push('tokenProgress', progress));
  const thumbnails = new Thumbnails({
    hubFor: (sessionId) => rooms.hubFor(sessionId),
    clock,
    logger,
    onNew: (sessionId, version) => push('thumbnail', { sessionId, version }),
  });
  const setup = createSetupRoom(rooms, deps);
  const stopEvents = bus.on((event) => push('event', event));

  const requests: Handlers = {
    ...appHandlers(shell, createSystemProbe(deps.dataDir)),
    ...setupHandlers(setup),
    ...diagnosticsHandlers(deps),
    ...poolHandlers(rooms, shell),
    ...machineHandlers(rooms),
    ...homeHandlers(rooms, shell),
    ...capacityHandlers(rooms),
    ...settingsHandlers(rooms),
    ...usageHandlers(rooms, shell),
    ...sessionHandlers(rooms),
    ...checkpointHandlers(rooms),
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
      setup.close();
      await deps.demo.stop();
    },
  };
}
