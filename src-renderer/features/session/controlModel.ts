import type { Action, Attention } from '@shared/action';
import type { Session } from '@shared/session';
import { clock, timeOfDay, age } from '../../lib/clock';
import type { Role } from '../../lib/roles';
import { assertNever } from '../../lib/assertNever';
import { rowWords } from '../timeline/model';
import { isResuming, isSuspended, queueWords, suspendedSince } from './lifeModel';

/** What the bar may offer; each is one button and one command. */
export type BarAction =
  | 'take'
  | 'takeAdmin'
  | 'handback'
  | 'cancel'
  | 'give'
  | 'keepFromAsker'
  | 'keepIdle'
  | 'ask'
  | 'pause'
  | 'resume'
  | 'answer'
  | 'stop';

export type FlagIcon =
  | 'agent'
  | 'you'
  | 'other'
  | 'wait'
  | 'hourglass'
  | 'lost'
  | 'paused'
  | 'stopped'
  | 'nobody'
  | 'asleep'
  | 'help'
  | 'gone'
  | 'ended';

/** One state of the control bar: who acts, in a colour, an icon and a sentence; what can be done about it. */
export interface BarState {
  role: Role;
  icon: FlagIcon;
  flag: string;
  /** May hold ** marks. `clock` stands after it in the role's colour. */
  sentence: string;
  clock: string | null;
  /** The elapsed time of one's own hold, before the sentence. */
  held: string | null;
  /** True when the sentence tells where the keys go; the view adds the hint. */
  keys: boolean;
  actions: readonly BarAction[];
}

export interface BarInput {
  session: Session;
  me: string;
  latest: Action | undefined;
  /** The open call for help of this session. */
  help: Attention | undefined;
  now: number;
  /** The checkpoint that the machine is being put back to just now. */
  goingBack?: string | null;
  /** The machine was put back since `latest`. */
  rewound?: boolean;
  /** Its pool suspends idle sessions instead of releasing them. */
  suspends?: boolean;
}

/** Below this the end of an idle hold is announced with its countdown. */
const warnMs = 2 * 60_000;
/** An agent that has not called for this long is not acting. */
const quietMs = 60_000;

const bar = (state: Partial<BarState> & Pick<BarState, 'role' | 'icon' | 'flag'>): BarState => ({
  sentence: '',
  clock: null,
  held: null,
  keys: false,
  actions: [],
  ...state,
});

const until = (iso: string | null, now: number): number | null => (iso === null ? null : Date.parse(iso) - now);

function endedBar(session: Session): BarState {
  switch (session.status) {
    case 'failed':
      return bar({
        role: 'trouble',
        icon: 'gone',
        flag: 'The desktop is gone',
        sentence: session.reason ?? 'The machine failed. The agent gets a new one when it asks',
      });
    case 'expired':
      return bar({
        role: 'nobody',
        icon: 'ended',
        flag: 'Session expired',
        sentence: session.reason ?? 'It was idle for too long',
      });
    default:
      return bar({
        role: 'nobody',
        icon: 'ended',
        flag: 'Session ended',
        sentence: session.reason ?? 'The desktop was released. What happened stays in the timeline',
      });
  }
}

function mineBar(session: Session, now: number): BarState {
  const { control } = session;
  const left = until(control.lapsesAt, now);
  if (control.askedBy) {
    return bar({
      role: 'you',
      icon: 'you',
      flag: 'You have the wheel',
      sentence: `${control.askedBy} asks for it`,
      actions: ['give', 'keepFromAsker', 'handback'],
    });
  }
  if (control.lapseReason === 'grace' && left !== null) {
    return bar({
      role: 'you',
      icon: 'lost',
      flag: 'You have the wheel',
      sentence: 'Connection lost. Paused in',
      clock: clock(left),
      actions: ['keepIdle', 'handback'],
    });
  }
  if (control.lapseReason === 'idle' && left !== null && left <= warnMs) {
    return bar({
      role: 'you',
      icon: 'hourglass',
      flag: 'You have the wheel',
      sentence: 'No input for a while. Paused in',
      clock: clock(left),
      actions: ['keepIdle', 'handback'],
    });
  }
  return bar({
    role: 'you',
    icon: 'you',
    flag: 'You have the wheel',
    held: clock(now - Date.parse(control.since)),
    keys: true,
    actions: ['handback'],
  });
}

function othersBar(session: Session, me: string, now: number): BarState {
  const { control } = session;
  const name = control.holder ?? 'Somebody';
  const left = until(control.lapsesAt, now);
  if (control.lapseReason === 'grace' && left !== null) {
    return bar({
      role: 'other',
      icon: 'lost',
      flag: `${name} has the wheel`,
      sentence: 'Connection lost. Paused in',
      clock: clock(left),
      actions: ['takeAdmin'],
    });
  }
  if (control.askedBy === me) {
    return bar({
      role: 'other',
      icon: 'other',
      flag: `${name} has the wheel`,
      sentence: `You asked for it, ${name} sees that`,
      actions: ['takeAdmin'],
    });
  }
  return bar({
    role: 'other',
    icon: 'other',
    flag: `${name} has the wheel`,
    sentence: `since ${timeOfDay(control.since)}, you only watch`,
    actions: ['ask', 'takeAdmin'],
  });
}

