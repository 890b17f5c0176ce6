import type { Session } from '@shared/session';
import {
  ChevronDown,
  Grid2x2,
  Grid3x3,
  LayoutGrid,
  PanelRightClose,
  PanelRightOpen,
  Plug,
  Plus,
  SearchX,
  Square,
  TriangleAlert,
} from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { typingInto } from '../../app/useShortcuts';
import { messageOf } from '../../lib/api';
import { useAttention, useMe, usePools, useSessions } from '../../lib/queries';
import { useLive, useUi } from '../../lib/stores';
import { useLatest } from '../../lib/useLatest';
import { useNow } from '../../lib/useNow';
import { capital, count } from '../../lib/words';
import { Button, IconButton } from '../../ui/Button';
import { Notice } from '../../ui/Notice';
import { SearchField } from '../../ui/SearchField';
import { Segmented } from '../../ui/Segmented';
import { ViewHeader } from '../../ui/ViewHeader';
import { DemoButton } from '../firstRun/DemoButton';
import { Aside } from './Aside';
import { densities, filterCounts, filters, groupTiles, matches, tileOf, type Filter, type Group } from './model';
import { TileCard } from './TileCard';
import { useVisibleTiles } from './useVisibleTiles';
import css from './WallView.module.css';

export function WallView() {
  const sessions = useSessions();
  const pools = usePools().data ?? [];
  const attention = useAttention().data ?? [];
  const me = useMe();
  const now = useNow();
  const latest = useLive((state) => state.latest);
  const ui = useUi();
  const [filter, setFilter] = useState<Filter>('all');
  const [query, setQuery] = useState('');
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const search = useRef<HTMLInputElement>(null);
  const list = sessions.data ?? [];

  const tiles = list.map((session) => {
    const help = attention.find(
      (each) => each.sessionId === session.sessionId && each.kind === 'help' && each.state === 'waiting',
    );
    return tileOf(session, latest[session.sessionId], help, me, now);
  });
  const counts = filterCounts(tiles);
  const shown = tiles.filter((tile) => matches(tile, filter, query));
  const groups = groupTiles(shown, ui.grouping, pools);
  const waits = attention.filter((each) => each.state === 'waiting').length;
  const width = densities[ui.density];
  const ids = shown.map((tile) => tile.session.sessionId + (tile.asleep === null ? '' : '-')).join(' ');
  const root = useVisibleTiles(
    `${ids} ${[...folded].join(' ')} ${ui.grouping}`,
    Math.min(640, width * (devicePixelRatio > 1 ? 2 : 1)),
  );
  useWallKeys(search, root);

  const toggle = (key: string) =>
    setFolded((old) => (old.has(key) ? new Set([...old].filter((each) => each !== key)) : new Set([...old, key])));
  const grid = { gridTemplateColumns: `repeat(auto-fill, minmax(${width === 256 ? 246 : width}px, 1fr))` };

  return (
    <div className={css.view} data-aside={ui.asideOpen || undefined}>
      {list.map((session) => (
        <LatestOf key={session.sessionId} session={session} />
      ))}
      <ViewHeader
        title="Wall"
        summary={
          list.length > 0
            ? `${capital(count(list.length, 'session'))} in ${count(new Set(list.map((each) => each.poolId)).size, 'pool')}, ${waits === 0 ? 'nothing waits' : `${count(waits, 'thing')} ${waits === 1 ? 'waits' : 'wait'}`} for you`
            : undefined
        }
      >
        <SearchField label="Find a session" value={query} onChange={setQuery} inputRef={search} hotkey="/" />
        <Button icon={<Plug size={16} />} onClick={() => ui.setConnect(true)}>
          Connect an agent
        </Button>
        <Button icon={<Plus size={16} />} onClick={() => ui.setStart(true)}>
          Start a session
        </Button>
      </ViewHeader>
      <div className={css.columns}>
        <div className={css.main}>
          <div className={css.tools}>
            <div className={css.filters} role="group" aria-label="Show">
              {filters.map((each) => (
                <button
                  key={each.value}
                  type="button"
                  className={css.filter}
                  aria-pressed={filter === each.value}
                  onClick={() => setFilter(each.value)}
                >
                  {each.label} <b className="tnum">{counts[each.value]}</b>
                </button>
              ))}
              <Link href="/wall/ended" className={css.filter}>
                Ended
              </Link>
            </div>
            <span className={css.groupBy}>Group by</span>
            <Segmented
              label="Group by"
              value={ui.grouping}
              onChange={ui.setGrouping}
              segments={[
                { value: 'pool', label: 'Pool' },
                { value: 'state', label: 'State' },
                { value: 'agent', label: 'Agent' },
              ]}
            />
            <Segmented
              label="Size of the pictures"
              value={ui.density}
              onChange={ui.setDensity}
              segments={[
                { value: 'small', label: 'Small', icon: <Grid3x3 size={16} /> },
                { value: 'medium', label: 'Medium', icon: <Grid2x2 size={16} /> },
                { value: 'large', label: 'Large', icon: <Square size={16} /> },
              ]}
            />
            {!ui.asideOpen && (
              <IconButton label="Show what waits for you" onClick={() => ui.setAsideOpen(true)}>
                <PanelRightOpen size={16} />
              </IconButton>
            )}
          </div>
          <div ref={root} className={css.scroll}>
            {sessions.error && (
              <Notice
                icon={<TriangleAlert />}
                tone="trouble"
                title="The sessions can't be listed"
                actions={<Button onClick={() => void sessions.refetch()}>Try again</Button>}
              >
                {messageOf(sessions.error)} Agents go on; nothing was changed.
              </Notice>
            )}
            {sessions.data && list.length === 0 && <NoSessions />}
            {list.length > 0 && shown.length === 0 && (
              <Notice
                icon={<SearchX />}
                title="No session matches"
                actions={
                  <Button
                    onClick={() => {
                      setFilter('all');
                      setQuery('');
                    }}
                  >
                    Show all {list.length}
                  </Button>
                }
              >
                {query ? `Nothing here is called “${query}”.` : 'None is in this state now.'}
              </Notice>
            )}
            {groups.map((group) => (
              <section key={group.key} className={css.group} aria-label={group.title}>
                <header>
                  <button
                    type="button"
                    className={css.fold}
                    aria-expanded={!folded.has(group.key)}
                    onClick={() => toggle(group.key)}
                  >
                    <ChevronDown size={16} />
                    <h2>{group.title}</h2>
                  </button>
                  <span>{count(group.tiles.length, 'session')}</span>
                  <span className={css.warm}>{warmWords(group)}</span>
                </header>
                {!folded.has(group.key) && (
                  <div className={css.grid} style={grid}>
                    {group.tiles.map((tile) => (
                      <TileCard key={tile.session.sessionId} tile={tile} width={width} />
                    ))}
                  </div>
                )}
              </section>
            ))}
          </div>
        </div>
        {ui.asideOpen && (
          <Aside
            attention={attention}
            sessions={list}
            now={now}
            close={
              <IconButton label="Fold this away" size="row" onClick={() => ui.setAsideOpen(false)}>
                <PanelRightClose size={16} />
              </IconButton>
            }
          />
        )}
      </div>
    </div>
  );
}

