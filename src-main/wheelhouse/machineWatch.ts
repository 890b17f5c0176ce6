import type { Bus } from '../base/bus';
import type { AttentionQueue } from '../control/types';

const titleOf = (machineId: string): string => `Machine ${machineId} was set aside`;

/**
 * A quarantined machine waits for a person's look: one call a machine, also across restarts, which is answered by
 * itself once the machine is gone. Returns the disposer.
 */
export function watchMachines(bus: Bus, attention: Pick<AttentionQueue, 'list' | 'ask' | 'answer'>): () => void {
  const openCall = (machineId: string) =>
    attention
      .list()
      .find((call) => call.kind === 'machine' && call.state === 'waiting' && call.title === titleOf(machineId));
  /** Those that may have a call: not every machine's every step is worth a look at the queue. */
  const setAside = new Set<string>();

  return bus.on((event) => {
    if (event.event !== 'machine') return;
    const { machineId, poolId, state, reason } = event.data;
    if (state === 'quarantined') {
      if (setAside.has(machineId)) return;
      setAside.add(machineId);
      if (openCall(machineId)) return;
      attention.ask({
        kind: 'machine',
        sessionId: null,
        poolId,
        title: titleOf(machineId),
        why: reason ?? 'It failed a check.',
        urgency: 'later',
        deadlineMs: null,
      });
    } else if (state === 'gone' || setAside.delete(machineId)) {
      setAside.delete(machineId);
      const call = openCall(machineId);
      if (call) attention.answer(call.id, 'Wheelhouse', 'The machine was replaced.');
    }
  });
}
