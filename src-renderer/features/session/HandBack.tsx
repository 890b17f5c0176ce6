import { Undo2 } from 'lucide-react';
import { useRef, useState } from 'react';
import { Button } from '../../ui/Button';
import { ErrorLine } from '../../ui/ErrorLine';
import { TextArea } from '../../ui/Field';
import { Kbd } from '../../ui/Kbd';
import { Popover } from '../../ui/Popover';
import css from './HandBack.module.css';

export interface HandBackProps {
  agent: string;
  open: boolean;
  onOpenChange(open: boolean): void;
  /** Resolves false when it was refused; the note then stays. */
  onHandBack(note: string, leavePaused: boolean): Promise<boolean>;
  busy: boolean;
  failure: string | null;
}

/** The note for the agent. It holds the keyboard while it is open: no key of it reaches the guest. */
export function HandBack({ agent, open, onOpenChange, onHandBack, busy, failure }: HandBackProps) {
  const [note, setNote] = useState('');
  const area = useRef<HTMLTextAreaElement>(null);
  const send = async (leavePaused: boolean) => {
    if (busy) return;
    if (await onHandBack(note.trim(), leavePaused)) {
      setNote('');
      onOpenChange(false);
    }
  };
  return (
    <Popover
      open={open}
      onOpenChange={onOpenChange}
      trigger={
        <Button kind="give" size="bar" icon={<Undo2 size={18} />}>
          Hand back
        </Button>
      }
      title={`Hand back to ${agent}`}
      description="It reads your note before it acts again."
      width={376}
      initialFocus={area}
    >
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          void send(false);
        }}
      >
        <TextArea
          label="Note for the agent"
          hideLabel
          rows={4}
          value={note}
          onChange={setNote}
          areaRef={area}
          onSend={() => void send(false)}
          maxLength={4000}
          placeholder="What you did, what it should do next"
        />
        {failure && <ErrorLine>{failure}</ErrorLine>}
        <div className={css.actions}>
          <Button kind="give" type="submit" disabled={busy}>
            Hand back
          </Button>
          <Button disabled={busy} onClick={() => void send(true)}>
            Leave paused
          </Button>
          <span className={css.hint}>
            <Kbd keys="Ctrl Enter" />
          </span>
        </div>
      </form>
    </Popover>
  );
}
