import type { MachineLook, MachineRun } from '@shared/machineLook';
import type { Machine, MachineTrouble } from '@shared/pool';
import { duration, timeOfDay } from '../../lib/clock';
import { capital } from '../../lib/words';

/** Each trouble in a word or two, what it means, and what can be done about it. */
export const troubleWords: Record<MachineTrouble, { word: string; means: string }> = {
  frozen: {
    word: 'Frozen',
    means:
      'Something outside Wheelhouse stopped its processors. Whoever stopped it can let it go on; nothing runs in it until then.',
  },
  dead: { word: 'Dead', means: 'It ended. Its last picture and its console may say why.' },
  silent: { word: 'Silent', means: 'It runs, and does not answer. A command may still get through.' },
  disk_full: { word: 'Disk full', means: 'It answers, and can write nothing. Look for what filled its disk.' },
  lying: {
    word: 'Not itself',
    means: 'It answered as another machine, or with something of an earlier session in it. It must not be used again.',
  },
  not_ready: { word: 'Never ready', means: 'It never passed its first check. Its console may say why.' },
};

/** "Quarantined", or "Leased, frozen" of one that is in trouble under its session. */
export const stateWords = ({ state, trouble }: Machine): string =>
  trouble && state !== 'quarantined'
    ? `${capital(state)}, ${troubleWords[trouble].word.toLowerCase()}`
    : capital(state);

/** What the table says of a machine that no session has. */
export function machineNote(machine: Machine, now: number): string {
  if (machine.state !== 'quarantined') return machine.reason ?? '';
  const word = machine.trouble ? troubleWords[machine.trouble].word : (machine.reason ?? 'Kept for a look');
  const kept = keptWords(machine, now);
  return kept ? `${word}, ${kept}` : word;
}

/** "kept until 15:24"; null for one whose place may be needed at any time. */
export function keptWords({ keptUntil }: Pick<Machine, 'keptUntil'>, now: number): string | null {
  if (!keptUntil) return null;
  return Date.parse(keptUntil) <= now ? 'goes now' : `kept until ${timeOfDay(keptUntil)}`;
}

/** Why no command can be run; null when one can. */
export function cannotRun(look: MachineLook): string | null {
  if (look.canRun) return null;
  if (look.machine.state !== 'quarantined')
    return 'Commands are run in quarantined machines only, which nobody will have again.';
  if (look.machine.trouble === 'frozen')
    return 'It stands still: nothing runs in it until whoever stopped it lets it go on.';
  return look.state === null
    ? 'Its backend does not know this machine any more, so nothing can run in it.'
    : 'Nothing can be run in it as it is.';
}

export type Line =
  { kind: 'command'; text: string } | { kind: 'output'; text: string } | { kind: 'end'; text: string; bad: boolean };

/** Lines kept on the screen; older ones go. */
const most = 400;

export interface Terminal {
  lines: readonly Line[];
  /** Commands, oldest first, for the arrow keys. */
  history: readonly string[];
  /** Where in the history one stands; its length is the empty line after it. */
  at: number;
  /** What was being typed before one went into the history. */
  draft: string;
}

export const emptyTerminal: Terminal = { lines: [], history: [], at: 0, draft: '' };

const add = (terminal: Terminal, ...lines: Line[]): Terminal => ({
  ...terminal,
  lines: [...terminal.lines, ...lines].slice(-most),
});

export function began(terminal: Terminal, command: string): Terminal {
  const history = terminal.history.at(-1) === command ? terminal.history : [...terminal.history, command].slice(-100);
  return { ...add(terminal, { kind: 'command', text: command }), history, at: history.length, draft: '' };
}

export function answered(terminal: Terminal, run: MachineRun): Terminal {
  const output = run.output.replace(/\n$/, '');
  const end =
    run.exitCode === null
      ? `Ended without an exit code after ${duration(run.durationMs)}`
      : `Exit ${run.exitCode}, ${duration(run.durationMs)}`;
  return add(terminal, ...(output === '' ? [] : [{ kind: 'output' as const, text: output }]), {
    kind: 'end',
    text: run.truncated ? `${end}. The rest was cut off` : end,
    bad: run.exitCode !== 0,
  });
}

export const refused = (terminal: Terminal, why: string): Terminal =>
  add(terminal, { kind: 'end', text: why, bad: true });

/** Arrow up and down through what was run; `typed` is what stands in the line now. Null where there is nothing further. */
export function recall(
  terminal: Terminal,
  typed: string,
  step: 'up' | 'down',
): { terminal: Terminal; text: string } | null {
  const at = terminal.at + (step === 'up' ? -1 : 1);
  if (at < 0 || at > terminal.history.length) return null;
  const draft = terminal.at === terminal.history.length ? typed : terminal.draft;
  return { terminal: { ...terminal, at, draft }, text: terminal.history[at] ?? draft };
}
