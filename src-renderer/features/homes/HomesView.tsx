import { House, SearchX, TriangleAlert } from 'lucide-react';
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { messageOf } from '../../lib/api';
import { useHomes, usePools } from '../../lib/queries';
import { Button } from '../../ui/Button';
import { Notice } from '../../ui/Notice';
import { SearchField } from '../../ui/SearchField';
import { ViewHeader } from '../../ui/ViewHeader';
import css from './HomesView.module.css';
import { HomeTable } from './HomeTable';
import { matchesHome, totalWords } from './model';

/** All homes that outlive machines, of every pool. */
export function HomesView() {
  const homes = useHomes();
  const pools = usePools().data ?? [];
  const [, go] = useLocation();
  const [query, setQuery] = useState('');
  const all = homes.data ?? [];
  const shown = all.filter((home) =>
    matchesHome(home, pools.find((pool) => pool.id === home.poolId)?.displayName ?? home.poolId, query),
  );
  return (
    <div className={css.view}>
      <ViewHeader title="Homes" summary={all.length > 0 ? totalWords(all) : undefined}>
        <SearchField label="Find a home" value={query} onChange={setQuery} />
        <Link href="/pools" className={css.back}>
          Pools
        </Link>
      </ViewHeader>
      <div className={css.body}>
        {homes.error && !homes.data ? (
          <Notice
            icon={<TriangleAlert />}
            tone="trouble"
            title="The homes can't be listed"
            actions={<Button onClick={() => void homes.refetch()}>Try again</Button>}
          >
            {messageOf(homes.error)} Nothing was changed.
          </Notice>
        ) : homes.data && all.length === 0 ? (
          <Notice
            icon={<House />}
            title="No homes yet"
            actions={<Button onClick={() => go('/pools')}>Show the pools</Button>}
          >
            A home is what a session keeps beyond its machine. A pool whose idle sessions are suspended, or that keeps
            homes when sessions end, gives every session one; choose that where the pool is edited.
          </Notice>
        ) : (
          homes.data &&
          shown.length === 0 && (
            <Notice
              icon={<SearchX />}
              title="No home matches"
              actions={<Button onClick={() => setQuery('')}>Show all {all.length}</Button>}
            >
              Nothing here has “{query}” in its name, caller or pool.
            </Notice>
          )
        )}
        {shown.length > 0 && (
          <section className={css.card} aria-label="All homes">
            <HomeTable homes={shown} withPool />
          </section>
        )}
      </div>
    </div>
  );
}
