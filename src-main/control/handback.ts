import type { Handback } from '@shared/control';
import { iso } from '../base/clock';
import type { Basis } from './lease';
import { joinNotes } from './leaseParts';

const maxTitles = 50;
const maxTitle = 200;
const maxNote = 8000;

export interface Look {
  frame: string | null;
  windows: string[];
}

/** Titles in `a` that are not in `b`; a title that occurs twice counts twice. Guest text: cut and bounded. */
function beyond(a: readonly string[], b: readonly string[]): string[] {
  const left = [...b];
  const rest = a.filter((title) => {
    const at = left.indexOf(title);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  return rest.slice(0, maxTitles).map((title) => title.slice(0, maxTitle));
}

/** What the agent is told: who, how long, the note, and what changed. Where nobody could look, nothing is claimed. */
export function makeHandback(basis: Basis, after: Look | null, epoch: number, now: number): Handback {
  const before = basis.windowsBefore;
  return {
    by: basis.by,
    note: basis.note.slice(0, maxNote),
    heldMs: Math.max(0, Math.round((basis.endedAt ?? now) - basis.since)),
    at: iso(now),
    epoch,
    frameBefore: basis.frameBefore,
    frameAfter: after?.frame ?? null,
    windowsOpened: before && after ? beyond(after.windows, before) : [],
    windowsClosed: before && after ? beyond(before, after.windows) : [],
    ...(basis.rewoundTo && { rewoundTo: basis.rewoundTo }),
  };
}

/** Two holds the agent has not heard of become one story. */
export function mergeHandbacks(older: Handback | null, newer: Handback): Handback {
  if (!older) return newer;
  const opened = [...older.windowsOpened, ...newer.windowsOpened];
  const closed = [...older.windowsClosed, ...newer.windowsClosed];
  return {
    ...newer,
    note: joinNotes(older.note, newer.note).slice(0, maxNote),
    heldMs: older.heldMs + newer.heldMs,
    frameBefore: older.frameBefore,
    windowsOpened: beyond(opened, closed),
    windowsClosed: beyond(closed, opened),
    ...(older.rewoundTo && !newer.rewoundTo && { rewoundTo: older.rewoundTo }),
  };
}
