import type { Action } from '@shared/action';
import type { Checkpoint } from '@shared/checkpoint';
import { age, duration } from '../../lib/clock';
import type { Role } from '../../lib/roles';
import { capital, splitWords } from '../../lib/words';
import { checkpointFact, checkpointIdOf, type CheckpointFact } from './lineage';

/** What a change of hands says in the record, whoever wrote it and under which exact name. */
export type ControlFact = 'taken' | 'given' | 'handedBack' | 'paused' | 'stopped' | 'resumed' | 'lapsed' | 'other';

export type Row =
  /** `heldBy`: who had the wheel then, as far as the rows that are loaded tell. */
  | { kind: 'action'; key: string; action: Action; heldBy?: string | undefined; undone?: boolean }
  /** Reads in a row, of one kind, folded into one line. */
  | { kind: 'reads'; key: string; action: Action; actions: readonly Action[] }
  /** A checkpoint was saved, gone back to, branched from or deleted. */
  | { kind: 'checkpoint'; key: string; action: Action; fact: CheckpointFact }
  /** A checkpoint that no row tells of, after the row that it follows. */
  | { kind: 'marker'; key: string; checkpoint: Checkpoint }
  /** A change of hands: a block in the flow. `heldMs` once the hold is over, `current` while it lasts. */
  | {
      kind: 'control';
      key: string;
      action: Action;
      fact: ControlFact;
      note: string | null;
      heldMs: number | null;
      current: boolean;
    }
  | { kind: 'help'; key: string; action: Action };

const reading = /^(take_screenshot|zoom_region|get_|list_|checkpoint_list|wait_milliseconds|clipboard_read)/;

export function isRead(action: Action): boolean {
  return (
    action.actor.kind === 'agent' &&
    action.outcome !== 'refused' &&
    action.outcome !== 'failed' &&
    reading.test(action.tool)
  );
}

const facts: Record<string, ControlFact> = {
  take: 'taken',
  give: 'given',
  release: 'handedBack',
  lapse: 'lapsed',
  pause: 'paused',
  stop: 'stopped',
  resume: 'resumed',
  go_on: 'resumed',
};

/** Changes of hands are noted as `control.<verb>` by people and by the broker, never by agents. */
export function controlFact(action: Action): ControlFact | null {
  if (action.actor.kind === 'agent' || !action.tool.startsWith('control.')) return null;
  return facts[action.tool.slice('control.'.length)] ?? 'other';
}

const text = (value: unknown): string | null =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : null;

type ControlRow = Extract<Row, { kind: 'control' }>;

/** Adds the block of a change of hands; returns the hold that is open after it. */
function addControl(rows: Row[], hold: ControlRow | null, action: Action, fact: ControlFact): ControlRow | null {
  const begins = fact === 'taken' || fact === 'given';
  const ends = begins || fact === 'handedBack' || fact === 'lapsed' || fact === 'paused' || fact === 'stopped';
  const told = action.arguments['heldMs'];
  const heldMs = typeof told === 'number' ? told : hold ? Date.parse(action.at) - Date.parse(hold.action.at) : null;
  const row: ControlRow = {
    kind: 'control',
    key: action.id,
    action,
    fact,
    note: text(action.arguments['note']),
    heldMs: ends && !begins ? heldMs : null,
    current: begins,
  };
  if (hold && ends) hold.current = false;
  // A hold in which nothing was recorded is one block, with the time at which it began.
  if (fact === 'handedBack' && hold && rows.at(-1) === hold) rows[rows.length - 1] = { ...row, key: hold.key };
  else rows.push(row);
  return begins ? row : ends ? null : hold;
}

const holderOf = (action: Action) => text(action.arguments['holder']) ?? action.actor.name;

export interface FoldHints {
  undone?: ReadonlySet<string>;
  checkpoints?: readonly Checkpoint[];
}

