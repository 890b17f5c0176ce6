import type { Attention } from '@shared/action';
import type { Session } from '@shared/session';
import { EyeOff, Maximize2, ShipWheel, Stethoscope } from 'lucide-react';
import { useEffect } from 'react';
import { Link, useLocation } from 'wouter';
import { call as ask } from '../../lib/api';
import { clock, timeOfDay, timeWithSeconds } from '../../lib/clock';
import { thumbUrl } from '../../lib/pictures';
import { useMachines, usePools } from '../../lib/queries';
import { useLive } from '../../lib/stores';
import { Button } from '../../ui/Button';
import { ErrorLine } from '../../ui/ErrorLine';
import { Words } from '../../ui/Words';
import { AnswerForm } from '../session/AnswerHelp';
import { useControl } from '../session/useControl';
import { CropImage } from '../timeline/CropImage';
import { useActions } from '../timeline/useTimeline';
import css from './AttentionDetail.module.css';

const pictureWidth = 640;

/** One call: the screen as it is now, why the agent asks, what led there, an answer in words or the wheel. */
export function AttentionDetail({
  call,
  session,
  now,
}: {
  call: Attention;
  session: Session | undefined;
  now: number;
}) {
  const [, go] = useLocation();
  const pool = usePools().data?.find((each) => each.id === (session?.poolId ?? call.poolId));
  const control = useControl(call.sessionId ?? '', session?.control.epoch ?? 0);
  const take = async () => {
    if (session && (await control.act({ action: 'take' }))) go(`/session/${session.sessionId}`);
  };
  return (
    <article className={css.detail} aria-label={call.title}>
      <div className={css.scroll}>
        <h2>{call.title}</h2>
        <p className={css.facts}>
          {session && <span>{session.name}</span>}
          {pool && <span>{pool.displayName}</span>}
          <span className="tnum">
            {call.kind === 'machine' ? 'since' : 'asked'} {timeWithSeconds(call.at)}
          </span>
          {call.deadline && <b className="tnum">{clock(Date.parse(call.deadline) - now)} left</b>}
        </p>
        <div className={css.columns}>
          {session && <Picture session={session} />}
          <div className={css.side}>
            <h3>{call.kind === 'machine' ? 'What happened' : 'Why you are asked'}</h3>
            <p className={css.why}>{call.kind === 'machine' ? call.why : `“${call.why}”`}</p>
            {call.personNote && (
              <div className={css.note}>
                <span>
                  <EyeOff size={14} aria-hidden /> Only you see this, the agent does not
                </span>
                <strong>{call.personNote}</strong>
              </div>
            )}
            {call.kind === 'help' && call.state === 'waiting' && (
              <AnswerForm help={call} autoFocus={false} onDone={() => undefined} />
            )}
            {call.state === 'taken' && <p className={css.dim}>{call.answeredBy ?? 'Somebody'} has taken it.</p>}
          </div>
        </div>
        {call.kind === 'machine' && call.poolId && <LookAtIt poolId={call.poolId} title={call.title} />}
        {session && (
          <Before sessionId={session.sessionId} size={session.screen ?? pool?.size ?? { width: 1280, height: 800 }} />
        )}
        {control.failure && <ErrorLine>{control.failure}</ErrorLine>}
      </div>
      {session && (
        <footer className={css.foot}>
          <Button
            kind="take"
            size="bar"
            icon={<ShipWheel size={18} />}
            disabled={control.busy}
            onClick={() => void take()}
          >
            Take control
          </Button>
          <Link href={`/session/${session.sessionId}`} className={css.open}>
            <Maximize2 size={16} aria-hidden /> Open the session
          </Link>
        </footer>
      )}
    </article>
  );
}

/** A machine that was set aside is looked at where its pool is; gone, there is nothing to look at. */
function LookAtIt({ poolId, title }: { poolId: string; title: string }) {
  const machine = useMachines(poolId).data?.find((each) => title.includes(each.machineId));
  if (!machine) return null;
  return (
    <Link href={`/pools/${poolId}/${machine.machineId}`} className={`${css.open} ${css.look}`}>
      <Stethoscope size={16} aria-hidden /> Look at the machine
    </Link>
  );
}

function Picture({ session }: { session: Session }) {
  const { sessionId } = session;
  const version = useLive((state) => state.thumbs[sessionId]);
  useEffect(() => {
    // Without it the picture is an old one; the next look tells again.
    ask('screen.watchThumbnails', { sessionIds: [sessionId], width: pictureWidth }).catch(() => undefined);
    return () => {
      ask('screen.watchThumbnails', { sessionIds: [], width: pictureWidth }).catch(() => undefined);
    };
  }, [sessionId]);
  return (
    <figure className={css.picture}>
      {version === undefined ? (
        <span>No picture yet</span>
      ) : (
        <img src={thumbUrl(sessionId, version, pictureWidth)} alt={`The screen of ${session.name} now`} />
      )}
      <figcaption>The screen now.</figcaption>
    </figure>
  );
}

function Before({ sessionId, size }: { sessionId: string; size: { width: number; height: number } }) {
  const { actions } = useActions(sessionId);
  const last = actions
    .filter((action) => action.actor.kind === 'agent' && action.point && (action.frameBefore ?? action.frameAfter))
    .slice(-4);
  if (last.length === 0) return null;
  return (
    <section className={css.before}>
      <h3>Before this</h3>
      <ul>
        {last.map((action) => (
          <li key={action.id} data-role="agent">
            {action.point && (
              <CropImage
                hash={action.frameBefore ?? action.frameAfter ?? ''}
                point={action.point}
                screen={size}
                width={136}
                height={80}
              />
            )}
            <p>
              <Words text={action.words} />
            </p>
            <time className="tnum">{timeOfDay(action.at)}</time>
          </li>
        ))}
      </ul>
    </section>
  );
}
