import { z } from 'zod';
import { rewoundSchema, type Rewound } from '@shared/control';
import { assertNever, WheelhouseError } from '../base/errors';
import { operatorMove, type OperatorEvent } from './leaseMoves';
import { endHold, paused, same, type Step } from './leaseParts';
import { stopped, wentOn } from './leaseStops';

const name = z.string();
const lapse = z.object({ at: z.number(), reason: z.enum(['grace', 'idle']) });

/** What the hand-back will be made of: from the first grant after the agent until the agent's return. */
const basis = z.object({
  by: name,
  since: z.number(),
  endedAt: z.number().nullable(),
  note: z.string(),
  frameBefore: z.string().nullable(),
  windowsBefore: z.array(z.string()).nullable(),
  /** The last checkpoint that the machine was put back to under this hold. */
  rewoundTo: rewoundSchema.nullable().default(null),
});
const common = { epoch: z.int().min(1), since: z.number(), basis: basis.nullable() };
const coming = { ...common, holder: name, from: name.nullable(), via: z.enum(['take', 'give', 'resume']) };

/**
 * Who may act, as a union on `kind`. Times are wall-clock milliseconds and only for people: no decision compares them,
 * so a clock that jumps ends nothing. `epoch` rises whenever the right to act leaves somebody, and so names a hold.
 * requested: new agent actions are refused, the intent is stored, the machine is being fenced; nothing to wait for.
 * draining: the same, and admitted actions are still finishing.
 * handback: on the way to the agent; nobody acts. paused: nobody acts; holder is whose hold lapsed into it. `frozen`:
 * somebody decided so, and the machine's processors are stopped too. `stopped`: by stop-everything, and what it was then.
 */
export const leaseSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('agent'), ...common }),
  z.object({ kind: z.literal('requested'), ...coming }),
  z.object({ kind: z.literal('draining'), ...coming }),
  z.object({ kind: z.literal('human'), ...common, holder: name, lapse: lapse.nullable(), askedBy: name.nullable() }),
  z.object({ kind: z.literal('handback'), ...common, by: name }),
  z.object({
    kind: z.literal('paused'),
    ...common,
    by: name.nullable(),
    holder: name.nullable(),
    lapse: lapse.nullable(),
    frozen: z.boolean().default(false),
    stopped: z.enum(['agent', 'human', 'paused']).nullable().default(null),
  }),
]);
export type Lease = z.infer<typeof leaseSchema>;
export type Basis = z.infer<typeof basis>;

/** Things that happen; the runner tells them. Those that carry an epoch are ignored when it is no longer the lease's. */
export type LeaseEvent =
  | OperatorEvent
  | { kind: 'draining'; epoch: number }
  | { kind: 'granted'; epoch: number; drainedMs: number }
  | { kind: 'returned'; epoch: number }
  | { kind: 'fenceFailed'; epoch: number }
  | { kind: 'looked'; since: number; frame: string | null; windows: string[] }
  | { kind: 'viewerLost'; by: string }
  | { kind: 'viewerBack'; by: string }
  | { kind: 'input'; by: string }
  | { kind: 'idle'; epoch: number }
  | { kind: 'lapsed'; epoch: number; at: number }
  | { kind: 'rewound'; to: Rewound }
  | { kind: 'stop'; by: string }
  | { kind: 'goOn'; by: string }
  | { kind: 'restarted' };

/** A hold or its grace ends this long after it was announced, in milliseconds. */
export const lapseAfterMs = { grace: 30_000, idle: 60_000 } as const;

export const freshLease = (now: number, epoch = 1): Lease => ({ kind: 'agent', epoch, since: now, basis: null });

/**
 * One move. Pure: returns the next state and what must be done for it. An operator's illegal move throws
 * control_held (somebody else holds; data names them) or conflict; events that come too late change nothing.
 */
