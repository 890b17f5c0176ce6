import type { Attention } from '@shared/action';

const order: Record<Attention['urgency'], number> = { now: 0, soon: 1, later: 2 };
export const urgencyWords: Record<Attention['urgency'], string> = { now: 'Now', soon: 'Soon', later: 'When you can' };
export const kindWords: Record<Attention['kind'], string> = {
  help: 'Call for help',
  machine: 'Unhealthy machine',
  hold: 'Hold about to lapse',
};

/** What waits or was taken, most urgent and then oldest first. */
export function queue(calls: readonly Attention[]): Attention[] {
  return calls
    .filter((each) => each.state === 'waiting' || each.state === 'taken')
    .toSorted((a, b) => order[a.urgency] - order[b.urgency] || a.at.localeCompare(b.at));
}

export function byUrgency(calls: readonly Attention[]): { urgency: Attention['urgency']; calls: Attention[] }[] {
  return (['now', 'soon', 'later'] as const)
    .map((urgency) => ({ urgency, calls: calls.filter((each) => each.urgency === urgency) }))
    .filter((group) => group.calls.length > 0);
}

/** Where J, K and N lead. `next` goes round and past what is already taken. */
export function move(calls: readonly Attention[], current: string | null, step: 'down' | 'up' | 'next'): string | null {
  const at = calls.findIndex((each) => each.id === current);
  if (calls.length === 0) return null;
  if (at < 0) return calls[0]?.id ?? null;
  if (step === 'down') return calls[Math.min(at + 1, calls.length - 1)]?.id ?? null;
  if (step === 'up') return calls[Math.max(at - 1, 0)]?.id ?? null;
  for (let by = 1; by <= calls.length; by += 1) {
    const candidate = calls[(at + by) % calls.length];
    if (candidate?.state === 'waiting') return candidate.id;
  }
  return calls[(at + 1) % calls.length]?.id ?? null;
}
