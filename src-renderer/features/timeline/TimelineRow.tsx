import type { Action } from '@shared/action';
import type { Checkpoint } from '@shared/checkpoint';
import {
  Ban,
  Check,
  CircleAlert,
  Flag,
  OctagonPause,
  Pause,
  Play,
  ShipWheel,
  Hourglass,
  Undo2,
  UserRound,
} from 'lucide-react';
import type { ReactNode } from 'react';
import { clock, timeOfDay, timeWithSeconds } from '../../lib/clock';
import { useNow } from '../../lib/useNow';
import { Words } from '../../ui/Words';
import { CheckpointRow } from './CheckpointRow';
import { CropImage } from './CropImage';
import {
  factTitle,
  heldWords,
  helpEnd,
  outcomeLine,
  roleOf,
  rowWords,
  type ControlFact,
  type OutcomeTone,
  type Row,
} from './model';
import css from './TimelineRow.module.css';

const toneIcons: Record<OutcomeTone, ReactNode> = {
  done: <Check size={14} aria-hidden />,
  now: <span className={css.dot} aria-hidden />,
  waits: <Hourglass size={14} aria-hidden />,
  failed: <CircleAlert size={14} aria-hidden />,
  refused: <Ban size={14} aria-hidden />,
};
const factIcons: Record<ControlFact, ReactNode> = {
  taken: <ShipWheel size={16} aria-hidden />,
  handedBack: <ShipWheel size={16} aria-hidden />,
  given: <ShipWheel size={16} aria-hidden />,
  other: <UserRound size={16} aria-hidden />,
  paused: <Pause size={16} aria-hidden />,
  stopped: <OctagonPause size={16} aria-hidden />,
  resumed: <Play size={16} aria-hidden />,
  lapsed: <Hourglass size={16} aria-hidden />,
};

export interface TimelineRowProps {
  row: Row;
  size: { width: number; height: number };
  me: string;
  last: boolean;
  /** When the present hold began; a block that is still current counts from there. */
  holdSince: string | null;
  onOpen(action: Action): void;
  /** Of a row that tells of one, while it is there. */
  checkpoint?: Checkpoint | undefined;
  onRewind?: ((checkpoint: Checkpoint) => void) | undefined;
}

export function TimelineRow({ row, size, me, last, holdSince, onOpen, checkpoint, onRewind }: TimelineRowProps) {
  if (row.kind === 'marker' || row.kind === 'checkpoint')
    return <CheckpointRow row={row} me={me} checkpoint={checkpoint} onRewind={onRewind} />;
  const { action } = row;
  const role = roleOf(action, me);
  const time = (
    <time className={`${css.time} tnum`} dateTime={action.at} title={timeWithSeconds(action.at)}>
      {timeOfDay(action.at)}
    </time>
  );
  if (row.kind === 'control') {
    const blockRole =
      row.fact === 'paused' || row.fact === 'stopped' || row.fact === 'lapsed' || role === 'nobody' ? 'nobody' : role;
    return (
      <div className={css.block} data-role={blockRole}>
        {time}
        <div className={css.body}>
          <h3 className={css.title}>
            {factIcons[row.fact]}
            <span>{factTitle(row, me)}</span>
            {row.current && holdSince ? (
              <Running since={holdSince} />
            ) : (
              row.heldMs !== null && <b className="tnum">{heldWords(row.heldMs)}</b>
            )}
          </h3>
          {row.note && <p>“{row.note}”</p>}
        </div>
      </div>
    );
  }
  if (row.kind === 'help') {
    const why = typeof action.arguments['why'] === 'string' ? action.arguments['why'] : null;
    const end = helpEnd(action);
    return (
      <button type="button" className={css.block} data-role="trouble" data-edge="agent" onClick={() => onOpen(action)}>
        {time}
        <span className={css.body}>
          <span className={css.title}>
            <Flag size={16} aria-hidden />
            <span>Agent asked for a person</span>
          </span>
          <span className={css.text}>{why ? `“${why}”` : <Words text={action.words} />}</span>
          {end && (
            <span className={css.outcome} data-tone={end.tone}>
              {toneIcons[end.tone]}
              <span>{end.text}</span>
            </span>
          )}
        </span>
      </button>
    );
  }
  const outcome = outcomeLine(action, row, me);
  const undone = row.kind === 'action' && row.undone;
  const frame = action.frameBefore ?? action.frameAfter;
  return (
    <button
      type="button"
      className={css.row}
      data-role={outcome?.tone === 'refused' || outcome?.tone === 'failed' ? 'trouble' : role}
      data-edge={role}
      data-tone={outcome?.tone}
      data-last={last || undefined}
      data-undone={undone || undefined}
      onClick={() => onOpen(action)}
    >
      {time}
      <span className={css.body}>
        <span className={css.text}>
          <Words text={rowWords(action, me)} />
        </span>
        {undone ? (
          <span className={css.outcome}>
            <Undo2 size={14} aria-hidden />
            <span>Undone</span>
          </span>
        ) : (
          outcome && (
            <span className={css.outcome} data-tone={outcome.tone}>
              {toneIcons[outcome.tone]}
              <span className="tnum">{outcome.text}</span>
            </span>
          )
        )}
      </span>
      {action.point && frame && row.kind === 'action' && (
        <CropImage hash={frame} point={action.point} screen={size} width={96} height={60} className={css.crop} />
      )}
    </button>
  );
}

function Running({ since }: { since: string }) {
  const now = useNow();
  return <b className="tnum">{clock(now - Date.parse(since))}</b>;
}
