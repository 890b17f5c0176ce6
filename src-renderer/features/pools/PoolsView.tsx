import type { Pool } from '@shared/pool';
import { FileUp, House, Layers, Plus, TriangleAlert } from 'lucide-react';
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { messageOf } from '../../lib/api';
import { useHomes, usePools } from '../../lib/queries';
import { capital, count } from '../../lib/words';
import { Button } from '../../ui/Button';
import { Notice } from '../../ui/Notice';
import { ViewHeader } from '../../ui/ViewHeader';
import { CapacityCard } from './CapacityCard';
import { ImportDialog } from './ImportDialog';
import { countWords, poolLine } from './model';
import { PoolDetail } from './PoolDetail';
import { PoolDialog } from './PoolDialog';
import css from './PoolsView.module.css';
import { backendNames, toneIcons, toneRoles } from './tones';

export function PoolsView({ id, machine }: { id: string | null; machine: string | null }) {
  const pools = usePools();
  const homes = useHomes();
  const [, go] = useLocation();
  const [creating, setCreating] = useState(false);
  const [importing, setImporting] = useState(false);
  const list = pools.data ?? [];
  const current = list.find((pool) => pool.id === id) ?? (id === null ? list[0] : undefined);
  const bad = list.filter((pool) => ['bad', 'warn'].includes(poolLine(pool).tone)).length;
  return (
    <div className={css.view} data-opened={id !== null || undefined}>
      <ViewHeader
        title="Pools"
        summary={
          list.length > 0
            ? `${capital(count(list.length, 'pool'))}${bad > 0 ? `, ${bad} ${bad === 1 ? 'needs' : 'need'} a look` : ''}`
            : undefined
        }
      >
        {(homes.data?.length ?? 0) > 0 && (
          <Button icon={<House size={16} />} onClick={() => go('/homes')}>
            Homes
          </Button>
        )}
        <Button icon={<FileUp size={16} />} onClick={() => setImporting(true)}>
          Import…
        </Button>
        <Button kind="primary" icon={<Plus size={16} />} onClick={() => setCreating(true)}>
          Create pool
        </Button>
      </ViewHeader>
      {pools.error ? (
        <div className={css.pad}>
          <Notice
            icon={<TriangleAlert />}
            tone="trouble"
            title="The pools can't be listed"
            actions={<Button onClick={() => void pools.refetch()}>Try again</Button>}
          >
            {messageOf(pools.error)} Sessions go on; nothing was changed.
          </Notice>
        </div>
      ) : pools.data && list.length === 0 ? (
        <div className={css.pad}>
          <Notice
            icon={<Layers />}
            title="No pools yet"
            actions={<Button onClick={() => setCreating(true)}>Create pool</Button>}
          >
            A pool keeps desktops warm, so that an agent gets one at once.
          </Notice>
        </div>
      ) : (
        <div className={css.columns}>
          <div className={css.side}>
            <nav className={css.list} aria-label="Pools">
              {list.map((pool) => (
                <Item key={pool.id} pool={pool} current={pool === current} />
              ))}
            </nav>
            <CapacityCard pool={current} />
          </div>
          {current ? (
            <PoolDetail key={current.id} pool={current} machine={id === null ? null : machine} />
          ) : (
            pools.data && (
              <div className={css.pad}>
                <Notice
                  icon={<Layers />}
                  title="This pool is not there"
                  actions={<Button onClick={() => go('/pools')}>Show the pools</Button>}
                >
                  It was deleted, or the address is wrong.
                </Notice>
              </div>
            )
          )}
        </div>
      )}
      {importing && <ImportDialog onClose={() => setImporting(false)} onDone={(id) => go(`/pools/${id}`)} />}
      {creating && (
        <PoolDialog
          pool={null}
          names={list.map((pool) => pool.displayName)}
          onClose={() => setCreating(false)}
          onSaved={(pool) => go(`/pools/${pool.id}`)}
        />
      )}
    </div>
  );
}

function Item({ pool, current }: { pool: Pool; current: boolean }) {
  const line = poolLine(pool);
  return (
    <Link href={`/pools/${pool.id}`} className={css.item} aria-current={current ? 'true' : undefined}>
      <span className={css.top}>
        <b className="clip">{pool.displayName}</b>
        <span>{backendNames[pool.backend]}</span>
      </span>
      <span className={`${css.counts} tnum`}>{countWords(pool.observed.machines)}</span>
      <span className={css.line} data-role={toneRoles[line.tone]} data-tone={line.tone}>
        {toneIcons[line.tone]}
        <span>{line.text}</span>
      </span>
    </Link>
  );
}
