import type { Bus } from '../base/bus';
import type { AttentionQueue } from '../control/types';

/** A quarantined machine waits for a person's look; one call a machine. Returns the disposer. */
export function watchMachines(bus: Bus, attention: AttentionQueue): () => void {
  const asked = new Set<string>();
  return bus.on((event) => {
    if (event.event !== 'machine') return;
    const { machineId, poolId, state, reason } = event.data;
    if (state !== 'quarantined') return void asked.delete(machineId);
    if (asked.has(machineId)) return;
    asked.add(machineId);
    attention.ask({
      kind: 'machine',
      sessionId: null,
      poolId,
      title: `Machine ${machineId} was set aside`,
      why: reason ?? 'It failed a check.',
      urgency: 'later',
      deadlineMs: null,
    });
  });
}
