import { CircleAlert, ClipboardCopy, ClipboardPaste } from 'lucide-react';
import { useState } from 'react';
import { call, messageOf } from '../../lib/api';
import { Button } from '../../ui/Button';
import css from './SessionView.module.css';

/** Nothing crosses by itself: a person sends and fetches on purpose, and sees how much went over. */
export function Clipboard({ sessionId }: { sessionId: string }) {
  const [said, setSaid] = useState<{ text: string; bad: boolean } | null>(null);
  const run = async (name: 'control.sendClipboard' | 'control.fetchClipboard', verb: string) => {
    try {
      const { characters } = await call(name, { sessionId });
      setSaid({ text: `${verb} ${characters} ${characters === 1 ? 'character' : 'characters'}`, bad: false });
    } catch (error) {
      setSaid({ text: messageOf(error), bad: true });
    }
  };
  return (
    <>
      <span className={css.said} role="status" data-bad={said?.bad || undefined} title={said?.text}>
        {said?.bad && <CircleAlert size={14} aria-hidden />}
        {said?.text}
      </span>
      <Button
        kind="quiet"
        size="row"
        icon={<ClipboardPaste size={16} />}
        onClick={() => void run('control.sendClipboard', 'Sent')}
      >
        Send clipboard
      </Button>
      <Button
        kind="quiet"
        size="row"
        icon={<ClipboardCopy size={16} />}
        onClick={() => void run('control.fetchClipboard', 'Fetched')}
      >
        Fetch clipboard
      </Button>
    </>
  );
}
