import type { Checkpoint } from '@shared/checkpoint';
import type { Session } from '@shared/session';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { call, messageOf } from '../../lib/api';
import { useNow } from '../../lib/useNow';
import { Button } from '../../ui/Button';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { Dialog } from '../../ui/Dialog';
import { ErrorLine } from '../../ui/ErrorLine';
import { TextField } from '../../ui/Field';
import { Spinner } from '../../ui/Spinner';
import type { Lineage } from '../timeline/lineage';
import css from './CheckpointDialogs.module.css';
import { branchName, holdOf, holdWords, rewindWords, type Hold } from './model';
import type { CheckpointActions } from './useCheckpointActions';

/** What is asked before a checkpoint is used or deleted. */
export function CheckpointDialogs({
  session,
  actions,
  me,
}: {
  session: Session;
  actions: CheckpointActions;
  me: string;
}) {
  const { asked, close } = actions;
  if (asked === null) return null;
  const { checkpoint } = asked;
  const hold = holdOf(session, me);
  switch (asked.verb) {
    case 'rewind':
      return (
        <RewindDialog
          history={actions.history}
          hold={hold}
          checkpoint={checkpoint}
          onClose={close}
          onRewind={() => void actions.rewind(checkpoint, hold.kind === 'other')}
        />
      );
    case 'branch':
      return <BranchDialog session={session} checkpoint={checkpoint} onClose={close} />;
    case 'remove':
      return (
        <ConfirmDialog
          open
          onClose={close}
          title={`Delete “${checkpoint.name}”?`}
          confirm={`Delete ${checkpoint.name}`}
          onConfirm={() => actions.remove(checkpoint)}
        >
          <p>Nobody can go back to it or branch from it any more. The session itself goes on, nothing on it changes.</p>
        </ConfirmDialog>
      );
  }
}

function RewindDialog({
  history,
  hold,
  checkpoint,
  onClose,
  onRewind,
}: {
  history: Lineage;
  hold: Hold;
  checkpoint: Checkpoint;
  onClose(): void;
  onRewind(): void;
}) {
  const since = history.since(checkpoint.afterActionId);
  const now = useNow();
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={`Rewind to “${checkpoint.name}”?`}
      keep="Stay here"
      confirm="Rewind"
      onConfirm={async () => onRewind()}
    >
      <ul className={css.lines}>
        {[...rewindWords(checkpoint, since, now), holdWords(hold)].map((words, index) => (
          <li key={words} data-first={index === 0 || undefined}>
            {words}
          </li>
        ))}
      </ul>
    </ConfirmDialog>
  );
}

function BranchDialog({ session, checkpoint, onClose }: { session: Session; checkpoint: Checkpoint; onClose(): void }) {
  const [, go] = useLocation();
  const [name, setName] = useState(() => branchName(session, checkpoint));
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const start = async () => {
    if (busy) return;
    setBusy(true);
    setFailure(null);
    try {
      const { sessionId, checkpointId } = checkpoint;
      const made = await call('checkpoints.branch', { sessionId, checkpointId, name: name.trim() });
      onClose();
      go(`/session/${made.sessionId}`);
    } catch (error) {
      setFailure(messageOf(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Branch from “${checkpoint.name}”`}
      description={`A new session goes on from that moment, on a machine of its own, and is yours: no agent is in it. “${session.name}” stays as it is.`}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" disabled={busy} icon={busy ? <Spinner /> : undefined} onClick={() => void start()}>
            Start the branch
          </Button>
        </>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void start();
        }}
      >
        <TextField label="Name of the new session" value={name} onChange={setName} maxLength={120} />
        {failure && <ErrorLine>{failure}</ErrorLine>}
      </form>
    </Dialog>
  );
}

/** Asks for a name, which may be left out, and saves. */
export function SaveDialog({ onClose, onSave }: { onClose(): void; onSave(name: string): void }) {
  const [name, setName] = useState('');
  const save = () => {
    onSave(name.trim());
    onClose();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title="Save checkpoint"
      description="It keeps files, memory and open windows as they are now. The screen stands still for about a second."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" onClick={save}>
            Save
          </Button>
        </>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <TextField
          label="Name"
          value={name}
          onChange={setName}
          maxLength={80}
          placeholder="Signed in, list open"
          hint="Without a name it is called by its time"
        />
      </form>
    </Dialog>
  );
}
