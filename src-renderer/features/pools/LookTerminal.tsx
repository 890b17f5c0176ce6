import { useLayoutEffect, useRef, useState } from 'react';
import { call, messageOf } from '../../lib/api';
import { Spinner } from '../../ui/Spinner';
import { plainLine } from '../session/machineModel';
import css from './LookDialog.module.css';
import { answered, began, emptyTerminal, recall, refused } from './lookModel';

/** One command a line in a quarantined machine. What it answers is text, whatever it looks like. */
export function LookTerminal({ machineId, barred }: { machineId: string; barred: string | null }) {
  const [terminal, setTerminal] = useState(emptyTerminal);
  const [typed, setTyped] = useState('');
  const [busy, setBusy] = useState(false);
  const log = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    if (log.current) log.current.scrollTop = log.current.scrollHeight;
  }, [terminal.lines, busy]);
  const run = async () => {
    const command = typed.trim();
    if (busy || command === '') return;
    setBusy(true);
    setTyped('');
    setTerminal((old) => began(old, command));
    try {
      const done = await call('machines.run', { machineId, command });
      setTerminal((old) => answered(old, done));
    } catch (error) {
      setTerminal((old) => refused(old, messageOf(error)));
    } finally {
      setBusy(false);
      input.current?.focus();
    }
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return;
    const found = recall(terminal, typed, event.key === 'ArrowUp' ? 'up' : 'down');
    event.preventDefault();
    if (!found) return;
    setTerminal(found.terminal);
    setTyped(found.text);
  };
  return (
    <section className={css.terminal} aria-label="Terminal">
      <h3>Terminal</h3>
      {barred && terminal.lines.length === 0 ? (
        <p className={css.barred}>{barred}</p>
      ) : (
        <div className={css.console}>
          <div
            ref={log}
            className={css.lines}
            role="log"
            aria-label="What commands said"
            // A scrolling region must be reachable by keyboard.
            // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
            tabIndex={0}
          >
            {terminal.lines.map((line, index) => (
              <pre key={index} data-kind={line.kind} data-bad={(line.kind === 'end' && line.bad) || undefined}>
                {line.kind === 'output' ? line.text.split('\n').map(plainLine).join('\n') : line.text}
              </pre>
            ))}
            {terminal.lines.length === 0 && (
              <p className={css.hint}>One command a line, as the session’s user. What is run here is logged.</p>
            )}
          </div>
          <form
            className={css.prompt}
            onSubmit={(event) => {
              event.preventDefault();
              void run();
            }}
          >
            {busy ? <Spinner size={14} /> : <span aria-hidden>$</span>}
            <input
              ref={input}
              aria-label="Command"
              value={typed}
              maxLength={4096}
              autoComplete="off"
              spellCheck={false}
              disabled={barred !== null}
              placeholder={busy ? 'Running, at most 10 s' : (barred ?? (terminal.lines.length === 0 ? 'df -h' : ''))}
              onChange={(event) => setTyped(event.currentTarget.value)}
              onKeyDown={onKeyDown}
            />
          </form>
        </div>
      )}
    </section>
  );
}
