import type { Action } from '@shared/action';
import { Moon } from 'lucide-react';
import { memo } from 'react';
import { Link } from 'wouter';
import { frameUrl, thumbUrl } from '../../lib/pictures';
import { useLive } from '../../lib/stores';
import { flagIcons } from '../session/ControlBar';
import type { Tile } from './model';
import css from './TileCard.module.css';

const lastFrameOf = (action: Action | undefined) => action?.frameAfter ?? action?.frameBefore ?? null;

/** One session on the wall: who acts (frame, icon and word), the live picture, the last action, the clocks. */
export const TileCard = memo(function TileCard({ tile, width }: { tile: Tile; width: number }) {
  const { session } = tile;
  const version = useLive((state) => state.thumbs[session.sessionId]);
  // A suspended session has no screen: the record's last picture stands for it, and asking for it wakes nobody.
  const frame = useLive((state) => tile.asleep !== null && lastFrameOf(state.latest[session.sessionId]));
  const picture = frame ? frameUrl(frame) : version === undefined ? null : thumbUrl(session.sessionId, version, width);
  return (
    <Link
      href={`/session/${session.sessionId}`}
      className={css.tile}
      data-role={tile.role}
      data-session={session.sessionId}
      data-asleep={tile.asleep !== null || undefined}
      aria-label={`${session.name}, ${session.agent || 'no agent'}, ${tile.word}, ${tile.line}, ${tile.clock}`}
    >
      <span className={css.flag}>
        {flagIcons[tile.icon]}
        <span className="clip">{tile.word}</span>
      </span>
      <span className={css.picture}>
        {picture === null ? (
          tile.asleep === null && <span className={css.none}>No picture yet</span>
        ) : (
          <img src={picture} alt="" draggable={false} decoding="sync" />
        )}
        {tile.asleep !== null && (
          <span className={css.asleep}>
            <Moon size={20} aria-hidden />
            <span className="tnum">since {tile.asleep}</span>
          </span>
        )}
      </span>
      <span className={css.line}>
        <b className="clip">{session.name}</b>
        <span className={`${css.agent} clip`}>{session.agent}</span>
        <span className={`${css.clock} tnum`}>{tile.age}</span>
      </span>
      <span className={css.line}>
        <span className={`${css.words} clip`}>{tile.line}</span>
        <span className={`${css.clock} tnum`} data-help={tile.icon === 'help' || undefined}>
          {tile.clock}
        </span>
      </span>
    </Link>
  );
});
