import type { Checkpoint } from '@shared/checkpoint';
import type { Session } from '@shared/session';
import { Bookmark, TriangleAlert } from 'lucide-react';
import { useMemo } from 'react';
import { messageOf } from '../../lib/api';
import { useCheckpoints } from '../../lib/queries';
import { useNow } from '../../lib/useNow';
import { Button } from '../../ui/Button';
import { Notice } from '../../ui/Notice';
import { lineage } from '../timeline/lineage';
import { useActions } from '../timeline/useTimeline';
import { CheckpointCard, type CheckpointVerb } from './CheckpointCard';
import css from './CheckpointList.module.css';
import { newestFirst, support } from './model';

/** The session's checkpoints, newest first, and every reason why there are none. */
export function CheckpointList({
  session,
  size,
  me,
  busy,
  onAsk,
}: {
  session: Session;
  size: { width: number; height: number };
  me: string;
  /** One is being saved or gone back to. */
  busy: boolean;
  onAsk(verb: CheckpointVerb, checkpoint: Checkpoint): void;
}) {
  const can = support(session);
  const list = useCheckpoints(session.sessionId, can.kind === 'yes');
  const { actions, hasNextPage } = useActions(session.sessionId);
  const history = useMemo(() => lineage(actions, !hasNextPage, list.data), [actions, hasNextPage, list.data]);
  const now = useNow();
  if (can.kind === 'no')
    return (
      <Notice bare icon={<Bookmark />} title="No checkpoints on this machine">
        {can.words}
      </Notice>
    );
  if (can.kind === 'ended')
    return (
      <Notice bare icon={<Bookmark />} title="No checkpoints any more">
        They ended with the session. The timeline stays.
      </Notice>
    );
  if (can.kind === 'starting')
    return (
      <Notice bare icon={<Bookmark />} title="No machine yet">
        Checkpoints can be saved as soon as the session has one.
      </Notice>
    );
  if (list.error)
    return (
      <Notice
        bare
        icon={<TriangleAlert />}
        tone="trouble"
        title="The checkpoints can't be listed"
        actions={<Button onClick={() => void list.refetch()}>Try again</Button>}
      >
        {messageOf(list.error)} They are kept; the agent goes on.
      </Notice>
    );
  if (list.data?.length === 0)
    return (
      <Notice bare icon={<Bookmark />} title="No checkpoints yet">
        A checkpoint keeps the whole computer as it is now: files, memory and open windows. Go back to it when something
        goes wrong, or branch from it to try another way.
      </Notice>
    );
  return (
    // A scrolling region must be reachable by keyboard.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={css.box} tabIndex={0} role="region" aria-label="Checkpoints, newest first">
      <ul>
        {newestFirst(list.data ?? []).map((checkpoint) => (
          <li key={checkpoint.checkpointId}>
            <CheckpointCard
              checkpoint={checkpoint}
              size={size}
              since={history.since(checkpoint.afterActionId)}
              me={me}
              now={now}
              enabled={!busy}
              onAsk={onAsk}
            />
          </li>
        ))}
      </ul>
    </div>
  );
}
