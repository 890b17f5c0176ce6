import type { Action } from '@shared/action';
import { age, duration } from '../../lib/clock';
import type { Role } from '../../lib/roles';

/** What a change of hands says in the record, whoever wrote it and under which exact name. */
export type ControlFact = 'taken' | 'handedBack' | 'paused' | 'resumed' | 'lapsed';

export type Row =
  | { kind: 'action'; key: string; action: Action }
  /** Reads in a row, of one kind, folded into one line. */
  | { kind: 'reads'; key: string; action: Action; actions: readonly Action[] }
  /** A change of hands: a block in the flow. `heldMs` once the hold is over, `current` while it lasts. */
  | { kind: 'control'; key: string; action: Action; fact: ControlFact; note: string | null; heldMs: number | null; current: boolean }
  | { kind: 'help'; key: string; action: Action };

const reading = /^(take_screenshot|zoom_region|get_|list_|wait_milliseconds|clipboard_read)/;

export function isRead(action: Action): boolean {
  return action.actor.kind === 'agent' && action.outcome !== 'refused' && action.outcome !== 'failed' && reading.test(action.tool);
}

const facts: readonly [RegExp, ControlFact][] = [
  [/^(take|taken|take_control|granted|human)$/, 'taken'],
  [/^(release|released|handback|hand_back|handed_back|give_back|agent)$/, 'handedBack'],
  [/^(give|given)$/, 'taken'],
  [/^(lapse|lapsed|expire|expired)$/, 'lapsed'],
  [/^(pause|paused)$/, 'paused'],
  [/^(resume|resumed|go_on)$/, 'resumed'],
];

/** Changes of hands are noted under `control.<verb>` or `<verb>_control`, by people and by the broker, never by agents. */
export function controlFact(action: Action): ControlFact | null {
  if (action.actor.kind === 'agent') return null;
  const verb = action.tool.replace(/^control[._:-]/, '').replace(/_control$/, '');
  if (verb === action.tool && !/^(take|release|hand_?back|pause|resume|lapse)/.test(verb)) return null;
  return facts.find(([pattern]) => pattern.test(verb))?.[1] ?? null;
}

const text = (value: unknown): string | null => (typeof value === 'string' && value.trim() !== '' ? value.trim() : null);

/** Folds the record (oldest first) into rows. Pure; keys stay the same when rows are added at either end of a fold's end. */
export function fold(actions: readonly Action[]): Row[] {
  const rows: Row[] = [];
  let hold: Extract<Row, { kind: 'control' }> | null = null;
  for (const action of actions) {
    const fact = controlFact(action);
    if (fact !== null) {
      const held: number | null = hold ? Date.parse(action.at) - Date.parse(hold.action.at) : null;
      const ends = fact !== 'resumed';
      const given = action.arguments['heldMs'];
      const row: Extract<Row, { kind: 'control' }> = {
        kind: 'control',
        key: action.id,
        action,
        fact,
        note: text(action.arguments['note']) ?? (fact === 'handedBack' ? text(action.message) : null),
        heldMs: fact === 'taken' || !ends ? null : typeof given === 'number' ? given : held,
        current: fact === 'taken',
      };
      if (hold && ends) {
        hold.current = false;
        hold.heldMs = held;
      }
      hold = fact === 'taken' ? row : ends ? null : hold;
      rows.push(row);
      continue;
    }
    if (action.tool === 'request_human') {
      rows.push({ kind: 'help', key: action.id, action });
      continue;
    }
    const last = rows.at(-1);
    if (isRead(action) && last && (last.kind === 'reads' || last.kind === 'action') && isRead(last.action) && last.action.words === action.words) {
      const all: Action[] = last.kind === 'reads' ? [...last.actions, action] : [last.action, action];
      rows[rows.length - 1] = { kind: 'reads', key: last.key, action, actions: all };
      continue;
    }
    rows.push({ kind: 'action', key: action.id, action });
  }
  return rows;
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

export type OutcomeTone = 'done' | 'now' | 'failed' | 'refused';

/** The line under the words: outcome and duration, or why not. Null where there is nothing to add. */
export function outcomeLine(action: Action, row?: Row): { tone: OutcomeTone; text: string } | null {
  if (row?.kind === 'reads') return { tone: 'done', text: `${row.actions.length} times` };
  switch (action.outcome) {
    case 'pending':
      return action.actor.kind === 'agent' ? { tone: 'now', text: 'Acting now' } : null;
    case 'refused':
      return { tone: 'refused', text: action.message ?? 'Refused' };
    case 'failed':
      return { tone: 'failed', text: action.message ?? 'Failed' };
    case 'done': {
      if (action.actor.kind !== 'agent') return null;
      const word = action.code && /^exit/i.test(action.code) ? action.code.charAt(0).toUpperCase() + action.code.slice(1) : 'Done';
      return { tone: 'done', text: action.durationMs === null ? word : `${word}, ${duration(action.durationMs)}` };
    }
  }
}

/** The title of a block, from the reader's side. */
export function factTitle(row: Extract<Row, { kind: 'control' }>, me: string): string {
  const { actor } = row.action;
  const name = actor.kind === 'human' ? (actor.name === me ? 'You' : actor.name) : 'The broker';
  switch (row.fact) {
    case 'taken':
      return `${name} took control`;
    case 'handedBack':
      return `${name} had the wheel`;
    case 'paused':
      return `${name} paused`;
    case 'resumed':
      return `${name} let it go on`;
    case 'lapsed':
      return 'The hold lapsed, paused';
  }
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
