import type { Session } from '@shared/session';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Check, Hourglass, SearchX, TriangleAlert } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'wouter';
import { call, messageOf } from '../../lib/api';
import { moment } from '../../lib/clock';
import { keys, usePools } from '../../lib/queries';
import { useNow } from '../../lib/useNow';
import { capital, count } from '../../lib/words';
import { Button } from '../../ui/Button';
import { Notice } from '../../ui/Notice';
import { SearchField } from '../../ui/SearchField';
import { Spinner } from '../../ui/Spinner';
import { ViewHeader } from '../../ui/ViewHeader';
import css from './EndedView.module.css';
import { endedSessions, endWords, lived } from './ended';

const pageSize = 100;

/** Sessions that are over, newest first: their timelines can still be read. */
export function EndedView() {
  const pools = usePools().data ?? [];
  const now = useNow();
  const [query, setQuery] = useState('');
  const pages = useInfiniteQuery({
    queryKey: keys.ended,
    queryFn: ({ pageParam }) =>
      call('sessions.list', { live: false, limit: pageSize, ...(pageParam ? { before: pageParam } : {}) }),
    initialPageParam: '',
    getNextPageParam: (page) => (page.has_more ? (page.last_id ?? undefined) : undefined),
    staleTime: 0,
  });
  const list = endedSessions(pages.data?.pages ?? [], query);
  return (
    <div className={css.view}>
      <ViewHeader
        title="Ended sessions"
        summary={
          list.length > 0 ? `${capital(count(list.length, 'session'))}${pages.hasNextPage ? ' so far' : ''}` : undefined
        }
      >
        <SearchField label="Find an ended session" value={query} onChange={setQuery} />
        <Link href="/wall" className={css.back}>
          Live sessions
        </Link>
      </ViewHeader>
      <div className={css.body}>
        {pages.error ? (
          <Notice
            icon={<TriangleAlert />}
            tone="trouble"
            title="The sessions can't be listed"
            actions={<Button onClick={() => void pages.refetch()}>Try again</Button>}
          >
            {messageOf(pages.error)}
          </Notice>
        ) : (
          pages.data &&
          list.length === 0 && (
            <Notice
              icon={<SearchX />}
              title={query ? 'No ended session matches' : 'No session has ended yet'}
              actions={query ? <Button onClick={() => setQuery('')}>Show all</Button> : undefined}
            >
              {query
                ? `Nothing in what is loaded is called “${query}”.`
                : 'A session that ends is kept here with its timeline.'}
            </Notice>
          )
        )}
        {list.length > 0 && (
          <section className={css.card} aria-label="Ended sessions">
            <table className={css.table}>
              <thead>
                <tr>
                  <th scope="col">Session</th>
                  <th scope="col">Agent</th>
                  <th scope="col">Pool</th>
                  <th scope="col">How it ended</th>
                  <th scope="col">Lived</th>
                  <th scope="col">Ended</th>
                </tr>
              </thead>
              <tbody>
                {list.map((session) => (
                  <tr key={session.sessionId}>
                    <th scope="row" className="clip">
                      <Link href={`/session/${session.sessionId}`} title={session.name}>
                        {session.name}
                      </Link>
                    </th>
                    <td className="clip" title={session.agent}>
                      {session.agent || 'None'}
                    </td>
                    <td className="clip">
                      {pools.find((pool) => pool.id === session.poolId)?.displayName ?? session.poolId}
                    </td>
                    <td className="clip" title={session.reason ?? undefined}>
                      <End session={session} />
                    </td>
                    <td className="tnum">{lived(session)}</td>
                    <td className="tnum">{session.endedAt && moment(session.endedAt, now)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        )}
        {pages.hasNextPage && (
          <Button
            className={css.more}
            disabled={pages.isFetchingNextPage}
            icon={pages.isFetchingNextPage ? <Spinner /> : undefined}
            onClick={() => void pages.fetchNextPage()}
          >
            Show older ones
          </Button>
        )}
      </div>
    </div>
  );
}

function End({ session }: { session: Session }) {
  const end = endWords[session.status];
  return (
    <span className={css.end} data-role={end?.role ?? 'nobody'}>
      {session.status === 'failed' ? (
        <TriangleAlert size={16} aria-hidden />
      ) : session.status === 'expired' ? (
        <Hourglass size={16} aria-hidden />
      ) : (
        <Check size={16} aria-hidden />
      )}
      <span className="clip">
        <b>{end?.word ?? 'Ending'}</b>
        {session.reason && `, ${session.reason.charAt(0).toLowerCase()}${session.reason.slice(1)}`}
      </span>
    </span>
  );
}
