import type { Attention } from '@shared/action';
import type { Session } from '@shared/session';
import { Flag, HeartCrack, Hourglass } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { age, clock, timeOfDay } from '../../lib/clock';
import { useLive } from '../../lib/stores';
import { Kbd } from '../../ui/Kbd';
import css from './Aside.module.css';

const icons: Record<Attention['kind'], ReactNode> = {
  help: <Flag size={16} aria-hidden />,
  machine: <HeartCrack size={16} aria-hidden />,
  hold: <Hourglass size={16} aria-hidden />,
};

/** What waits for a person, and what just changed hands. */
export function Aside({
  attention,
  sessions,
  now,
  close,
}: {
  attention: readonly Attention[];
  sessions: readonly Session[];
  now: number;
  close: ReactNode;
}) {
  const happened = useLive((state) => state.happened);
  const waiting = attention.filter((each) => each.state === 'waiting');
  const nameOf = (each: Attention) =>
    sessions.find((session) => session.sessionId === each.sessionId)?.name ?? each.title;
  return (
    <aside className={css.aside} aria-label="Waits for you">
      <header>
        <h2>Waits for you</h2>
        {close}
      </header>
      {waiting.length === 0 && <p className={css.none}>Nothing waits for you now.</p>}
      <ul>
        {waiting.map((each) => (
          <li key={each.id}>
            <Link
              href={`/attention/${each.id}`}
              className={css.call}
              data-role={each.kind === 'hold' ? 'you' : 'trouble'}
            >
              {icons[each.kind]}
              <span>
                <span className={css.top}>
                  <b className="clip">{nameOf(each)}</b>
                  <b className={`${css.time} tnum`}>{waitWords(each, now)}</b>
                </span>
                <span className={css.why}>{each.kind === 'help' ? `“${each.why}”` : each.title}</span>
              </span>
            </Link>
          </li>
        ))}
      </ul>
      {waiting.length > 0 && (
        <div className={css.through}>
          <Link href="/attention">
            Work through them <Kbd keys="N" />
          </Link>
        </div>
      )}
      {happened.length > 0 && (
        <section className={css.happened}>
          <h3>Just happened</h3>
          <ul>
            {happened.map((each, index) => (
              <li key={`${each.at}-${index}`}>
                <time className="tnum">{timeOfDay(each.at)}</time>
                <Link href={`/session/${each.sessionId}`} className={css.words}>
                  {each.words}
                </Link>
              </li>
            ))}
          </ul>
        </section>
      )}
    </aside>
  );
}

function waitWords(each: Attention, now: number): string {
  if (each.deadline) return `${clock(Date.parse(each.deadline) - now)} left`;
  const since = now - Date.parse(each.at);
  return since < 3_600_000 ? clock(since) : age(since);
}
