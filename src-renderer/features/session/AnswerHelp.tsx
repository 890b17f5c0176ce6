import type { Attention } from '@shared/action';
import { useRef, useState } from 'react';
import { call, messageOf } from '../../lib/api';
import { Button } from '../../ui/Button';
import { ErrorLine } from '../../ui/ErrorLine';
import { TextArea } from '../../ui/Field';
import { Kbd } from '../../ui/Kbd';
import { Popover } from '../../ui/Popover';
import css from './HandBack.module.css';

/** Answers a call for help in words, without taking the wheel. */
export function AnswerHelp({ help }: { help: Attention }) {
  const [open, setOpen] = useState(false);
  return (
    <Popover
      open={open}
      onOpenChange={setOpen}
      trigger={<Button kind="quiet">Answer…</Button>}
      title="Answer the agent"
      description={`“${help.why}”`}
    >
      <AnswerForm help={help} onDone={() => setOpen(false)} />
    </Popover>
  );
}

export function AnswerForm({
  help,
  onDone,
  autoFocus = true,
}: {
  help: Attention;
  onDone(): void;
  autoFocus?: boolean;
}) {
  const [answer, setAnswer] = useState('');
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  const send = async () => {
    if (busy || answer.trim() === '') return;
    setBusy(true);
    setFailure(null);
    try {
      await call('attention.answer', { id: help.id, answer: answer.trim() });
      setAnswer('');
      onDone();
    } catch (error) {
      setFailure(messageOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <TextArea
        label="Answer for the agent"
        hideLabel={autoFocus}
        rows={3}
        value={answer}
        onChange={setAnswer}
        areaRef={area}
        onSend={() => void send()}
        maxLength={4000}
        placeholder="It reads this and goes on"
      />
      {failure && <ErrorLine>{failure}</ErrorLine>}
      <div className={css.actions}>
        <Button kind={autoFocus ? 'primary' : 'plain'} type="submit" disabled={busy || answer.trim() === ''}>
          Send answer
        </Button>
        <span className={css.hint}>
          <Kbd keys="Ctrl Enter" />
        </span>
      </div>
    </form>
  );
}
