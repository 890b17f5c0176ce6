import type { MachineState } from '@shared/pool';
import { WheelhouseError } from '../base/errors';

/**
 * The life of a machine as data. In this version a reset is a replacement: a machine that was leased goes through
 * `resetting` to its end, and the pool makes a new one with a new identity. So nothing leads back to `ready` but a check.
 *
 * started: the backend made it. checked: agent and screen answered with its own identity. recheck: it must prove itself
 * again (broker or backend was away). discard: surplus, outdated or unwanted. broken: a check failed or it died.
 */
export const machineTransitions = {
  creating: { started: 'starting', broken: 'quarantined', discard: 'destroying' },
  starting: { checked: 'ready', broken: 'quarantined', discard: 'destroying' },
  ready: { lease: 'leased', recheck: 'starting', broken: 'quarantined', discard: 'destroying' },
  leased: { release: 'resetting', broken: 'quarantined' },
  resetting: { destroyed: 'gone' },
  quarantined: { discard: 'destroying' },
  destroying: { destroyed: 'gone' },
  gone: {},
} as const satisfies Record<MachineState, Partial<Record<string, MachineState>>>;

export type MachineEvent = {
  [S in MachineState]: keyof (typeof machineTransitions)[S];
}[MachineState];

/** The next state; conflict when the event is not for this state. */
export function nextMachineState(state: MachineState, event: MachineEvent): MachineState {
  const next = (machineTransitions[state] as Partial<Record<MachineEvent, MachineState>>)[event];
  if (!next)
    throw new WheelhouseError('conflict', `A machine that is ${state} can't take “${event}”.`, { state, event });
  return next;
}
