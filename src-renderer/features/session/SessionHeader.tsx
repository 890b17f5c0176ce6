import type { Session } from '@shared/session';
import { ArrowLeft } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { age, clock } from '../../lib/clock';
import { isResuming, isSuspended } from './lifeModel';
import css from './SessionHeader.module.css';

const statusWords: Record<Session['status'], string> = {
  queued: 'Queued',
  acquiring: 'Starting',
  active: 'Active',
  idle: 'Suspended',
  releasing: 'Ending',
  released: 'Released',
  failed: 'Failed',
  expired: 'Expired',
};

/** Under a person's hold, or stopped, a session is not idle: the clock then says how long that is so. */
export function SessionHeader({
  session,
  poolName,
  machine,
  holding,
  now,
  menu,
}: {
  session: Session;
  poolName: string;
  /** What kind of machine it is on, in words; empty while there is none. */
  machine: string;
  holding: boolean;
  now: number;
  menu: ReactNode;
}) {
  const ended = session.endedAt === null ? null : Date.parse(session.endedAt);
  const held = session.control.kind === 'human' && ended === null;
  const stopped = session.frozen === true && ended === null;
  const asleep = isSuspended(session) || isResuming(session);
  const clockName = held ? 'Held' : stopped ? 'Stopped' : 'Idle';
  const facts: { name: string; value: string; clock?: boolean; wide?: boolean }[] = [
    { name: 'Pool', value: poolName, wide: true },
    ...(machine ? [{ name: 'Machine', value: machine, wide: true }] : []),
    session.agent ? { name: 'Agent', value: session.agent } : { name: 'Started for', value: session.caller },
    { name: 'Age', value: age((ended ?? now) - Date.parse(session.createdAt)), clock: true },
    ...(ended !== null || session.status === 'queued'
      ? []
      : asleep
        ? [
            {
              name: 'Suspended',
              value: age(now - Date.parse(session.suspendedAt ?? session.lastActivityAt)),
              clock: true,
            },
          ]
        : [
            {
              name: clockName,
              value: clock(now - Date.parse(held || stopped ? session.control.since : session.lastActivityAt)),
              clock: true,
            },
          ]),
    {
      name: 'Status',
      value: stopped ? 'Stopped' : isResuming(session) ? 'Resuming' : statusWords[session.status],
      wide: true,
    },
    ...(held && !holding ? [{ name: 'Holds it', value: session.control.holder ?? '' }] : []),
  ];
  return (
    <header className={css.header}>
      <Link href="/wall" className={css.back} aria-label="Back to the wall" title="Back to the wall">
        <ArrowLeft size={18} />
      </Link>
      <h1 className="clip" title={session.name}>
        {session.name}
      </h1>
      <dl className={css.facts}>
        {facts.map((fact) => (
          <div key={fact.name} data-wide={fact.wide || undefined} data-clock={fact.clock || undefined}>
            <dt>{fact.name}</dt>
            <dd className={fact.clock ? 'tnum' : 'clip'} title={fact.value}>
              {fact.value}
            </dd>
          </div>
        ))}
      </dl>
      <div className={css.menu}>{menu}</div>
    </header>
  );
}
