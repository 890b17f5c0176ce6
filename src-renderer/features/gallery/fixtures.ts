import type { Action, Attention } from '@shared/action';
import type { Checkpoint } from '@shared/checkpoint';
import type { ControlState } from '@shared/control';
import type { Session } from '@shared/session';

/** Made-up state for the gallery: one value of everything that the components can be asked to show. */
export const me = 'You';
export const now = Date.parse('2026-11-20T14:26:08.000Z');
export const at = (secondsAgo: number) => new Date(now - secondsAgo * 1000).toISOString();

export function session(patch: Partial<Session> = {}, control: Partial<ControlState> = {}): Session {
  return {
    sessionId: 'gallery-session',
    poolId: 'desktop',
    computerId: 'computer',
    machineId: 'machine',
    status: 'active',
    name: 'Refund batch 14',
    agent: 'Claude Code',
    caller: 'Claude Code, laptop',
    createdAt: at(1440),
    lastActivityAt: at(2),
    endedAt: null,
    expiresAt: at(-1100),
    reason: null,
    labels: {},
    control: {
      kind: 'agent',
      holder: null,
      since: at(134),
      epoch: 3,
      private: false,
      lapsesAt: null,
      lapseReason: null,
      askedBy: null,
      ...control,
    },
    ...patch,
  };
}

export function checkpoint(patch: Partial<Checkpoint> = {}): Checkpoint {
  return {
    checkpointId: 'checkpoint',
    sessionId: 'gallery-session',
    name: 'Signed in, list open',
    cause: 'agent',
    createdBy: 'Claude Code',
    createdAt: at(840),
    state: 'ready',
    reason: null,
    bytes: 271 * 1024 ** 2,
    frame: null,
    afterActionId: null,
    ...patch,
  };
}

export const help: Attention = {
  id: 'help',
  kind: 'help',
  sessionId: 'gallery-session',
  poolId: null,
  title: 'Refund batch 14 asks for a person',
  why: 'It asks if I am a person.',
  urgency: 'now',
  at: at(108),
  deadline: null,
  state: 'waiting',
  answeredBy: null,
  answer: null,
  personNote: 'The code is 419 207',
};

export function action(id: string, words: string, patch: Partial<Action> = {}): Action {
  return {
    id,
    sessionId: 'gallery-session',
    at: at(300),
    actor: { kind: 'agent', name: 'Claude Code' },
    epoch: 3,
    tool: 'click',
    arguments: {},
    words,
    outcome: 'done',
    code: null,
    message: null,
    durationMs: 400,
    point: null,
    frameBefore: null,
    frameAfter: null,
    previousHash: '',
    hash: '',
    outcomeHash: null,
    ...patch,
  };
}

const held = { actor: { kind: 'human' as const, name: me } };

/** Every state of the control bar, under the name of what it shows. */
export const barStates: readonly { name: string; session: Session; latest?: Action; help?: Attention }[] = [
  { name: 'Agent', session: session(), latest: action('l', 'Typed **6 characters** in Note to the customer') },
  { name: 'Taking', session: session({}, { kind: 'draining', holder: me }) },
  { name: 'You', session: session({}, { kind: 'human', holder: me }) },
  { name: 'Asked for', session: session({}, { kind: 'human', holder: me, askedBy: 'Mara K.' }) },
  { name: 'No input', session: session({}, { kind: 'human', holder: me, lapsesAt: at(-70), lapseReason: 'idle' }) },
  { name: 'Grace', session: session({}, { kind: 'human', holder: me, lapsesAt: at(-21), lapseReason: 'grace' }) },
  { name: 'Handing back', session: session({}, { kind: 'handback' }) },
  { name: 'Other', session: session({}, { kind: 'human', holder: 'Mara K.' }) },
  { name: 'Other, asked', session: session({}, { kind: 'human', holder: 'Mara K.', askedBy: me }) },
  {
    name: 'Other, lost',
    session: session({}, { kind: 'human', holder: 'Mara K.', lapsesAt: at(-21), lapseReason: 'grace' }),
  },
  { name: 'Paused', session: session({}, { kind: 'paused' }) },
  { name: 'Stopped', session: session({ frozen: true }, { kind: 'paused', pausedBy: me }) },
  { name: 'Nobody', session: session({ lastActivityAt: at(680) }) },
  { name: 'Suspended', session: session({ status: 'idle', suspendedAt: at(2700), machineId: null }) },
  { name: 'Resuming', session: session({ status: 'acquiring', suspendedAt: at(2700), machineId: null }) },
  { name: 'Queued', session: session({ status: 'queued', machineId: null, queue: { place: 2, waiting: 3 } }) },
  { name: 'Help', session: session(), help },
  { name: 'Starting', session: session({ status: 'acquiring' }) },
  {
    name: 'Failed',
    session: session({
      status: 'failed',
      endedAt: at(60),
      reason: 'The machine failed at 14:25. The agent gets a new one',
    }),
  },
  { name: 'Released', session: session({ status: 'released', endedAt: at(60) }) },
];