/** Folds the record (oldest first) into rows. Pure; keys stay the same when rows are added at either end of a fold's end. */
export function fold(actions: readonly Action[], { undone, checkpoints = [] }: FoldHints = {}): Row[] {
  const rows: Row[] = [];
  const telling = actions.filter((action) => checkpointFact(action) === 'saved');
  const untold = checkpoints.filter((each) => !telling.some((action) => tellsOf(action, each)));
  let hold: ControlRow | null = null;
  for (const action of actions) {
    hold = foldOne(rows, hold, action, undone);
    for (const checkpoint of untold)
      if (checkpoint.afterActionId === action.id)
        rows.push({ kind: 'marker', key: `at-${checkpoint.checkpointId}`, checkpoint });
  }
  return rows;
}

/** Whether the row that saved a checkpoint is this one: it is then also the row after which that checkpoint was made. */
export function tellsOf(action: Action, checkpoint: Pick<Checkpoint, 'checkpointId' | 'afterActionId'>): boolean {
  const id = checkpointIdOf(action);
  return id === null ? checkpoint.afterActionId === action.id : id === checkpoint.checkpointId;
}

/** Adds one row, or folds it into the last; returns the hold that is open after it. */
function foldOne(
  rows: Row[],
  hold: ControlRow | null,
  action: Action,
  undone: ReadonlySet<string> | undefined,
): ControlRow | null {
  const fact = controlFact(action);
  if (fact !== null) return addControl(rows, hold, action, fact);
  const saved = checkpointFact(action);
  if (saved !== null) {
    rows.push({ kind: 'checkpoint', key: action.id, action, fact: saved });
    return hold;
  }
  if (action.tool === 'request_human') {
    rows.push({ kind: 'help', key: action.id, action });
    return hold;
  }
  const last = rows.at(-1);
  if (
    isRead(action) &&
    last &&
    (last.kind === 'reads' || last.kind === 'action') &&
    isRead(last.action) &&
    last.action.words === action.words
  ) {
    const all: Action[] = last.kind === 'reads' ? [...last.actions, action] : [last.action, action];
    rows[rows.length - 1] = { kind: 'reads', key: last.key, action, actions: all };
    return hold;
  }
  rows.push({
    kind: 'action',
    key: action.id,
    action,
    heldBy: hold ? holderOf(hold.action) : undefined,
    ...(undone?.has(action.id) ? { undone: true } : {}),
  });
  return hold;
}

export function roleOf(action: Action, me: string): Role {
  switch (action.actor.kind) {
    case 'agent':
      return 'agent';
    case 'human':
      return action.actor.name === me ? 'you' : 'other';
    case 'broker':
      return 'nobody';
  }
}

export type OutcomeTone = 'done' | 'now' | 'waits' | 'failed' | 'refused';

/** Why an act was refused, for a person: the record keeps what the agent was told, with advice to it and full times. */
export function refusedWords(action: Action, heldBy?: string, me?: string): string {
  switch (action.code) {
    case 'control_held':
      return `Refused: ${heldBy === undefined ? 'a person' : heldBy === me ? 'you' : heldBy} held control`;
    case 'control_paused':
      return 'Refused: the session was paused';
    case 'stale_epoch':
      return 'Refused: control had changed hands';
    default:
      return action.message ?? 'Refused';
  }
}

/** The line under the words: outcome and duration, or why not. Null where there is nothing to add. */
export function outcomeLine(action: Action, row?: Row, me?: string): { tone: OutcomeTone; text: string } | null {
  if (row?.kind === 'reads') return { tone: 'done', text: `${row.actions.length} times` };
  switch (action.outcome) {
    case 'pending':
      if (action.actor.kind !== 'agent') return null;
      return /^(await_control|request_human|wait_milliseconds)$/.test(action.tool)
        ? { tone: 'waits', text: 'Waits' }
        : { tone: 'now', text: 'Acting now' };
    case 'refused':
      return { tone: 'refused', text: refusedWords(action, row?.kind === 'action' ? row.heldBy : undefined, me) };
    case 'failed':
      return { tone: 'failed', text: action.message ?? 'Failed' };
    case 'done': {
      if (action.actor.kind !== 'agent') return null;
      const exit = action.code && /^exit/i.test(action.code) ? action.code : null;
      const word = exit ? capital(exit) : 'Done';
      const tone = exit && !/^exit 0$/i.test(exit) ? 'failed' : 'done';
      return { tone, text: action.durationMs === null ? word : `${word}, ${duration(action.durationMs)}` };
    }
  }
}

