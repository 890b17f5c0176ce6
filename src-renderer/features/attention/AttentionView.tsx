import type { Attention } from '@shared/action';
import type { Session } from '@shared/session';
import { ArrowLeft, CheckCheck, Flag, HeartCrack, Hourglass, TriangleAlert } from 'lucide-react';
import { useEffect, useState, type ReactNode } from 'react';
import { useLocation } from 'wouter';
import { typingInto } from '../../app/useShortcuts';
import { messageOf } from '../../lib/api';
import { age, clock } from '../../lib/clock';
import { useAttention, usePools, useSessions } from '../../lib/queries';
import { useNow } from '../../lib/useNow';
import { Button } from '../../ui/Button';
import { Kbd } from '../../ui/Kbd';
import { Notice } from '../../ui/Notice';
import { ViewHeader } from '../../ui/ViewHeader';
import { AttentionDetail } from './AttentionDetail';
import css from './AttentionView.module.css';
import { byUrgency, kindWords, move, queue, urgencyWords } from './model';

const icons: Record<Attention['kind'], ReactNode> = {
  help: <Flag size={16} />,
  machine: <HeartCrack size={16} />,
  hold: <Hourglass size={16} />,
};

/** `asked`: the call to begin with, from the address; otherwise the most urgent. */
export function AttentionView({ asked }: { asked: string | null }) {
  const attention = useAttention();
  const sessions = useSessions().data ?? [];
  const now = useNow();
  const [, go] = useLocation();
  const [chosen, setChosen] = useState<string | null>(asked);
  // On a narrow window either the list or the detail is shown.
  const [opened, setOpened] = useState(asked !== null);
  const calls = queue(attention.data ?? []);
  const current = calls.find((each) => each.id === chosen) ?? calls[0];
  const currentId = current?.id ?? null;
  // What somebody reads, or writes an answer to, stays in front of them when a more urgent call comes in above it.
  if (currentId !== null && currentId !== chosen) setChosen(currentId);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (
        event.ctrlKey ||
        event.altKey ||
        event.metaKey ||
        typingInto(event.target) ||
        document.querySelector('[role=dialog]')
      )
        return;
      const key = event.key.toLowerCase();
      const step = key === 'j' ? 'down' : key === 'k' ? 'up' : key === 'n' ? 'next' : null;
      if (step) setChosen(move(calls, current?.id ?? null, step));
      else if (
        event.key === 'Enter' &&
        current?.sessionId &&
        !(event.target instanceof HTMLElement && event.target.closest('button, a'))
      )
        go(`/session/${current.sessionId}`);
      else return;
      event.preventDefault();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  });

  useEffect(() => {
    document.querySelector(`[data-call="${current?.id}"]`)?.scrollIntoView({ block: 'nearest' });
  }, [current?.id]);

  return (
    <div className={css.view} data-opened={opened || undefined}>
      <ViewHeader
        title="Attention"
        summary={calls.length > 0 ? `${calls.length} ${calls.length === 1 ? 'waits' : 'wait'} for you` : undefined}
      />
      {attention.error ? (
        <div className={css.pad}>
          <Notice
            icon={<TriangleAlert />}
            tone="trouble"
            title="The queue can't be read"
            actions={<Button onClick={() => void attention.refetch()}>Try again</Button>}
          >
            {messageOf(attention.error)} Agents that wait go on waiting.
          </Notice>
        </div>
      ) : calls.length === 0 ? (
        attention.data && (
          <div className={css.pad}>
            <Notice
              icon={<CheckCheck />}
              title="Nothing waits for you"
              actions={<Button onClick={() => go('/wall')}>Go to the wall</Button>}
            >
              When an agent asks for a person it shows up here, and as a notification.
            </Notice>
          </div>
        )
      ) : (
        <div className={css.columns}>
          <div className={css.list}>
            <div className={css.scroll}>
              {byUrgency(calls).map((group) => (
                <section key={group.urgency} aria-label={urgencyWords[group.urgency]}>
                  <h2>
                    {urgencyWords[group.urgency]} <span className="tnum">{group.calls.length}</span>
                  </h2>
                  {group.calls.map((each) => (
                    <Item
                      key={each.id}
                      call={each}
                      session={sessions.find((session) => session.sessionId === each.sessionId)}
                      current={each === current}
                      now={now}
                      onOpen={() => {
                        setChosen(each.id);
                        setOpened(true);
                      }}
                    />
                  ))}
                </section>
              ))}
            </div>
            <footer className={css.keys}>
              <Kbd keys="J K" /> Move <Kbd keys="Enter" /> Open <Kbd keys="N" /> Next
            </footer>
          </div>
          {current && (
            <div className={css.detail}>
              <Button
                kind="quiet"
                size="row"
                className={css.back}
                icon={<ArrowLeft size={16} />}
                onClick={() => setOpened(false)}
              >
                All that wait
              </Button>
              <AttentionDetail
                key={current.id}
                call={current}
                session={sessions.find((session) => session.sessionId === current.sessionId)}
                now={now}
              />
            </div>
          )}
        </div>
      )}
    </div>
  );
}

function Item({
  call,
  session,
  current,
  now,
  onOpen,
}: {
  call: Attention;
  session: Session | undefined;
  current: boolean;
  now: number;
  onOpen(): void;
}) {
  const pool = usePools().data?.find(({ id }) => id === call.poolId);
  const left = call.deadline === null ? null : Date.parse(call.deadline) - now;
  const since = now - Date.parse(call.at);
  return (
    <button
      type="button"
      className={css.item}
      data-role={call.kind === 'hold' ? 'you' : 'trouble'}
      data-call={call.id}
      aria-current={current || undefined}
      onClick={onOpen}
    >
      <span className={css.icon}>{icons[call.kind]}</span>
      <span className={css.words}>
        <span className={css.top}>
          <b>{call.state === 'taken' ? `${kindWords[call.kind]}, taken` : kindWords[call.kind]}</b>
          <span className="tnum" data-left={left !== null || undefined}>
            {left !== null ? `${clock(left)} left` : `${since < 3_600_000 ? clock(since) : age(since)} ago`}
          </span>
        </span>
        <b className="clip">{call.title}</b>
        <span className={css.why}>{call.why}</span>
        <small className="clip">
          {session
            ? [session.name, session.agent].filter(Boolean).join(', ')
            : (pool?.displayName ?? call.poolId ?? '')}
        </small>
      </span>
    </button>
  );
}
