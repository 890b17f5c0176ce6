import type { Attention } from '@shared/action';
import { EyeOff, Flag } from 'lucide-react';
import { clock } from '../../lib/clock';
import css from './HelpCard.module.css';

/** What the agent asks for, and what only a person is shown: it never appears in the guest or to the agent. */
export function HelpCard({ help, now }: { help: Attention; now: number }) {
  return (
    <div className={css.card} data-role="trouble" role="group" aria-label="Call for help">
      <h3>
        <Flag size={16} aria-hidden />
        <span>{help.title}</span>
        <b className="tnum">{clock(now - Date.parse(help.at))}</b>
      </h3>
      <p>“{help.why}”</p>
      {help.personNote && (
        <div className={css.note}>
          <span>
            <EyeOff size={14} aria-hidden /> Only you see this, the agent does not
          </span>
          <strong>{help.personNote}</strong>
        </div>
      )}
    </div>
  );
}