/** How a call for a person ended, as far as its own row knows; null while somebody may still come. */
export function helpEnd(action: Action): { tone: OutcomeTone; text: string } | null {
  if (action.outcome === 'failed') return { tone: 'failed', text: action.message ?? 'Failed' };
  switch (action.code) {
    case 'expired':
      return { tone: 'failed', text: 'Nobody came before its deadline' };
    case 'answered':
      return { tone: 'done', text: 'Answered' };
    case 'withdrawn':
      return { tone: 'refused', text: 'Withdrawn' };
    default:
      return null;
  }
}

/** The title of a block, from the reader's side. The broker's own blocks say it in their words. */
export function factTitle(row: ControlRow, me: string): string {
  const { actor, arguments: told } = row.action;
  const name = actor.name === me ? 'You' : actor.name;
  if (row.fact === 'lapsed') {
    const whose = told['holder'] === me ? 'Your' : typeof told['holder'] === 'string' ? `${told['holder']}’s` : 'A';
    return `${whose} hold lapsed, paused`;
  }
  if (actor.kind === 'broker') return asYou(row.action.words, me);
  switch (row.fact) {
    case 'taken':
      return `${name} took control`;
    case 'handedBack':
      return `${name} had the wheel`;
    case 'paused':
      return `${name} paused`;
    case 'resumed':
      return row.action.tool === 'control.go_on' ? `${name} let everything go on` : `${name} let it go on`;
    case 'stopped':
      return `${name} stopped everything`;
    case 'given':
    case 'other':
      return asYou(row.action.words, me);
  }
}

/** Names stand between marks in a change of hands: the reader's own becomes "you". */
export function asYou(words: string, me: string): string {
  const parts = splitWords(words).map((part) => (part.bold && part.text === me ? 'you' : part.text));
  return capital(parts.join(''));
}

const bare: Record<string, string> = {
  Clicked: 'click',
  Typed: 'type',
  Pressed: 'press',
  Moved: 'move',
  Dragged: 'drag',
  Scrolled: 'scroll',
  Ran: 'run',
  Started: 'start',
  Brought: 'bring',
  Put: 'put',
  Read: 'read',
  Looked: 'look',
  Waited: 'wait',
  'Double-clicked': 'double-click',
  'Right-clicked': 'right-click',
};

/**
 * The sentence of a row from the reader's side: what an agent was refused or failed at it only tried, and what a person did says
 * who. Words with an unknown verb stay as they are.
 */
export function rowWords(action: Action, me: string): string {
  const [verb = '', ...rest] = action.words.split(' ');
  const known = bare[verb];
  if (action.actor.kind === 'agent') {
    if (action.tool === 'await_control' && action.outcome === 'pending') return 'Agent waits for the hand-back';
    if (action.outcome !== 'refused' && action.outcome !== 'failed') return action.words;
    return known ? `Agent tried to ${known} ${rest.join(' ')}` : `Agent tried: ${action.words}`;
  }
  if (action.actor.kind !== 'human' || !known) return action.words;
  return `${action.actor.name === me ? 'You' : action.actor.name} ${verb.toLowerCase()} ${rest.join(' ')}`;
}

export const heldWords = (ms: number) => (ms < 3_600_000 ? duration(ms) : age(ms));

/** Pages come newest first; rows are wanted oldest first, whichever way a page is ordered inside. */
export function flatten(pages: readonly { data: readonly Action[] }[]): Action[] {
  const all: Action[] = [];
  for (const page of pages.toReversed()) all.push(...ascending(page.data));
  return all;
}

export function ascending(rows: readonly Action[]): readonly Action[] {
  const first = rows[0];
  const last = rows.at(-1);
  return first && last && first.at > last.at ? rows.toReversed() : rows;
}
