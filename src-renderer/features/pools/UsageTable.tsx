import type { UsageReport } from '@shared/usage';
import { Download } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'wouter';
import { call, messageOf } from '../../lib/api';
import { useUsage } from '../../lib/queries';
import { useNow } from '../../lib/useNow';
import { Button } from '../../ui/Button';
import { ErrorLine } from '../../ui/ErrorLine';
import { Segmented } from '../../ui/Segmented';
import { bytes, periods, usageQuery, used, type Period } from './usageModel';
import css from './UsageTable.module.css';

/** What there is room for; the file has all. */
const shown = 8;

/** What the sessions of a pool used, and a way to take it elsewhere. */
export function UsageTable({ poolId }: { poolId: string }) {
  const now = useNow();
  const [period, setPeriod] = useState<Period>('7');
  const [by, setBy] = useState<'session' | 'caller'>('caller');
  const [failure, setFailure] = useState<string | null>(null);
  const query = usageQuery(poolId, period, by, now);
  const report = useUsage(query);
  const rows = report.data?.rows ?? [];
  const save = async () => {
    setFailure(null);
    try {
      await call('usage.exportCsv', query);
    } catch (error) {
      setFailure(messageOf(error));
    }
  };
  const error = failure ?? (report.error ? messageOf(report.error) : null);
  return (
    <section className={css.card} aria-label="Usage">
      <header className={css.head}>
        <h3>Usage</h3>
        <Segmented label="Period" value={period} segments={periods} onChange={setPeriod} />
        <Segmented
          label="Group by"
          value={by}
          segments={[
            { value: 'caller', label: 'Callers' },
            { value: 'session', label: 'Sessions' },
          ]}
          onChange={setBy}
        />
        <Button size="row" icon={<Download size={14} />} onClick={() => void save()}>
          Export CSV
        </Button>
      </header>
      {error && <ErrorLine>{error}</ErrorLine>}
      {report.data && rows.length === 0 && <p className={css.none}>Nothing was used in this time.</p>}
      {report.data && rows.length > 0 && (
        <table className={css.table}>
          <thead>
            <tr>
              <th scope="col">{by === 'session' ? 'Session' : 'Caller'}</th>
              {by === 'caller' && <th scope="col">Sessions</th>}
              <th scope="col">Total</th>
              <th scope="col">Active</th>
              <th scope="col">Held</th>
              <th scope="col">Paused</th>
              <th scope="col">Suspended</th>
              <th scope="col">Calls</th>
              <th scope="col">Stored</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, shown).map((row) => (
              <tr key={row.key}>
                <th scope="row" className="clip" title={row.name}>
                  {by === 'session' ? <Link href={`/session/${row.key}`}>{row.name || row.key}</Link> : row.name}
                </th>
                {by === 'caller' && <td className="tnum">{row.sessions}</td>}
                <Measured of={row} />
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">{rows.length > shown ? `All ${rows.length}` : 'Total'}</th>
              {by === 'caller' && <td className="tnum">{report.data.total.sessions}</td>}
              <Measured of={report.data.total} />
            </tr>
          </tfoot>
        </table>
      )}
    </section>
  );
}

function Measured({ of }: { of: UsageReport['total'] }) {
  return (
    <>
      {[of.wallMs, of.activeMs, of.heldMs, of.pausedMs, of.suspendedMs].map((ms, index) => (
        <td key={index} className="tnum">
          {used(ms)}
        </td>
      ))}
      <td className="tnum">{of.calls}</td>
      <td className="tnum">{bytes(of.recordBytes + of.checkpointBytes)}</td>
    </>
  );
}
