import type { Lease } from './lease';
import { endHold, holderOf, paused, same, type Effect, type Step } from './leaseParts';

const fact = (tool: string, by: string, words: string): Effect => ({ kind: 'fact', tool, by, words, arguments: {} });

/** Stop-everything reaches this session: whoever acts, nobody does from here on, and its processors stop. */
export function stopped(lease: Lease, by: string, now: number): Step {
  if (lease.kind === 'paused' && lease.frozen) return same(lease);
  const epoch = lease.epoch + 1;
  const holder = lease.kind === 'paused' ? lease.holder : holderOf(lease);
  const was = lease.kind === 'paused' ? 'paused' : holder === null ? 'agent' : 'human';
  return {
    state: paused(lease, now, {
      epoch,
      by,
      holder,
      basis: endHold(lease.basis, now),
      frozen: true,
      stopped: was,
    }),
    effects: [{ kind: 'freeze', epoch }, fact('control.stop', by, `**${by}** stopped everything`)],
  };
}

/** What stop-everything stopped goes on as it was: the agent's with the agent, a person's with that person. */
export function wentOn(lease: Lease, by: string, now: number): Step {
  if (lease.kind !== 'paused' || lease.stopped === null) return same(lease);
  const epoch = lease.epoch + 1;
  const effects: Effect[] = [{ kind: 'fence', epoch }, fact('control.go_on', by, `**${by}** let everything go on`)];
  const { basis, holder } = lease;
  if (lease.stopped === 'human' && holder !== null) {
    return { state: { kind: 'requested', epoch, since: now, basis, holder, from: null, via: 'resume' }, effects };
  }
  if (lease.stopped === 'agent') return { state: { kind: 'handback', epoch, since: now, basis, by }, effects };
  return { state: paused(lease, now, { epoch, holder }), effects };
}
