import type { Pool } from '@shared/pool';
import type { Session } from '@shared/session';
import { moment, settingSpan, timeWithSeconds } from '../../lib/clock';
import css from './Details.module.css';
import { expiryWords, isSuspended, suspends } from './lifeModel';
import { machineWords } from './machineModel';

/** What is known of the session, in words; ids in the form in which other tools want them. */
export function Details({ session, pool, now }: { session: Session; pool: Pool | undefined; now: number }) {
  const rows: [string, string, 'mono'?][] = [
    ['Session', session.sessionId, 'mono'],
    ['Computer', session.computerId, 'mono'],
    ['Machine', session.machineId ?? 'None', session.machineId ? 'mono' : undefined],
    ['Kind of machine', machineWords(session, pool) || 'None now'],
    ['Can be rewound', session.machine?.checkpoints ? 'Yes, to its checkpoints' : 'No'],
    ...(session.machine && !session.machine.guestAgent
      ? [['Inside', 'No in-guest agent: screen and keyboard only'] as [string, string]]
      : []),
    ['Pool', pool?.displayName ?? session.poolId],
    ['Agent, as it names itself', session.agent || 'Nothing yet'],
    ['Acquired by', session.caller],
    ['Started', timeWithSeconds(session.createdAt)],
    ['Last activity', timeWithSeconds(session.lastActivityAt)],
    ['Ended', session.endedAt ? timeWithSeconds(session.endedAt) : 'Not yet'],
    ...homeRows(session, now),
    [
      suspends(pool) ? 'Suspended when idle' : 'Released when idle',
      session.idleSeconds
        ? `After ${settingSpan(session.idleSeconds)}, as it was asked for`
        : pool
          ? `After ${settingSpan(pool.idle.afterSeconds)}`
          : 'As its pool says',
    ],
    [
      'Size',
      pool
        ? `${pool.size.cpus} CPU, ${pool.size.memoryMiB / 1024} GB, ${pool.size.width} × ${pool.size.height}`
        : 'As its pool says',
    ],
    [
      'Network',
      pool?.network.policy === 'open'
        ? 'Open'
        : pool?.network.policy === 'allowlist'
          ? `${pool.network.allow.length} addresses`
          : 'None',
    ],
    ['Change of hands', `Number ${session.control.epoch}`],
    ...Object.entries(session.labels).map(([name, value]): [string, string] => [`Label ${name}`, value]),
    ...(session.reason ? [['Reason', session.reason] as [string, string]] : []),
  ];
  return (
    <dl className={css.details}>
      {rows.map(([name, value, kind]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className={kind === 'mono' ? 'mono' : undefined}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Its home, and since when it has been without a machine. */
function homeRows(session: Session, now: number): [string, string, 'mono'?][] {
  const { home, suspendedAt } = session;
  return [
    ...(isSuspended(session)
      ? ([
          ['Suspended since', suspendedAt ? moment(suspendedAt, now) : 'Not known'],
          ['Expires when unused', expiryWords(session, now) ?? 'Never'],
        ] as [string, string][])
      : []),
    ...(home
      ? ([
          ['Home', home.homeId, 'mono'],
          ['When it ends, its home', home.keep ? 'Stays, for whoever acquires with its id' : 'Goes'],
        ] as [string, string, 'mono'?][])
      : []),
  ];
}
