/** What callers were told, as data: after any death this must still be so. Pure. */
export interface Entry {
  key: string;
  /** Null until an acquire was answered. */
  told: { computerId: string; createdAt: string } | null;
  homeId: string | null;
  machineId: string | null;
  /** Asked and unanswered things that may have been done or not. */
  doubts: Set<'acquire' | 'release' | 'suspend' | 'resume' | 'take' | 'handBack'>;
  state: 'asked' | 'live' | 'suspended' | 'ended';
  /** Somebody did something to its machine: it may have failed. */
  hurt: boolean;
  /** Last text that its home was seen to hold, and those that were being written when the process died. */
  note: string;
  maybe: Set<string>;
  epoch: number;
  held: boolean;
  /** What happened to it, for a look at a failure. */
  story: string[];
}

export const newEntry = (key: string): Entry => ({
  ...{ key, told: null, homeId: null, machineId: null, doubts: new Set<never>(), state: 'asked', hurt: false },
  ...{ note: '', maybe: new Set<string>(), epoch: 0, held: false, story: [] },
});

export interface SessionSeen {
  status: string;
  computerId: string;
  createdAt: string;
  machineId: string | null;
  reason: string | null;
  home?: { homeId: string } | null;
  control: { kind: string; epoch: number };
}

/** What is wrong with a session as it is found after a death; null when nothing is. */
export function contradicts(entry: Entry, seen: SessionSeen | null): string | null {
  if (entry.told === null) return null;
  if (seen === null) return `it was acknowledged and is gone`;
  if (seen.computerId !== entry.told.computerId)
    return `its computer was ${entry.told.computerId}, now ${seen.computerId}`;
  if (entry.told.createdAt !== '' && seen.createdAt !== entry.told.createdAt) return 'it was made anew';
  const ended = ['released', 'failed', 'expired', 'releasing'].includes(seen.status);
  if (entry.state === 'ended') return ended ? null : `it was released, and is ${seen.status}`;
  if (ended) {
    if (entry.doubts.has('release') && seen.status !== 'failed') return null;
    return entry.hurt ? null : `it is ${seen.status}: ${seen.reason}`;
  }
  if (entry.homeId !== null && seen.home?.homeId !== entry.homeId)
    return `its home was ${entry.homeId}, now ${seen.home?.homeId}`;
  const moved = entry.doubts.has('suspend') || entry.doubts.has('resume') || entry.state === 'suspended';
  // Who was told of it may have died before asking which machine it has.
  const known = entry.machineId ?? seen.machineId;
  if (!moved && (seen.status !== 'active' || seen.machineId !== known))
    return `it was on ${entry.machineId}, and is ${seen.status} on ${seen.machineId}`;
  if (entry.state === 'suspended' && !entry.doubts.has('resume') && seen.status !== 'idle')
    return `it was suspended, and is ${seen.status}`;
  if (seen.control.epoch < entry.epoch) return `its epoch was ${entry.epoch}, now ${seen.control.epoch}`;
  // A hand-back that is under way is nobody's hold any more.
  const free = seen.control.kind === 'agent' || seen.control.kind === 'handback';
  if (entry.held && !entry.doubts.has('handBack') && free) return 'a person held control, and the agent has it now';
  if (!entry.held && !entry.doubts.has('take') && !free) return `nobody held control, and it is ${seen.control.kind}`;
  return null;
}
