import type { ControlState } from '@shared/control';
import { assertNever } from '../base/errors';
import type { HelpState } from './helpDesk';

/** "1 min 48 s", "3 s". */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  return minutes === 0 ? `${seconds} s` : `${minutes} min ${seconds % 60} s`;
}

/** Who holds control, and what the agent does next, in words. */
export function controlSentence(state: ControlState, help: readonly HelpState[] = []): string {
  return [...help.map(helpSentence), holdSentence(state)].join(' ');
}

function holdSentence(state: ControlState): string {
  const who = state.holder ?? 'A person';
  switch (state.kind) {
    case 'agent':
      return 'You hold control.';
    case 'requested':
    case 'draining':
      return `${who} is taking control. Call await_control to wait for the hand-back.`;
    case 'human':
      return `${who} has held control since ${state.since}. Call await_control to wait for the hand-back.`;
    case 'handback':
      return `${who} is handing control back. Call await_control.`;
    case 'paused':
      if (state.pausedBy) {
        return `${state.pausedBy} has stopped this desktop since ${state.since}: nothing runs on it and nobody acts. Call await_control to wait until it goes on.`;
      }
      return `The desktop has been paused since ${state.since}: nobody acts. Call await_control to wait until it goes on.`;
    default:
      return assertNever(state.kind);
  }
}

function helpSentence(help: HelpState): string {
  const who = help.answeredBy ?? 'A person';
  switch (help.state) {
    case 'waiting':
      return `Nobody has answered your call for help yet${help.deadline ? `; it stays open until ${help.deadline}` : ''}. Call await_control to go on waiting.`;
    case 'taken':
      return `${who} has come to help. Call await_control: it answers when you have control again.`;
    case 'answered':
      return help.answer
        ? `${who} answered your call for help: “${help.answer}”`
        : `${who} answered your call for help.`;
    case 'expired':
      return 'Nobody came before the deadline of your call for help. Go on without, if that is safe, or stop and say so.';
    case 'withdrawn':
      return 'Your call for help was withdrawn.';
    default:
      return assertNever(help.state);
  }
}
