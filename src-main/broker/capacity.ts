import type { CapacityLimits } from '@shared/capacity';
import type { Size } from '@shared/pool';

/** What machines take of this computer: how many they are, and what their sizes say. */
export interface Taken {
  machines: number;
  memoryMiB: number;
  cpus: number;
}

export const nothing: Taken = { machines: 0, memoryMiB: 0, cpus: 0 };
const kinds = ['machines', 'memoryMiB', 'cpus'] as const;
/** Cores come in quarters, and sums of them are exact; this is for sizes that somebody wrote as 0.3. */
const crumb = 1e-6;

export const plus = (a: Taken, b: Taken, times = 1): Taken => ({
  machines: a.machines + times * b.machines,
  memoryMiB: a.memoryMiB + times * b.memoryMiB,
  cpus: a.cpus + times * b.cpus,
});

/** What one machine of this size takes. */
export const costOf = ({ memoryMiB, cpus }: Pick<Size, 'memoryMiB' | 'cpus'>): Taken => ({
  machines: 1,
  memoryMiB,
  cpus,
});

export const takenBy = (machines: readonly { size: Size }[]): Taken =>
  machines.reduce((sum, { size }) => plus(sum, costOf(size)), nothing);

/** The limits that this much does not keep to. */
export const beyond = (limits: CapacityLimits, taken: Taken): (keyof Taken)[] =>
  kinds.filter((kind) => {
    const limit = limits[kind];
    return limit !== null && taken[kind] > limit + crumb;
  });
export const fits = (limits: CapacityLimits, taken: Taken): boolean => beyond(limits, taken).length === 0;

/** The largest part that this takes of any one limit: what pools are compared by when their machines differ in size. */
export const partOf = (limits: CapacityLimits, taken: Taken): number =>
  Math.max(0, ...kinds.map((kind) => taken[kind] / (limits[kind] ?? Infinity)));

/**
 * What holds while nobody set anything. A machine's size is a cap, not a reservation: a desktop at rest uses a fraction
 * of its memory and hardly any processor time, so that adding up caps to the computer's own memory would leave most of it
 * unused. Twice the memory (MiB) still ends before desktops that all fill up would; processors are shared by the kernel
 * fairly and only get slower, so that they have no limit; a hundred machines is what one broker is measured with.
 */
export const defaultCapacity = (host: { memoryMiB: number }): CapacityLimits => ({
  machines: 100,
  memoryMiB: Math.max(256, 2 * host.memoryMiB),
  cpus: null,
});

/** One pool's part in the computer: what it has, and what it would have if nobody else were there. */
export interface Claim {
  poolId: string;
  /** One more machine of this pool. */
  cost: Taken;
  /** Nobody may take these: leased machines, those made for one session, failed ones that somebody keeps. */
  held: Taken;
  /** Ready for anybody or on the way to it; `ready` of them could be given up now. */
  warm: Taken;
  ready: number;
  /** Failed ones that wait for a look, and go when their place is needed. */
  failed: Taken;
  /** On their way out: they take their place until they are gone. */
  leaving: Taken;
  /** Machines wanted for one session alone: no warm one will do. */
  own: number;
  /** Callers without a machine, machines to keep ready, and more ahead of those who are expected. */
  waiting: number;
  minimum: number;
  ahead: number;
  /** The most that may exist. */
  maximum: number;
  /** False: whatever it wants, no machine can be made now. */
  mayCreate: boolean;
}

export interface Allotment {
  /** Machines that it may have, those it holds included, while others want theirs too. */
  share: number;
  /** Machines that it may begin to make now. */
  room: number;
  /** Beside its share there is place for one more, for as long as nobody wants it. */
  spare: boolean;
  /** Machines nobody has, failed ones first, that it is to end: others' callers need the place, or limits were lowered. */
  give: number;
  /** It wants more than its share: this computer's limits stand in its way. */
  short: boolean;
}

export interface Division {
  pools: Map<string, Allotment>;
  /** Somebody wants more than there is. */
  scarce: boolean;
}

interface Wish {
  claim: Claim;
  /** What it has at the start. */
  have: Taken;
  want: number;
  /** How many of those wanted first are for callers who wait. */
  urgent: number;
  got: number;
}

const sum = (claims: readonly Claim[], ...of: ('held' | 'warm' | 'failed' | 'leaving')[]): Taken =>
  claims.reduce((all, claim) => of.reduce((one, what) => plus(one, claim[what]), all), nothing);

/**
 * Gives machines one by one, always to whoever has the smallest part and wants one that fits: max-min fair. `callersFirst`:
 * those with callers who wait go before all others, and one that does not fit yet is kept its place; otherwise callers
 * only decide between equals. The order of the claims decides what is left.
 */
function fill(limits: CapacityLimits, start: Taken, wishes: readonly Wish[], callersFirst: boolean): Taken {
  const open = new Set(wishes.filter((wish) => wish.want > 0));
  const everything = wishes.reduce((all, { claim, want }) => plus(all, claim.cost, Math.max(0, want)), start);
  if (fits(limits, everything)) {
    for (const wish of open) wish.got = wish.want;
    return everything;
  }
  let taken = start;
  while (open.size > 0) {
    let next: Wish | undefined;
    let best = [0, 0];
    for (const wish of open) {
      const part = partOf(limits, plus(wish.have, wish.claim.cost, wish.got));
      const calm = wish.got < wish.urgent ? 0 : 1;
      const rank = callersFirst ? [calm, part] : [part, calm];
      const [a = 0, b = 0] = rank;
      const [c = 0, d = 0] = best;
      if (!next || a < c - 1e-9 || (Math.abs(a - c) <= 1e-9 && b < d - 1e-9)) [next, best] = [wish, rank];
    }
    if (!next) break;
    const after = plus(taken, next.claim.cost);
    if (fits(limits, after)) {
      taken = after;
      next.got += 1;
      if (next.got >= next.want) open.delete(next);
    } else {
      if (callersFirst) for (let n = next.got; n < next.urgent; n++) taken = plus(taken, next.claim.cost);
      open.delete(next);
    }
  }
  return taken;
}

