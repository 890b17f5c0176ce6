import type { Attention } from '@shared/action';
import type { Session } from '@shared/session';
import { BookmarkPlus, X } from 'lucide-react';
import { useCheckpoints } from '../../lib/queries';
import { useUi } from '../../lib/stores';
import { Button, IconButton } from '../../ui/Button';
import { ErrorLine } from '../../ui/ErrorLine';
import { Kbd } from '../../ui/Kbd';
import { Spinner } from '../../ui/Spinner';
import { TabPanel, Tabs } from '../../ui/Tabs';
import { CheckpointList } from '../checkpoints/CheckpointList';
import type { CheckpointActions, Failure } from '../checkpoints/useCheckpointActions';
import { Timeline } from '../timeline/Timeline';
import { HelpCard } from './HelpCard';
import css from './SidePanel.module.css';

export type SideTab = 'timeline' | 'checkpoints';

const failed: Record<Failure['of'], string> = {
  save: 'No checkpoint was saved.',
  rewind: 'It did not go back; nothing was undone.',
  remove: 'It was not deleted.',
};

/** Beside the screen: what happened, and the moments one can go back to. */
export function SidePanel({
  session,
  size,
  me,
  help,
  now,
  tab,
  onTab,
  checkpoints,
}: {
  session: Session;
  size: { width: number; height: number };
  me: string;
  help: Attention | undefined;
  now: number;
  tab: SideTab;
  onTab(tab: SideTab): void;
  checkpoints: CheckpointActions;
}) {
  const can = checkpoints.can.kind === 'yes';
  const count = useCheckpoints(session.sessionId, can).data?.length ?? 0;
  const save = () => useUi.getState().setSaving(session.sessionId);
  return (
    <aside className={css.side} aria-label="Timeline">
      <h2 className="srOnly">{tab === 'timeline' ? 'Timeline' : 'Checkpoints'}</h2>
      <Tabs<SideTab>
        label="Record"
        value={tab}
        onChange={onTab}
        className={css.tabs}
        tabs={[
          { value: 'timeline', label: 'Timeline' },
          { value: 'checkpoints', label: 'Checkpoints', ...(can ? { count } : {}) },
        ]}
        aside={
          can &&
          tab === 'timeline' && (
            <IconButton label="Save checkpoint" size="row" disabled={checkpoints.busy} onClick={save}>
              {checkpoints.saving ? <Spinner /> : <BookmarkPlus size={16} />}
            </IconButton>
          )
        }
      >
        {help && <HelpCard help={help} now={now} />}
        {checkpoints.failure && (
          <div className={css.failure}>
            <ErrorLine>
              {failed[checkpoints.failure.of]} {checkpoints.failure.text}
            </ErrorLine>
            <IconButton label="Dismiss" size="row" onClick={checkpoints.clearFailure}>
              <X size={14} />
            </IconButton>
          </div>
        )}
        <TabPanel value="timeline" className={css.panel}>
          <Timeline
            session={session}
            size={size}
            me={me}
            {...(can && !checkpoints.busy ? { onRewind: (checkpoint) => checkpoints.ask('rewind', checkpoint) } : {})}
          />
        </TabPanel>
        <TabPanel value="checkpoints" className={css.panel}>
          {can && (
            <div className={css.save}>
              <Button
                size="row"
                disabled={checkpoints.busy}
                icon={checkpoints.saving ? <Spinner size={14} /> : <BookmarkPlus size={14} />}
                onClick={save}
              >
                Save checkpoint
              </Button>
              <Kbd keys="Ctrl Shift S" />
            </div>
          )}
          <CheckpointList session={session} size={size} me={me} busy={checkpoints.busy} onAsk={checkpoints.ask} />
        </TabPanel>
      </Tabs>
    </aside>
  );
}
