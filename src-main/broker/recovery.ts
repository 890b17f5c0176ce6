import type { BackendWatch } from './backendWatch';
import type { Core } from './core';
import type { Fleet } from './fleet';
import type { Interventions } from './interventions';
import type { SessionLife } from './sessionLife';
import { isAway } from './sessionState';
import type { Supervisor } from './supervisor';

/**
 * After a start, whatever ended the last broker: what the store intended is compared with what is there, and gone on with.
 * - A session that still waited for a machine lost its caller with the connection: its row goes, its key is free.
 * - A suspended session stays so, also one that was being brought back; one that was being suspended has its links opened
 *   and is suspended then, as its programs may have ended.
 * - A release that was begun is finished. Half-done creates, checks and destroys stay in their states, whose work the
 *   reconciler begins again (the backends' calls are idempotent by machine id).
 * - Living sessions keep machine and ids; their links are opened in the background, and a call waits for them.
 * - Warm machines are not believed: each is checked afresh before it is ready again.
 * - A machine that was being made for one session alone goes with the request.
 * - A frozen machine stays frozen. One that was being put back is taken as it is found, put back or not.
 * - The deletion of a pool is finished: its sessions end.
 * - Machines of this installation that the store does not know are ended; all others are not ours to touch.
 */
export async function recover(
  core: Core,
  watch: BackendWatch,
  fleet: Fleet,
  life: SessionLife,
  supervisor: Supervisor,
  interventions: Interventions,
): Promise<void> {
  const { logger, backends } = core.options;
  core.commit('recover', () => {
    for (const row of core.sessions.live()) if (row.status === 'queued') core.sessions.remove(row.sessionId);
    for (const row of core.machines.all()) {
      if (row.forSession !== null && ['creating', 'starting', 'ready'].includes(row.state))
        core.moveMachine(row.machineId, 'discard', { reason: 'Wheelhouse was restarted before its session had it.' });
      else if (row.state === 'ready')
        core.moveMachine(row.machineId, 'recheck', { reason: 'Wheelhouse was restarted.' });
    }
  });
  life.finishReleases();

  await watch.lookAll();
  for (const row of core.sessions.live()) {
    if (isAway(row.status)) {
      life.foundAway(row);
      continue;
    }
    const machine = row.machineId === null ? undefined : core.machines.get(row.machineId);
    if (machine?.state !== 'leased' || machine.sessionId !== row.sessionId) {
      life.fail(row.sessionId, 'Its machine was not there any more when Wheelhouse started.');
      continue;
    }
    const backend = watch.backend(machine.backend);
    if (!backend) {
      life.fail(row.sessionId, `This computer has no ${machine.backend} backend any more.`);
      continue;
    }
    logger.info({ sessionId: row.sessionId, machineId: machine.machineId }, 'session re-adopted');
    const stops = machine.frozen || backend.parks === true || backend.checkpoints !== undefined;
    if (stops) interventions.resume({ ...machine, sessionId: row.sessionId }, backend);
    else fleet.links.reopen(machine.machineId, core.limits.adoptMs, 'Wheelhouse was restarted.');
    life.opened(row);
  }
  life.endOrphans();
  for (const kind of backends.keys()) if (watch.reachable(kind)) await supervisor.observe(kind);
}