/**
 * Divides this computer between pools. Shares are max-min fair over what pools hold and want (callers and minimum first,
 * what is ahead of demand from the rest), a pool's part being what it takes of the scarcest limit. Nobody is allotted
 * beyond the limits, nothing is left while somebody wants it, and what is leased is never asked for. Whether a warm
 * machine is given up depends on callers alone, never on another pool's wish to have one warm: pools don't take
 * machines from each other back and forth. Pure; the order of the claims is the tie-breaker.
 */
export function divide(limits: CapacityLimits, claims: readonly Claim[]): Division {
  const base = sum(claims, 'held');
  const first: Wish[] = claims.map((claim) => {
    const most = Math.max(0, claim.maximum - claim.held.machines);
    const wish = Math.min(most, claim.own + claim.waiting + claim.minimum);
    const want = claim.mayCreate ? wish : Math.min(wish, claim.warm.machines);
    return { claim, have: claim.held, want, urgent: Math.min(claim.own + claim.waiting, want), got: 0 };
  });
  const settled = fill(limits, base, first, false);
  const second: Wish[] = first.map(({ claim, got, want }) => {
    const most = claim.maximum - claim.held.machines - want;
    const more = got < want || !claim.mayCreate ? 0 : Math.max(0, Math.min(claim.ahead, most));
    return { claim, have: plus(claim.held, claim.cost, got), want: more, urgent: 0, got: 0 };
  });
  const all = fill(limits, settled, second, false);

  const granted = first.map(({ got }, index) => got + (second[index]?.got ?? 0));
  /** Of these, machines that anybody may have. */
  const shared = claims.map(({ own }, index) => Math.max(0, (granted[index] ?? 0) - own));
  const rooms: Wish[] = claims.map((claim, index) => {
    const own = (granted[index] ?? 0) - (shared[index] ?? 0);
    const want = claim.mayCreate ? own + Math.max(0, (shared[index] ?? 0) - claim.warm.machines) : 0;
    const urgent = Math.min(want, own + Math.max(0, claim.waiting - claim.warm.machines));
    return { claim, have: plus(claim.held, claim.warm), want, urgent, got: 0 };
  });
  const present = sum(claims, 'held', 'warm', 'failed', 'leaving');
  const now = fill(limits, present, rooms, true);
  const gives = giving(limits, claims, shared, rooms);

  const pools = new Map<string, Allotment>();
  claims.forEach((claim, index) => {
    const { got = 0, want = 0 } = first[index] ?? {};
    pools.set(claim.poolId, {
      share: claim.held.machines + (granted[index] ?? 0),
      room: rooms[index]?.got ?? 0,
      spare: fits(limits, plus(all, claim.cost)) && fits(limits, plus(now, claim.cost)),
      give: gives[index] ?? 0,
      short: got < want,
    });
  });
  return { pools, scarce: first.some(({ got, want }) => got < want) };
}

/**
 * Who ends what, by index. Above the limits: as many as it takes. For others: one in a pass, and only when what is
 * leaving anyway is not enough; failed ones for anybody who is below their share, warm ones only for callers.
 */
function giving(
  limits: CapacityLimits,
  claims: readonly Claim[],
  shared: readonly number[],
  rooms: readonly Wish[],
): number[] {
  const gives = claims.map(() => 0);
  const left = claims.map((claim) => ({ failed: claim.failed.machines, ready: claim.ready - claim.waiting }));
  let staying = sum(claims, 'held', 'warm', 'failed');
  const surplus = (claim: Claim, index: number): boolean => {
    const may = plus(nothing, claim.cost, shared[index] ?? 0);
    const { warm } = claim;
    const ended = (gives[index] ?? 0) - (claim.failed.machines - (left[index]?.failed ?? 0));
    return kinds.some((kind) => warm[kind] - (ended * warm[kind]) / Math.max(1, warm.machines) > may[kind] + crumb);
  };
  /** The pool with the largest part that can; failed machines before warm ones. False: nobody can. */
  const giveOne = (warmToo: boolean): boolean => {
    for (const what of warmToo ? (['failed', 'ready'] as const) : (['failed'] as const)) {
      let from = -1;
      let largest = -1;
      claims.forEach((claim, index) => {
        if ((left[index]?.[what] ?? 0) <= 0 || (what === 'ready' && !surplus(claim, index))) return;
        const part = partOf(limits, plus(claim.held, claim.warm));
        if (part > largest + 1e-9) [from, largest] = [index, part];
      });
      const [claim, rest] = [claims[from], left[from]];
      if (!claim || !rest) continue;
      const one = what === 'failed' ? claim.failed : claim.warm;
      staying = plus(staying, one, -1 / Math.max(1, one.machines));
      gives[from] = (gives[from] ?? 0) + 1;
      rest[what] -= 1;
      return true;
    }
    return false;
  };

  while (!fits(limits, staying) && giveOne(true));
  const soon = rooms.map((wish) => ({ ...wish, got: 0 }));
  fill(limits, staying, soon, true);
  if (gives.every((give) => give === 0)) {
    if (soon.some(({ got, urgent }) => got < urgent)) giveOne(true);
    else if (soon.some(({ got, want }) => got < want)) giveOne(false);
  }
  return gives;
}
