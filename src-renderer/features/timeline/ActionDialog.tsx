import type { Action } from '@shared/action';
import { ChevronLeft, ChevronRight } from 'lucide-react';
import { useEffect } from 'react';
import { timeWithSeconds } from '../../lib/clock';
import { frameUrl } from '../../lib/pictures';
import { plainWords } from '../../lib/words';
import { IconButton } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { Kbd } from '../../ui/Kbd';
import css from './ActionDialog.module.css';
import { outcomeLine, roleOf, rowWords } from './model';

export interface ActionDialogProps {
  actions: readonly Action[];
  id: string | null;
  size: { width: number; height: number };
  me: string;
  onShow(id: string | null): void;
}

/** One action with the frames before and after it and the point marked; the arrow keys step through the record. */
export function ActionDialog({ actions, id, size, me, onShow }: ActionDialogProps) {
  const at = actions.findIndex((action) => action.id === id);
  const action = actions[at];
  const step = (by: number) => {
    const next = actions[at + by];
    if (next) onShow(next.id);
  };
  useEffect(() => {
    if (!action) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'ArrowLeft' || event.key === 'ArrowUp') step(-1);
      else if (event.key === 'ArrowRight' || event.key === 'ArrowDown') step(1);
      else return;
      event.preventDefault();
    };
    // Before the dialog sees them: it keeps arrow keys to itself.
    window.addEventListener('keydown', onKey, { capture: true });
    return () => window.removeEventListener('keydown', onKey, { capture: true });
  });
  if (!action) return null;
  const outcome = outcomeLine(action);
  const who = action.actor.kind === 'human' && action.actor.name === me ? 'You' : action.actor.name;
  return (
    <Dialog
      open
      onClose={() => onShow(null)}
      width={1240}
      title={plainWords(rowWords(action, me))}
      description={`${timeWithSeconds(action.at)}, ${who}, ${action.tool}${outcome ? `. ${outcome.text}` : ''}`}
      footer={
        <>
          <span className={css.place}>
            <Kbd keys="← →" /> {at + 1} of {actions.length} loaded
          </span>
          <IconButton kind="plain" label="Action before" disabled={at <= 0} onClick={() => step(-1)}>
            <ChevronLeft size={16} />
          </IconButton>
          <IconButton kind="plain" label="Next action" disabled={at >= actions.length - 1} onClick={() => step(1)}>
            <ChevronRight size={16} />
          </IconButton>
        </>
      }
    >
      <div className={css.frames} data-role={roleOf(action, me)}>
        <Picture name="Before" hash={action.frameBefore} action={action} size={size} />
        <Picture name="After" hash={action.frameAfter} action={action} size={size} />
      </div>
    </Dialog>
  );
}

function Picture({
  name,
  hash,
  action,
  size,
}: {
  name: string;
  hash: string | null;
  action: Action;
  size: { width: number; height: number };
}) {
  return (
    <figure className={css.picture}>
      <figcaption>{name}</figcaption>
      <div className={css.image} style={{ aspectRatio: `${size.width} / ${size.height}` }}>
        {hash ? (
          <img src={frameUrl(hash)} alt={`The screen ${name.toLowerCase()} it`} />
        ) : (
          <p>{action.outcome === 'pending' ? 'Not there yet' : 'No picture was kept'}</p>
        )}
        {hash && action.point && (
          <span
            className={css.ring}
            style={{ left: `${(action.point.x / size.width) * 100}%`, top: `${(action.point.y / size.height) * 100}%` }}
          />
        )}
      </div>
    </figure>
  );
}
