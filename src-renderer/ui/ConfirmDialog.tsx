import { useRef, useState, type ReactNode } from 'react';
import { messageOf } from '../lib/api';
import { Button } from './Button';
import { Dialog } from './Dialog';
import { ErrorLine } from './ErrorLine';

export interface ConfirmProps {
  open: boolean;
  onClose(): void;
  /** Names the thing: "Stop Refund batch 14?" */
  title: string;
  children: ReactNode;
  /** The verb and the thing: "Stop Refund batch 14". */
  confirm: string;
  /** The way out, in words; "Keep it" unless told. */
  keep?: string;
  onConfirm(): Promise<unknown>;
}

/** Asks before something that can't be undone. Focus starts on the way out; a failure stays in the dialog. */
export function ConfirmDialog({
  open,
  onClose,
  title,
  children,
  confirm,
  keep: out = 'Keep it',
  onConfirm,
}: ConfirmProps) {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const keep = useRef<HTMLButtonElement>(null);
  const run = async () => {
    setBusy(true);
    setFailure(null);
    try {
      await onConfirm();
      onClose();
    } catch (error) {
      setFailure(messageOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={title}
      width={440}
      initialFocus={keep}
      footer={
        <>
          <Button ref={keep} onClick={onClose}>
            {out}
          </Button>
          <Button kind="danger" disabled={busy} onClick={() => void run()}>
            {confirm}
          </Button>
        </>
      }
    >
      {children}
      {failure && <ErrorLine>{failure}</ErrorLine>}
    </Dialog>
  );
}
