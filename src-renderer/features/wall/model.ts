import type { Action, Attention } from '@shared/action';
import type { Pool } from '@shared/pool';
import type { Session } from '@shared/session';
import { age, clock } from '../../lib/clock';
import type { Grouping } from '../../lib/stores';
import { plainWords } from '../../lib/words';
import { rowWords } from '../timeline/model';
import { isResuming, queueWords, suspendedSince } from '../session/lifeModel';
import { controlBar, type BarState, type FlagIcon } from '../session/controlModel';
import type { Role } from '../../lib/roles';

export type Filter = 'all' | 'needs' | 'agent' | 'you' | 'others' | 'paused' | 'nobody';

export interface Tile {
  session: Session;
  role: Role;
  icon: FlagIcon;
  /** The flag's word: Agent, You, a name, Paused, Stopped, Nobody, Needs help, Failed. */
  word: string;
  /** The last action, or why it waits. */
  line: string;
  /** "idle 0:04", "held 5:08", "waits 1:48". */
  clock: string;
  age: string;
  /** Of a suspended session: since when. It has no live picture. */
  asleep: string | null;
  filter: Exclude<Filter, 'all'>;
}

export const filters: readonly { value: Filter; label: string }[] = [
  { value: 'all', label: 'All' },
  { value: 'needs', label: 'Needs you' },
  { value: 'agent', label: 'Agent' },
  { value: 'you', label: 'You' },
  { value: 'others', label: 'Others' },
  { value: 'paused', label: 'Paused' },
  { value: 'nobody', label: 'Nobody' },
];

const stateOrder: readonly Tile['filter'][] = ['needs', 'you', 'others', 'agent', 'paused', 'nobody'];

function wordAndFilter(role: Role, icon: FlagIcon, session: Session): { word: string; filter: Tile['filter'] } {
  if (icon === 'help') return { word: 'Needs help', filter: 'needs' };
  if (icon === 'gone') return { word: 'Failed', filter: 'needs' };
  if (icon === 'stopped') return { word: 'Stopped', filter: 'paused' };
  if (icon === 'asleep') return { word: 'Suspended', filter: 'nobody' };
  if (icon === 'paused') return { word: 'Paused', filter: 'paused' };
  switch (role) {
    case 'agent':
      return { word: 'Agent', filter: 'agent' };
    case 'you':
      return { word: 'You', filter: 'you' };
    case 'other':
      return { word: session.control.holder ?? 'Somebody', filter: 'others' };
    default:
      return { word: icon === 'wait' ? waitWord(session) : 'Nobody', filter: 'nobody' };
  }
}

const waitWord = (session: Session) =>
  session.status === 'queued' ? 'Queued' : isResuming(session) ? 'Resuming' : 'Starting';

function lineOf(bar: BarState, session: Session, words: string): string {
  if (session.status === 'queued') return queueWords(session) || 'Waits for a free machine';
  if (isResuming(session)) return 'A machine is on its way';
  if (bar.icon === 'stopped') return 'The computer stands still';
  return session.control.kind === 'paused' || session.control.kind === 'human' ? bar.flag : words;
}

/** Pure: what one tile says. */
export function tileOf(
  session: Session,
  latest: Action | undefined,
  help: Attention | undefined,
  me: string,
  now: number,
): Tile {
  const bar = controlBar({ session, me, latest, help, now });
  const held = session.control.kind === 'human';
  const words = latest
    ? plainWords(rowWords(latest, me))
    : session.agent
      ? 'Has not acted yet'
      : 'No agent has called yet';
  const idle = now - Date.parse(session.lastActivityAt);
  return {
    session,
    role: bar.role,
    icon: bar.icon,
    ...wordAndFilter(bar.role, bar.icon, session),
    line: help ? `“${help.why}”` : lineOf(bar, session, words),
    clock: help
      ? `waits ${clock(now - Date.parse(help.at))}`
      : bar.icon === 'stopped'
        ? `stopped ${clock(now - Date.parse(session.control.since))}`
        : bar.icon === 'asleep'
          ? age(now - Date.parse(session.suspendedAt ?? session.lastActivityAt))
          : session.status === 'queued'
            ? `waits ${clock(now - Date.parse(session.createdAt))}`
            : held
              ? `held ${clock(now - Date.parse(session.control.since))}`
              : `idle ${clock(idle)}`,
    age: age(now - Date.parse(session.createdAt)),
    asleep: bar.icon === 'asleep' || isResuming(session) ? suspendedSince(session, now) : null,
  };
}

export function filterCounts(tiles: readonly Tile[]): Record<Filter, number> {
  const counts: Record<Filter, number> = {
    all: tiles.length,
    needs: 0,
    agent: 0,
    you: 0,
    others: 0,
    paused: 0,
    nobody: 0,
  };
  for (const tile of tiles) counts[tile.filter] += 1;
  return counts;
}

/** Every word of the search must occur in the name, the agent or the last action. */
export function matches(tile: Tile, filter: Filter, query: string): boolean {
  if (filter !== 'all' && tile.filter !== filter) return false;
  const text = `${tile.session.name} ${tile.session.agent} ${tile.line}`.toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .filter(Boolean)
    .every((word) => text.includes(word));
}

export interface Group {
  key: string;
  title: string;
  pool: Pool | null;
  tiles: Tile[];
}

/** Tiles stand by age of their session, so that none moves when its state changes (grouping by state asks for just that). */
export function groupTiles(tiles: readonly Tile[], grouping: Grouping, pools: readonly Pool[]): Group[] {
  const groups = new Map<string, Group>();
  const sorted = tiles.toSorted(
    (a, b) =>
      a.session.createdAt.localeCompare(b.session.createdAt) || a.session.sessionId.localeCompare(b.session.sessionId),
  );
  for (const tile of sorted) {
    const pool = pools.find((each) => each.id === tile.session.poolId) ?? null;
    const [key, title] =
      grouping === 'pool'
        ? [tile.session.poolId, pool?.displayName ?? tile.session.poolId]
        : grouping === 'agent'
          ? [tile.session.agent, tile.session.agent || 'No agent yet']
          : [tile.filter, filters.find((each) => each.value === tile.filter)?.label ?? tile.filter];
    const group = groups.get(key) ?? { key, title, pool: grouping === 'pool' ? pool : null, tiles: [] };
    group.tiles.push(tile);
    groups.set(key, group);
  }
  const list = [...groups.values()];
  if (grouping === 'state')
    return list.toSorted(
      (a, b) => stateOrder.indexOf(a.key as Tile['filter']) - stateOrder.indexOf(b.key as Tile['filter']),
    );
  return list.toSorted((a, b) => a.title.localeCompare(b.title));
}

export const densities = { small: 180, medium: 256, large: 400 } as const;
