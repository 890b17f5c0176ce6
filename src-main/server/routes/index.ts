import type { EventStreams } from '../events/streams';
import type { Route } from '../route';
import type { ScreenOwners } from '../screenOwners';
import { acquireSession } from './acquire';
import { listActions } from './actions';
import { capacityRoutes } from './capacity';
import { checkpointRoutes } from './checkpoints';
import { computerRoutes } from './computer';
import { getConsole } from './console';
import { actOnControl, getControl } from './control';
import { events } from './events';
import { getFrame } from './frame';
import { healthz, readyz } from './health';
import { homeRoutes } from './homes';
import { machineRoutes } from './machines';
import { mcpRoutes } from './mcp';
import { getMetrics } from './metrics';
import { openapi } from './openapi';
import { deletePool, getPool, updatePool } from './pool';
import { poolFileRoutes } from './poolFiles';
import { createPool, listPools } from './pools';
import { createScreenTicket } from './screenTickets';
import { getSession, releaseSession } from './session';
import { listSessions } from './sessions';
import { settingsRoutes } from './settings';
import { resumeEverything, stopEverything } from './stop';
import { suspendRoutes } from './suspend';
import { getUsage } from './usage';

/** Every route that is served, in the order of the description. */
export function allRoutes(
  rooms: { streams: EventStreams; owners: ScreenOwners },
  describe: (routes: readonly Route[]) => unknown,
): Route[] {
  const routes: Route[] = [
    healthz,
    readyz,
    openapi(() => describe(routes)),
    listPools,
    createPool,
    ...poolFileRoutes,
    getPool,
    updatePool,
    deletePool,
    ...machineRoutes,
    ...capacityRoutes,
    ...settingsRoutes,
    ...homeRoutes(),
    acquireSession,
    listSessions,
    getSession,
    releaseSession,
    ...suspendRoutes,
    listActions,
    getFrame,
    getControl,
    actOnControl,
    stopEverything,
    resumeEverything,
    ...checkpointRoutes,
    getConsole,
    getUsage,
    getMetrics,
    createScreenTicket(rooms.owners),
    events(rooms.streams),
    ...mcpRoutes,
    ...computerRoutes,
  ];
  return routes;
}
