import { Info, OctagonPause } from 'lucide-react';
import { useInfo, usePools, useSessions, useStats } from '../lib/queries';
import { capital, count, gigabytes } from '../lib/words';
import { Kbd } from '../ui/Kbd';
import { Tooltip } from '../ui/Tooltip';
import { useUi } from '../lib/stores';
import css from './StatusBar.module.css';
import { stopAll } from './stopAll';
import { stopState } from './stopModel';

export function StatusBar() {
  const info = useInfo().data;
  const stats = useStats();
  const sessions = useSessions().data;
  const pools = usePools().data;
  const setPalette = useUi((state) => state.setPalette);
  const warm = pools?.reduce((sum, pool) => sum + pool.observed.machines.ready, 0) ?? 0;
  const running = stopState(sessions ?? []).running;
  const down = stats.isError;
  const notices = info?.notices ?? [];
  return (
    <footer className={css.bar}>
      <span className={css.item}>
        <span className={css.lamp} data-role={down ? 'trouble' : 'fine'} aria-hidden />
        {down ? 'No answer from the broker' : 'Broker running'}
      </span>
      {info && <span className={`${css.item} ${css.address}`}>{info.url.replace(/^https?:\/\//, '')}</span>}
      {sessions && pools && (
        <span className={`${css.item} tnum`}>
          {pools.length === 0
            ? 'No pools yet'
            : `${capital(count(sessions.length, 'session'))}, ${count(warm, 'warm machine')}`}
        </span>
      )}
      {notices.length > 0 && (
        <Tooltip text={notices.join('. ')} side="top">
          <button type="button" className={css.notice}>
            <Info size={12} aria-hidden />
            {info?.unofficialRuntime
              ? 'Evaluation runtime'
              : info?.sandboxed
                ? 'Virtual display'
                : 'Window not sandboxed'}
          </button>
        </Tooltip>
      )}
      <span className={css.gap} />
      {stats.data && (
        <>
          <span className={`${css.item} tnum`}>CPU {Math.round(stats.data.cpuPercent)} %</span>
          <span className={`${css.item} ${css.readout} tnum`}>
            Memory {gigabytes(stats.data.memoryUsedBytes).replace(' GB', '')} of{' '}
            {gigabytes(stats.data.memoryTotalBytes)}
          </span>
          <span className={`${css.item} ${css.readout} tnum`}>Disk {gigabytes(stats.data.diskFreeBytes)} free</span>
        </>
      )}
      <Tooltip
        text="Every session at once: nobody acts and no computer runs. Nothing is lost, they go on when you say so"
        side="top"
      >
        <button type="button" className={css.stop} disabled={running === 0} onClick={() => void stopAll()}>
          <OctagonPause size={14} aria-hidden />
          Stop everything
          <Kbd keys="Ctrl Shift ." />
        </button>
      </Tooltip>
      <button type="button" className={css.commands} onClick={() => setPalette(true)}>
        <Kbd keys="Ctrl K" />
        Commands
      </button>
    </footer>
  );
}
