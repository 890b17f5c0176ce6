import type { Diagnostic } from '@shared/diagnostics';
import { Check, CircleAlert, CircleMinus, Copy, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { call } from '../../lib/api';
import { Button } from '../../ui/Button';
import css from './DiagnosticsView.module.css';
import { isCommand, logPath, stateRoles, stateWords, type State } from './model';

const icons: Record<State, ReactNode> = {
  ok: <Check size={16} aria-hidden />,
  warning: <CircleAlert size={16} aria-hidden />,
  failed: <TriangleAlert size={16} aria-hidden />,
  off: <CircleMinus size={16} aria-hidden />,
};

/** One thing: its state by icon and word, what was found, and what mends it. */
export function CheckRow({ check }: { check: Diagnostic }) {
  const { name, state, words, fix } = check;
  const path = logPath(check);
  return (
    <li className={css.check}>
      <span className={css.state} data-role={stateRoles[state]}>
        {icons[state]}
        <span>{stateWords[state]}</span>
      </span>
      <div>
        <h3>{name}</h3>
        <p>{words}</p>
        {fix !== null && state !== 'ok' && (
          <p className={css.fix}>
            {isCommand(fix) ? (
              <>
                <code>{fix}</code>
                <CopyButton text={fix} what={`the command for ${name}`} />
              </>
            ) : (
              <>To mend it: {fix}.</>
            )}
          </p>
        )}
        {path && (
          <p className={css.fix}>
            <CopyButton text={path} what="the path of the log" label="Copy path" />
          </p>
        )}
      </div>
    </li>
  );
}

function CopyButton({ text, what, label = 'Copy' }: { text: string; what: string; label?: string }) {
  return (
    <Button
      size="row"
      icon={<Copy size={14} />}
      aria-label={`Copy ${what}`}
      onClick={() => void call('app.copyText', { text })}
    >
      {label}
    </Button>
  );
}
