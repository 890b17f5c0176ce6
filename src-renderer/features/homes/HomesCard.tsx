import type { Pool } from '@shared/pool';
import { Link } from 'wouter';
import { messageOf } from '../../lib/api';
import { useHomes } from '../../lib/queries';
import { ErrorLine } from '../../ui/ErrorLine';
import css from './HomesCard.module.css';
import { HomeTable } from './HomeTable';
import { totalWords } from './model';

/** The homes of one pool; says how homes come about while there is none. A pool without them shows nothing. */
export function HomesCard({ pool }: { pool: Pool }) {
  const homes = useHomes();
  const mine = homes.data?.filter((home) => home.poolId === pool.id) ?? [];
  const keeps = pool.idle.policy === 'suspend' || pool.home.policy === 'keep';
  if (!keeps && mine.length === 0) return null;
  return (
    <section className={css.card} aria-label="Homes">
      <header className={css.head}>
        <h3>Homes</h3>
        {mine.length > 0 && <span className="tnum">{totalWords(mine)}</span>}
        <Link href="/homes">All homes</Link>
      </header>
      {homes.error && !homes.data ? (
        <ErrorLine>The homes can’t be listed. {messageOf(homes.error)}</ErrorLine>
      ) : mine.length > 0 ? (
        <HomeTable homes={mine} />
      ) : (
        homes.data && (
          <p className={css.none}>
            {pool.home.policy === 'keep'
              ? 'None yet. Every session of this pool gets a home, and it stays here when the session ends.'
              : 'None yet. A session’s home shows up here while the session lives or is suspended, and goes with it.'}
          </p>
        )
      )}
    </section>
  );
}
