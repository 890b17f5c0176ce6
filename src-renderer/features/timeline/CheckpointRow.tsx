import type { Checkpoint } from '@shared/checkpoint';
import { Bookmark, GitBranch, Rewind, Trash2 } from 'lucide-react';
import type { ReactNode } from 'react';
import { timeOfDay, timeWithSeconds } from '../../lib/clock';
import { Button } from '../../ui/Button';
import { Spinner } from '../../ui/Spinner';
import { Words } from '../../ui/Words';
import { causeWords } from '../checkpoints/model';
import type { CheckpointFact } from './lineage';
import { asYou, refusedWords, roleOf, type Row } from './model';
import css from './TimelineRow.module.css';

const icons: Record<CheckpointFact, ReactNode> = {
  saved: <Bookmark size={16} aria-hidden />,
  rewound: <Rewind size={16} aria-hidden />,
  branched: <GitBranch size={16} aria-hidden />,
  removed: <Trash2 size={16} aria-hidden />,
};

const pending: Record<CheckpointFact, string> = {
  saved: 'Being saved',
  rewound: 'Going back',
  branched: 'Being started',
  removed: 'Being deleted',
};

const failed: Record<CheckpointFact, string> = {
  saved: 'No checkpoint was saved',
  rewound: 'It did not go back',
  branched: 'No branch was started',
  removed: 'The checkpoint was not deleted',
};

export interface CheckpointRowProps {
  row: Extract<Row, { kind: 'checkpoint' | 'marker' }>;
  me: string;
  checkpoint: Checkpoint | undefined;
  onRewind: ((checkpoint: Checkpoint) => void) | undefined;
}

/** A saved moment, or a way back to one: a block in the flow, from which one can go back while it is there. */
export function CheckpointRow({ row, me, checkpoint, onRewind }: CheckpointRowProps) {
  const action = row.kind === 'checkpoint' ? row.action : null;
  const fact = row.kind === 'checkpoint' ? row.fact : 'saved';
  const at = action?.at ?? checkpoint?.createdAt ?? '';
  const bad = action?.outcome === 'failed' || action?.outcome === 'refused' || checkpoint?.state === 'failed';
  const why = action?.outcome === 'refused' ? refusedWords(action) : (action?.message ?? checkpoint?.reason);
  return (
    <div
      className={css.block}
      data-role={bad ? 'trouble' : action ? roleOf(action, me) : 'nobody'}
      data-plain={!bad || undefined}
    >
      <time className={`${css.time} tnum`} dateTime={at} title={timeWithSeconds(at)}>
        {timeOfDay(at)}
      </time>
      <div className={css.body}>
        <h3 className={css.title}>
          {action?.outcome === 'pending' ? <Spinner size={16} /> : icons[fact]}
          <span>
            {action ? (
              action.outcome === 'pending' ? (
                pending[fact]
              ) : bad ? (
                failed[fact]
              ) : (
                <Words text={action.actor.kind === 'human' ? asYou(action.words, me) : action.words} />
              )
            ) : (
              `Checkpoint ${checkpoint?.name ?? ''}`
            )}
          </span>
        </h3>
        {!action && checkpoint && <span className={css.outcome}>{causeWords(checkpoint, me)}</span>}
        {bad && why && <p>{why}</p>}
        {checkpoint?.state === 'ready' && onRewind && (
          <Button
            size="row"
            className={css.back}
            icon={<Rewind size={14} />}
            aria-label={`Rewind to here, ${checkpoint.name}…`}
            onClick={() => onRewind(checkpoint)}
          >
            Rewind to here…
          </Button>
        )}
      </div>
    </div>
  );
}
