import type { Condition } from '@shared/pool';

/** A pool's condition as agents may read it: what other pools are called, and have, is not theirs to know. */
export function forAgents<C extends Pick<Condition, 'reason' | 'message'>>(condition: C): C {
  if (condition.reason !== 'HostAtCapacity') return condition;
  return { ...condition, message: 'This computer has no room for a further machine just now.' };
}