export function transition(lease: Lease, event: LeaseEvent, now: number): Step {
  switch (event.kind) {
    case 'take':
    case 'release':
    case 'give':
    case 'request':
    case 'keep':
    case 'pause':
    case 'resume':
      return operatorMove(lease, event, now);
    case 'draining':
      if (lease.kind !== 'requested' || lease.epoch !== event.epoch) return same(lease);
      return { state: { ...lease, kind: 'draining' }, effects: [] };
    case 'granted':
      return granted(lease, event, now);
    case 'returned':
      if (lease.kind !== 'handback' || lease.epoch !== event.epoch) return same(lease);
      return { state: freshLease(now, lease.epoch), effects: [] };
    case 'fenceFailed':
      return fenceFailed(lease, event.epoch, now);
    case 'looked':
      if (lease.basis?.since !== event.since || lease.basis.windowsBefore) return same(lease);
      return {
        state: { ...lease, basis: { ...lease.basis, frameBefore: event.frame, windowsBefore: event.windows } },
        effects: [],
      };
    case 'viewerLost':
      if (lease.kind !== 'human' || lease.holder !== event.by || lease.lapse?.reason === 'grace') return same(lease);
      return { state: { ...lease, lapse: { at: now + lapseAfterMs.grace, reason: 'grace' } }, effects: [] };
    case 'viewerBack':
      return viewerBack(lease, event.by, now);
    case 'input':
      if (lease.kind !== 'human' || lease.holder !== event.by || !lease.lapse) return same(lease);
      return { state: { ...lease, lapse: null }, effects: [] };
    case 'idle':
      if (lease.kind !== 'human' || lease.epoch !== event.epoch || lease.lapse) return same(lease);
      return { state: { ...lease, lapse: { at: now + lapseAfterMs.idle, reason: 'idle' } }, effects: [] };
    case 'lapsed':
      return lapsed(lease, event, now);
    case 'rewound':
      return rewound(lease, event.to);
    case 'stop':
      return stopped(lease, event.by, now);
    case 'goOn':
      return wentOn(lease, event.by, now);
    case 'restarted':
      return restarted(lease, now);
    default:
      return assertNever(event);
  }
}

function granted(lease: Lease, event: { epoch: number; drainedMs: number }, now: number): Step {
  if ((lease.kind !== 'requested' && lease.kind !== 'draining') || lease.epoch !== event.epoch) return same(lease);
  const { holder, epoch, from, via } = lease;
  const fresh: Basis = {
    by: holder,
    since: now,
    endedAt: null,
    note: '',
    frameBefore: null,
    windowsBefore: null,
    rewoundTo: null,
  };
  const base = lease.basis ? { ...lease.basis, by: holder, endedAt: null } : fresh;
  const words = {
    take: `**${holder}** took control`,
    give: `**${from ?? 'Someone'}** gave control to **${holder}**`,
    resume: `**${holder}** came back and holds control again`,
  }[via];
  return {
    state: { kind: 'human', epoch, since: now, basis: base, holder, lapse: null, askedBy: null },
    effects: [
      {
        kind: 'fact',
        tool: via === 'give' ? 'control.give' : 'control.take',
        by: via === 'give' ? from : holder,
        words,
        arguments: {
          holder,
          drainedMs: event.drainedMs,
          ...(from && { from }),
          ...(via === 'resume' && { resumed: true }),
        },
      },
    ],
  };
}

/** The machine did not confirm that older input is shut out: then nobody gets it. */
function fenceFailed(lease: Lease, epoch: number, now: number): Step {
  if (lease.epoch !== epoch) return same(lease);
  if (lease.kind !== 'requested' && lease.kind !== 'draining' && lease.kind !== 'handback') return same(lease);
  const words = 'Paused: the machine did not answer the change of hands';
  return {
    state: paused(lease, now, { epoch, by: null, basis: endHold(lease.basis, now) }),
    effects: [{ kind: 'fact', tool: 'control.pause', by: null, words, arguments: { reason: 'fence' } }],
  };
}

function viewerBack(lease: Lease, by: string, now: number): Step {
  if (lease.kind === 'human' && lease.holder === by && lease.lapse) {
    return { state: { ...lease, lapse: null }, effects: [] };
  }
  if (lease.kind === 'paused' && lease.holder === by && lease.lapse) {
    const epoch = lease.epoch + 1;
    return {
      state: { kind: 'requested', epoch, since: now, basis: lease.basis, holder: by, from: null, via: 'resume' },
      effects: [{ kind: 'fence', epoch }],
    };
  }
  return same(lease);
}

