import type { Checkpoint } from '@shared/checkpoint';
import { CircleAlert, Ellipsis, GitBranch, Rewind, Trash2 } from 'lucide-react';
import { age, timeWithSeconds } from '../../lib/clock';
import { cropUrl } from '../../lib/pictures';
import { Button, IconButton } from '../../ui/Button';
import { Menu, MenuItem } from '../../ui/Menu';
import { Spinner } from '../../ui/Spinner';
import css from './CheckpointCard.module.css';
import { causeWords, sinceWords, sizeWords, type Since } from './model';

export type CheckpointVerb = 'rewind' | 'branch' | 'remove';

export interface CheckpointCardProps {
  checkpoint: Checkpoint;
  size: { width: number; height: number };
  since: Since | null;
  me: string;
  now: number;
  /** False while another is saved or gone back to, and once the session has ended. */
  enabled: boolean;
  onAsk(verb: CheckpointVerb, checkpoint: Checkpoint): void;
}

const shown = { width: 120, height: 75 };

/** One saved moment: its picture, why and when it was made, what going back would undo, and the ways back. */
export function CheckpointCard({ checkpoint, size, since, me, now, enabled, onAsk }: CheckpointCardProps) {
  const { state, name } = checkpoint;
  const made = now - Date.parse(checkpoint.createdAt);
  return (
    <article
      className={css.card}
      data-state={state}
      data-role={state === 'failed' ? 'trouble' : 'nobody'}
      aria-label={name}
    >
      <Picture checkpoint={checkpoint} size={size} />
      <div className={css.body}>
        <h3 className="clip" title={name}>
          {name}
        </h3>
        <p>{causeWords(checkpoint, me)}</p>
        <p className="tnum">
          <time dateTime={checkpoint.createdAt} title={timeWithSeconds(checkpoint.createdAt)}>
            {age(made)} old
          </time>
          {checkpoint.bytes !== null && `, ${sizeWords(checkpoint.bytes)}`}
        </p>
        {state === 'ready' && since && <p className="tnum">{sinceWords(since)}</p>}
      </div>
      {state === 'saving' && (
        <p className={css.wide} role="status">
          <Spinner /> Being saved: the screen stands still for about a second
        </p>
      )}
      {state === 'failed' && (
        <p className={css.wide} role="alert">
          <CircleAlert size={16} aria-hidden />{' '}
          <span>Not saved. {checkpoint.reason ?? 'The reason is not known.'}</span>
        </p>
      )}
      <div className={css.actions}>
        {state === 'ready' && (
          <>
            <Button
              size="row"
              icon={<Rewind size={14} />}
              disabled={!enabled}
              aria-label={`Rewind to ${name}…`}
              onClick={() => onAsk('rewind', checkpoint)}
            >
              Rewind…
            </Button>
            <Button
              size="row"
              kind="quiet"
              icon={<GitBranch size={14} />}
              disabled={!enabled}
              aria-label={`Branch from ${name}…`}
              onClick={() => onAsk('branch', checkpoint)}
            >
              Branch…
            </Button>
            <span className={css.more}>
              <Menu
                label={`More for ${name}`}
                trigger={
                  <IconButton size="row" label={`More for ${name}`} disabled={!enabled}>
                    <Ellipsis size={16} />
                  </IconButton>
                }
              >
                <MenuItem danger icon={<Trash2 size={16} />} onSelect={() => onAsk('remove', checkpoint)}>
                  Delete {name}…
                </MenuItem>
              </Menu>
            </span>
          </>
        )}
        {state === 'failed' && (
          <Button
            size="row"
            kind="quiet"
            icon={<Trash2 size={14} />}
            aria-label={`Remove ${name}`}
            onClick={() => onAsk('remove', checkpoint)}
          >
            Remove
          </Button>
        )}
      </div>
    </article>
  );
}

/** The screen at that moment, scaled by the main process; its address says how large it is shown. */
function Picture({ checkpoint, size }: { checkpoint: Checkpoint; size: { width: number; height: number } }) {
  const scale = Math.min(1, Math.max(0.05, (shown.width * Math.min(2, devicePixelRatio)) / size.width));
  return (
    <span className={css.picture} style={{ aspectRatio: `${size.width} / ${size.height}` }}>
      {checkpoint.frame ? (
        <img
          src={cropUrl(checkpoint.frame, { x: 0, y: 0, width: size.width, height: size.height, scale })}
          alt={`The screen at ${checkpoint.name}`}
          loading="lazy"
          draggable={false}
        />
      ) : (
        <span>No picture</span>
      )}
    </span>
  );
}