function LatestOf({ session }: { session: Session }) {
  useLatest(session.sessionId);
  return null;
}

function warmWords({ pool }: Group): string {
  if (!pool) return '';
  const { ready, creating, starting } = pool.observed.machines;
  const coming = creating + starting;
  return `${ready} warm${coming > 0 ? `, ${coming} starting` : ''}`;
}

function NoSessions() {
  const setConnect = useUi((state) => state.setConnect);
  return (
    <Notice
      icon={<LayoutGrid />}
      title="No sessions yet"
      actions={
        <>
          <Button kind="primary" onClick={() => setConnect(true)}>
            Connect an agent
          </Button>
          <DemoButton />
        </>
      }
    >
      A session shows up here as soon as an agent acquires a desktop.
    </Notice>
  );
}

/** / searches, N goes to what waits, the arrows walk over the tiles as they stand. */
function useWallKeys(
  search: React.RefObject<HTMLInputElement | null>,
  root: React.RefObject<HTMLDivElement | null>,
): void {
  const [, go] = useLocation();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.altKey || event.metaKey || document.querySelector('[role=dialog]')) return;
      if (event.key === 'Escape' && event.target === search.current) search.current?.blur();
      if (typingInto(event.target)) return;
      if (event.key === '/') search.current?.focus();
      else if (event.key.toLowerCase() === 'n') go('/attention');
      else if (event.key.startsWith('Arrow') && root.current) {
        const tiles = [...root.current.querySelectorAll<HTMLElement>('[data-session]')];
        const at = tiles.indexOf(document.activeElement as HTMLElement);
        if (at < 0) return;
        const next = neighbour(tiles, at, event.key);
        next?.focus();
        next?.scrollIntoView({ block: 'nearest' });
      } else return;
      event.preventDefault();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [go, search, root]);
}

function neighbour(tiles: readonly HTMLElement[], at: number, key: string): HTMLElement | undefined {
  if (key === 'ArrowLeft') return tiles[at - 1];
  if (key === 'ArrowRight') return tiles[at + 1];
  const here = tiles[at]?.getBoundingClientRect();
  if (!here) return undefined;
  const down = key === 'ArrowDown';
  const rows = tiles.filter((tile) =>
    down ? tile.getBoundingClientRect().top > here.top + 4 : tile.getBoundingClientRect().top < here.top - 4,
  );
  const distance = (tile: HTMLElement) => {
    const box = tile.getBoundingClientRect();
    return Math.abs(box.top - here.top) * 4 + Math.abs(box.left - here.left);
  };
  return rows.toSorted((a, b) => distance(a) - distance(b))[0];
}