function lapsed(lease: Lease, event: { epoch: number; at: number }, now: number): Step {
  if (lease.epoch !== event.epoch) return same(lease);
  if (lease.kind === 'paused' && lease.lapse?.at === event.at) {
    return { state: { ...lease, lapse: null, basis: endHold(lease.basis, now) }, effects: [] };
  }
  if (lease.kind !== 'human' || lease.lapse?.at !== event.at) return same(lease);
  const epoch = lease.epoch + 1;
  const why = lease.lapse.reason === 'idle' ? 'there was no input' : 'the viewer did not come back';
  const words = `**${lease.holder}**'s hold lapsed: ${why}. Nobody has control`;
  return {
    state: paused(lease, now, { epoch, by: null, holder: lease.holder, basis: endHold(lease.basis, now) }),
    effects: [
      { kind: 'fence', epoch },
      {
        kind: 'fact',
        tool: 'control.lapse',
        by: null,
        words,
        arguments: { holder: lease.holder, reason: lease.lapse.reason },
      },
    ],
  };
}

/** The agent's own admissions from before it are over; a person's hold goes on, and the agent will hear of it. */
function rewound(lease: Lease, to: Rewound): Step {
  if (lease.kind === 'agent') return { state: { ...lease, epoch: lease.epoch + 1 }, effects: [] };
  return lease.basis ? { state: { ...lease, basis: { ...lease.basis, rewoundTo: to } }, effects: [] } : same(lease);
}

/** After a crash. Viewers and admitted actions are gone with the old process; what was intended goes on. */
function restarted(lease: Lease, now: number): Step {
  const grace = { at: now + lapseAfterMs.grace, reason: 'grace' } as const;
  switch (lease.kind) {
    case 'agent':
      return same(lease);
    case 'requested':
    case 'draining':
    case 'human': {
      const words = `Wheelhouse started again: **${lease.holder}**'s hold is paused`;
      const epoch = lease.epoch + 1;
      return {
        state: paused(lease, now, { epoch, by: null, holder: lease.holder, lapse: grace }),
        effects: [
          {
            kind: 'fact',
            tool: 'control.pause',
            by: null,
            words,
            arguments: { holder: lease.holder, reason: 'restart' },
          },
        ],
      };
    }
    case 'handback':
      // the hand-back was intended: it is finished, under a new epoch, as far as it is known
      return { state: freshLease(now, lease.epoch + 1), effects: [] };
    case 'paused':
      return lease.lapse ? { state: { ...lease, lapse: grace }, effects: [] } : same(lease);
    default:
      return assertNever(lease);
  }
}

/** Why the agent may not act now, as the error it reads; null when it may. */
export function refusal(lease: Lease): WheelhouseError | null {
  const since = new Date(lease.since).toISOString();
  const next =
    'Call await_control to wait; afterwards take a fresh screenshot before you act: what you saw is out of date.';
  const data = { since, tool: 'await_control', state: lease.kind };
  switch (lease.kind) {
    case 'agent':
      return null;
    case 'requested':
    case 'draining':
    case 'human': {
      const message = `${lease.holder} has control of this computer since ${since}, so this was not done. ${next}`;
      return new WheelhouseError('control_held', message, { holder: lease.holder, ...data });
    }
    case 'handback': {
      const message = `${lease.by} is handing control back, so this was not done yet. ${next}`;
      return new WheelhouseError('control_held', message, { holder: lease.by, ...data });
    }
    case 'paused': {
      const who = lease.by
        ? `${lease.by} has ${lease.frozen ? 'stopped this computer' : 'paused this session'}`
        : 'This session is paused and nobody has control';
      const message = `${who} since ${since}, so this was not done. ${next}`;
      const { holder, by, frozen } = lease;
      return new WheelhouseError('control_paused', message, { holder, by, frozen, ...data });
    }
    default:
      return assertNever(lease);
  }
}
