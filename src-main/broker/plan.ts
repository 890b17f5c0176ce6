import type { MachineState } from '@shared/pool';

export interface Desired {
  /** Ready machines to keep, and the most that may exist in any state, those leaving included. */
  minimum: number;
  maximum: number;
  /** Callers in the queue. */
  waiting: number;
  /** More ready ones than the minimum, for callers who are expected. */
  ahead?: number;
  paused: boolean;
  deleting: boolean;
}

export interface MachineView {
  machineId: string;
  state: MachineState;
  /** Of the image, size and backend that the pool asks for now. */
  fresh: boolean;
  /** Milliseconds in its state. */
  ageMs: number;
  /** Made for one session alone: it takes up a place, and is nobody else's. */
  taken?: boolean;
  /** Quarantined, and somebody said to keep it: only its pool's end, or their own word, discards it. */
  kept?: boolean;
}

export interface Observed {
  /** Oldest first. */
  machines: readonly MachineView[];
  /** The backend answers, has the image, and no failure asks to hold back. */
  mayCreate: boolean;
  /** Creates that may begin now. */
  slots: number;
  /** This computer's limits, where they matter: creates they allow now, whether a spare one fits, how many it must end. */
  room?: number;
  spare?: boolean;
  give?: number;
}

export interface Keep {
  /** Failed machines kept for a look: how many, how long. */
  quarantined: number;
  quarantinedMs: number;
}

export type PlanAction = { kind: 'create' } | { kind: 'discard'; machineId: string; reason: string };

/**
 * What to do next for one pool; applied again and again it leads from observed to desired. Pure. It never discards a
 * leased machine and never plans past `maximum`: a failed machine kept for a look, and then a warm one of an old image,
 * makes room when a new one is needed. An outdated pool is renewed one machine at a time, with a spare one first where
 * there is room, so that something is ready all the while.
 */
export function plan(desired: Desired, observed: Observed, keep: Keep): PlanAction[] {
  const inState = (...states: MachineState[]) =>
    observed.machines.filter((machine) => !machine.taken && states.includes(machine.state));
  const actions: PlanAction[] = [];
  const discarded = new Set<string>();
  const discard = (machine: MachineView, reason: string): void => {
    discarded.add(machine.machineId);
    actions.push({ kind: 'discard', machineId: machine.machineId, reason });
  };

  if (desired.deleting) {
    for (const machine of observed.machines)
      if (['creating', 'starting', 'ready', 'quarantined'].includes(machine.state))
        discard(machine, 'The pool was deleted.');
    return actions;
  }

  const quarantined = inState('quarantined').filter((machine) => !machine.kept);
  quarantined.forEach((machine, index) => {
    const newer = quarantined.length - 1 - index;
    if (newer >= keep.quarantined || machine.ageMs >= keep.quarantinedMs)
      discard(machine, 'It was kept for a look long enough.');
  });

  const ready = inState('ready');
  const coming = inState('creating', 'starting');
  const leaving = inState('resetting', 'destroying');
  const stale = ready.filter((machine) => !machine.fresh);
  const needed = desired.minimum + desired.waiting;
  const wanted = needed + (desired.ahead ?? 0);
  const { room: allowed = Infinity, spare = true } = observed;
  const existing = observed.machines.length;

  // Somebody lowered the maximum: warm machines leave, leased ones are left to end by themselves.
  let excess = existing - leaving.length - discarded.size - desired.maximum;
  for (const machine of [...quarantined, ...stale, ...ready]) {
    if (excess <= 0) break;
    if (discarded.has(machine.machineId)) continue;
    discard(machine, 'The pool is above its maximum.');
    excess -= 1;
  }
  let give = observed.give ?? 0;
  for (const machine of [...quarantined, ...stale, ...ready]) {
    if (give <= 0) break;
    give -= 1;
    if (!discarded.has(machine.machineId)) discard(machine, 'This computer’s limits need its place.');
  }

  const standing = ready.filter((machine) => !discarded.has(machine.machineId));
  const deficit = wanted - standing.length - coming.length;
  if (deficit > 0) {
    if (desired.paused || !observed.mayCreate) return actions;
    const room = Math.max(0, Math.min(desired.maximum - existing, allowed));
    const creates = Math.min(deficit, room, observed.slots);
    for (let n = 0; n < creates; n++) actions.push({ kind: 'create' });
    // What leaves now makes room for a create of a later pass.
    const urgent = needed - standing.length - coming.length;
    let short = urgent - Math.max(0, desired.maximum - existing) - leaving.length - discarded.size;
    for (const machine of quarantined) {
      if (short <= 0) break;
      if (discarded.has(machine.machineId)) continue;
      discard(machine, 'Its place is needed.');
      short -= 1;
    }
    // A full pool never gets to its minimum; what is outdated in it is renewed all the same.
    const outdated = stale.find((machine) => !discarded.has(machine.machineId));
    if (outdated && desired.waiting === 0 && room + coming.length + leaving.length + actions.length === 0)
      discard(outdated, 'The pool has a newer image, size or backend.');
    return actions;
  }

  // Those on their way don't count here: what is ready leaves only once its successor is ready too.
  const surplus = standing.length - wanted;
  if (surplus > 0) {
    const order = [...standing].sort((a, b) => Number(a.fresh) - Number(b.fresh));
    for (const machine of order.slice(0, surplus)) {
      discard(
        machine,
        machine.fresh ? 'More machines are ready than the pool keeps.' : 'The pool has a newer image, size or backend.',
      );
    }
    return actions;
  }

  const renewable = stale.find((machine) => !discarded.has(machine.machineId));
  if (
    renewable &&
    coming.length === 0 &&
    leaving.length === 0 &&
    actions.length === 0 &&
    observed.mayCreate &&
    !desired.paused
  ) {
    if (existing < desired.maximum && spare) {
      if (observed.slots > 0) actions.push({ kind: 'create' });
    } else discard(renewable, 'The pool has a newer image, size or backend.');
  }
  return actions;
}
