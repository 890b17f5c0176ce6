import { memo } from 'react';
import { Link } from 'wouter';
import { thumbUrl } from '../../lib/pictures';
import { useLive } from '../../lib/stores';
import { flagIcons } from '../session/ControlBar';
import type { Tile } from './model';
import css from './TileCard.module.css';

/** One session on the wall: who acts (frame, icon and word), the live picture, the last action, the clocks. */
export const TileCard = memo(function TileCard({ tile, width }: { tile: Tile; width: number }) {
  const { session } = tile;
  const version = useLive((state) => state.thumbs[session.sessionId]);
  return (
    <Link
      href={`/session/${session.sessionId}`}
      className={css.tile}
      data-role={tile.role}
      data-session={session.sessionId}
      aria-label={`${session.name}, ${session.agent || 'no agent'}, ${tile.word}, ${tile.line}, ${tile.clock}`}
    >
      <span className={css.flag}>
        {flagIcons[tile.icon]}
        <span className="clip">{tile.word}</span>
      </span>
      <span className={css.picture}>
        {version === undefined ? (
          <span className={css.none}>No picture yet</span>
        ) : (
          <img src={thumbUrl(session.sessionId, version, width)} alt="" draggable={false} decoding="sync" />
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
