import type { Pool } from '@shared/pool';
import { Gauge } from 'lucide-react';
import { useState } from 'react';
import { messageOf } from '../../lib/api';
import { useCapacity } from '../../lib/queries';
import { Button } from '../../ui/Button';
import css from './Capacity.module.css';
import { CapacityDialog } from './CapacityDialog';
import { meters } from './capacityModel';

/** What all pools together take of this computer, below the list of pools; the opened pool's part stands out. */
export function CapacityCard({ pool }: { pool: Pool | undefined }) {
  const capacity = useCapacity();
  const [editing, setEditing] = useState(false);
  return (
    <section className={css.card} aria-label="This computer">
      <header className={css.head}>
        <h2>
          <Gauge size={16} aria-hidden /> This computer
        </h2>
        <Button kind="quiet" size="row" disabled={!capacity.data} onClick={() => setEditing(true)}>
          Limits…
        </Button>
      </header>
      {capacity.error && !capacity.data ? (
        <p className={css.dim}>What is taken can’t be told: {messageOf(capacity.error)}</p>
      ) : (
        capacity.data && (
          <>
            <dl className={css.meters}>
              {meters(capacity.data, pool?.id ?? null).map((meter) => (
                <div key={meter.key} data-full={meter.full || undefined}>
                  <dt>{meter.name}</dt>
                  <dd className="tnum">
                    {meter.words}
                    {meter.full && <span className={css.full}>, full</span>}
                  </dd>
                  {meter.parts && (
                    <span className={css.bar} aria-hidden>
                      <span className={css.mine} style={{ width: `${meter.parts.mine * 100}%` }} />
                      <span className={css.others} style={{ width: `${meter.parts.others * 100}%` }} />
                    </span>
                  )}
                </div>
              ))}
            </dl>
            {pool && capacity.data.pools.length > 1 && (
              <p className={css.legend} aria-hidden>
                <span className={css.mine} /> <b className="clip">{pool.displayName}</b>
                <span className={css.others} /> other pools
              </p>
            )}
          </>
        )
      )}
      {editing && capacity.data && <CapacityDialog capacity={capacity.data} onClose={() => setEditing(false)} />}
    </section>
  );
}
