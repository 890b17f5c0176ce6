import type { Rewound } from '@shared/control';

const count = (n: number, one: string): string => `${n} ${n === 1 ? one : `${one}s`}`;

/** "40 seconds", "3 minutes", "2 hours": the one unit that says it. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 90) return count(seconds, 'second');
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? count(minutes, 'minute') : count(Math.round(minutes / 60), 'hour');
}

/** "3 minutes and 14 actions undone". */
export function undone({ undoneMs, undoneActions }: Pick<Rewound, 'undoneMs' | 'undoneActions'>): string {
  const actions = undoneActions > 0 ? ` and ${count(undoneActions, 'action')}` : '';
  return `${age(undoneMs)}${actions} undone`;
}

/** A name that its time gives: 14:03:27, by this computer's clock. */
export const timeName = (now: number): string => new Date(now).toTimeString().slice(0, 8);

/** Names come from agents and people: no marks of the record's own, on one line. */
export const quoted = (name: string): string =>
  `“${name
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/\*+/g, '·')
    .trim()}”`;
