import type { Diagnostic, Diagnostics } from '@shared/diagnostics';
import type { Role } from '../../lib/roles';
import { count } from '../../lib/words';

export type State = Diagnostic['state'];

/** Icons wear these; the word says the same without colour. */
export const stateWords: Record<State, string> = { ok: 'Fine', warning: 'Note', failed: 'Wrong', off: 'Not in use' };
export const stateRoles: Record<State, Role> = { ok: 'fine', warning: 'you', failed: 'trouble', off: 'nobody' };

/** The line beside the title: what needs a look, and when it was looked. */
export function summary({ checks }: Diagnostics): string {
  const wrong = checks.filter(({ state }) => state === 'failed').length;
  const notes = checks.filter(({ state }) => state === 'warning').length;
  if (wrong === 0 && notes === 0) return 'Everything is fine';
  const parts = [wrong > 0 ? `${count(wrong, 'thing')} wrong` : '', notes > 0 ? count(notes, 'note') : ''];
  return parts.filter(Boolean).join(', ');
}

const groupOf = (id: string): Group['title'] => {
  if (/^(desktops|docker|qemu|saved)(\.|$)/.test(id)) return 'Desktops';
  if (/^(computer|memory|disk)(\.|$)/.test(id)) return 'This computer';
  return 'Wheelhouse';
};

export interface Group {
  title: 'Desktops' | 'Wheelhouse' | 'This computer';
  checks: Diagnostic[];
}

/** In the order in which a person who is in trouble reads; a group without checks is left out. */
export function groups({ checks }: Diagnostics): Group[] {
  const titles: Group['title'][] = ['Desktops', 'Wheelhouse', 'This computer'];
  return titles
    .map((title) => ({ title, checks: checks.filter(({ id }) => groupOf(id) === title) }))
    .filter((group) => group.checks.length > 0);
}

/** A `fix` that a terminal takes; others are deeds in words. */
export const isCommand = (fix: string): boolean =>
  /^(sudo |npm |npx |brew |winget |open -a |[A-Z_]+=\S+ npm )/.test(fix);

/** "Docker 27.3", "QEMU 7.2.22", and what it is at. */
export function backendTitle({ kind, version }: Diagnostics['backends'][number]): string {
  const name = { docker: 'Docker', qemu: 'QEMU', fake: 'Fake machines' }[kind];
  return version === null ? name : `${name} ${version}`;
}
export function backendLine({ reachable, machines, message }: Diagnostics['backends'][number]): string {
  return reachable ? `${count(machines, 'machine').replace(/^no/, 'No')} now` : message;
}

/** Facts of one name under one heading: a backend may keep many saved desktops. In the order in which each name came first. */
export function factsByName({ facts }: Pick<Diagnostics['backends'][number], 'facts'>) {
  const found = new Map<string, string[]>();
  for (const { name, words } of facts) found.set(name, [...(found.get(name) ?? []), words]);
  return [...found].map(([name, words]) => ({ name: words.length > 1 ? `${name}s, ${words.length}` : name, words }));
}

/** The file in the log's words, when there is one: its path, for the clipboard. */
export function logPath({ id, state, words }: Diagnostic): string | null {
  if (id !== 'log' || state !== 'ok') return null;
  return /^(.*?), [\d.]+ [KMG]B\.$/.exec(words)?.[1] ?? null;
}