export const story: readonly Action[] = [
  action('1', 'Took control', { ...held, tool: 'control.take', at: at(1300) }),
  action('2', 'Handed back', {
    ...held,
    tool: 'control.release',
    at: at(1192),
    arguments: { note: 'Signed in with the code. The refund list is open.' },
  }),
  ...['3', '4', '5'].map((id) => action(id, 'Looked at the screen', { tool: 'take_screenshot' })),
  action('6', 'Ran **python3 tally.py**', { tool: 'execute_shell_command', code: 'exit 0', durationMs: 1800 }),
  action('7', 'Clicked **Refund…**', { durationMs: 300 }),
  action('8', 'Started **mousepad**', { outcome: 'failed', message: 'Nothing is called mousepad' }),
  action('9', 'Asked for a person', {
    tool: 'request_human',
    arguments: { why: 'The shop asks for a code from a phone.' },
  }),
  action('10', 'Took control', { actor: { kind: 'human', name: 'Mara K.' }, tool: 'control.take', at: at(250) }),
  action('11', 'Clicked **Note to the customer**', { actor: { kind: 'human', name: 'Mara K.' } }),
  action('12', 'Clicked **Issue refund**', { outcome: 'refused', message: 'Click refused: Mara K. holds control' }),
  action('13', 'Waited for control', { tool: 'await_control', outcome: 'pending' }),
  action('14', 'Paused', { actor: { kind: 'broker', name: 'broker' }, tool: 'control.lapse', at: at(120) }),
  action('15', 'Typed **31 characters**', { outcome: 'pending' }),
];

/** A checkpoint, what was undone after it, and the way back. */
export const rewindStory: readonly Action[] = [
  action('15a', 'Clicked **Exports**', { durationMs: 300 }),
  action('16', `**${me}** saved checkpoint “List open”`, {
    actor: { kind: 'human', name: me },
    tool: 'checkpoint.create',
    arguments: { checkpointId: 'checkpoint', afterActionId: '13' },
  }),
  action('17', 'Clicked **Delete all**', { durationMs: 300 }),
  action('18', 'Ran **rm -r exports**', { tool: 'execute_shell_command', code: 'exit 0', durationMs: 140 }),
  action('19', `**${me}** went back to checkpoint “List open”: 3 minutes and 2 actions undone`, {
    actor: { kind: 'human', name: me },
    tool: 'checkpoint.restore',
    arguments: { checkpointId: 'checkpoint', afterActionId: '16' },
  }),
  action('20', 'Clicked **Archive**', { durationMs: 420 }),
  action('21', 'Saved a checkpoint', {
    tool: 'checkpoint_create',
    outcome: 'failed',
    message: 'No space left on the disk. Free 300 MB, then save again.',
  }),
  action('22', 'Rewound to **List open**', {
    actor: { kind: 'human', name: 'Mara K.' },
    tool: 'checkpoint.restore',
    outcome: 'pending',
    arguments: { checkpointId: 'checkpoint', afterActionId: '16' },
  }),
];