function agentBar({ session, me, latest, help, now, rewound, suspends }: BarInput): BarState {
  if (help) {
    return bar({
      role: 'trouble',
      icon: 'help',
      flag: 'Agent needs help',
      sentence: `“${help.why}”`,
      clock: `waits ${clock(now - Date.parse(help.at))}`,
      actions: ['stop', 'answer', 'take'],
    });
  }
  const idle = now - Date.parse(session.lastActivityAt);
  if (idle > quietMs && latest?.outcome !== 'pending') {
    const left = until(session.expiresAt, now);
    const release = left === null ? '' : suspends ? `, suspends in ${age(left)}` : `, released in ${age(left)}`;
    return bar({
      role: 'nobody',
      icon: 'nobody',
      flag: 'Nobody is acting',
      sentence: `Idle for ${clock(idle)}${release}`,
      actions: ['stop', 'pause', 'take'],
    });
  }
  if (session.agent === '' && latest === undefined) {
    return bar({
      role: 'nobody',
      icon: 'nobody',
      flag: 'Nobody is acting',
      sentence: 'No agent has called yet',
      actions: ['stop', 'pause', 'take'],
    });
  }
  return bar({
    role: 'agent',
    icon: 'agent',
    flag: 'Agent is acting',
    sentence:
      latest === undefined ? 'Has not acted yet' : rewound ? 'Has not acted since the rewind' : rowWords(latest, me),
    actions: ['stop', 'pause', 'take'],
  });
}

const pausedWords = (by: string | null, me: string) => (by === null ? 'Paused' : `Paused by ${by === me ? 'you' : by}`);

/** Nobody acts, and the machine's processors are stopped as well: time stands still inside. */
function stoppedBar({ session, me }: BarInput): BarState {
  const by = session.control.pausedBy ?? session.control.holder;
  return bar({
    role: 'nobody',
    icon: 'stopped',
    flag: by ? `Stopped by ${by === me ? 'you' : by}` : 'Stopped',
    sentence: `The computer stands still since ${timeOfDay(session.control.since)}`,
    actions: ['stop', 'resume', 'take'],
  });
}

/** No machine now: one is waited for, is on its way, or was put away with the session's home kept. */
function withoutMachine({ session, now }: BarInput): BarState | null {
  if (session.status === 'queued') {
    const place = queueWords(session);
    return bar({
      role: 'nobody',
      icon: 'wait',
      flag: 'Getting a desktop',
      sentence: `Waits for a free machine${place ? `. ${place}` : ''}`,
      actions: ['stop'],
    });
  }
  if (isResuming(session))
    return bar({
      role: 'nobody',
      icon: 'wait',
      flag: 'Resuming',
      sentence: 'A machine is on its way. Calls of the agent wait for it',
    });
  if (session.status === 'acquiring')
    return bar({
      role: 'nobody',
      icon: 'wait',
      flag: 'Getting a desktop',
      sentence: 'The machine is being handed out',
    });
  if (!isSuspended(session)) return null;
  return bar({
    role: 'nobody',
    icon: 'asleep',
    flag: 'Suspended',
    sentence: `Since ${suspendedSince(session, now)}. Its next call resumes it`,
    actions: ['stop', 'take'],
  });
}

/** Pure: the one place that says who acts, in words. */
export function controlBar(input: BarInput): BarState {
  const { session, me, now } = input;
  const { control } = session;
  if (session.endedAt !== null || session.status === 'releasing') return endedBar(session);
  const without = withoutMachine(input);
  if (without) return without;
  if (input.goingBack)
    return bar({
      role: 'nobody',
      icon: 'wait',
      flag: 'Going back',
      sentence: `To **${input.goingBack}**. Nobody acts until it is there`,
    });
  const mine = control.holder === me;
  switch (control.kind) {
    case 'agent':
      return agentBar(input);
    case 'requested':
    case 'draining':
      return mine
        ? bar({
            role: 'you',
            icon: 'wait',
            flag: 'You get the wheel',
            sentence: 'The agent finishes its call, at most 2 s',
            actions: ['cancel'],
          })
        : bar({
            role: 'other',
            icon: 'wait',
            flag: `${control.holder ?? 'Somebody'} gets the wheel`,
            sentence: 'The agent finishes its call, at most 2 s',
          });
    case 'human':
      return mine ? mineBar(session, now) : othersBar(session, me, now);
    case 'handback':
      return bar({
        role: mine ? 'you' : 'agent',
        icon: 'wait',
        flag: mine ? 'You hand back' : 'Agent gets the wheel',
        sentence: 'Held keys and buttons are let go',
      });
    case 'paused': {
      if (session.frozen) return stoppedBar(input);
      const by =
        control.holder === null
          ? pausedWords(control.pausedBy ?? null, me)
          : mine
            ? 'Paused, you held it'
            : `Paused, ${control.holder} held it`;
      return bar({
        role: 'nobody',
        icon: 'paused',
        flag: by,
        sentence: `The agent is told to wait, since ${timeOfDay(control.since)}`,
        actions: ['stop', 'resume', 'take'],
      });
    }
    default:
      return assertNever(control.kind);
  }
}

/** May this window's keys and pointer go to the machine? The relay asks the same question again, for every message. */
export function mayType(session: Session, me: string): boolean {
  return session.endedAt === null && session.control.kind === 'human' && session.control.holder === me;
}
