import type { Pool } from '@shared/pool';
import type { Session } from '@shared/session';
import { Dialog as Base } from '@base-ui/react/dialog';
import { Search } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { isSuspended, suspendChoice } from '../features/session/lifeModel';
import { support } from '../features/checkpoints/model';
import { call } from '../lib/api';
import { usePools, useSessions } from '../lib/queries';
import { useUi } from '../lib/stores';
import css from './CommandPalette.module.css';
import { filterCommands, listCommands, type Command, type CommandDeps } from './commands';
import { resumeAll, stopAll } from './stopAll';
import { chooseTheme } from './theme';

export function CommandPalette() {
  const open = useUi((state) => state.palette);
  const setOpen = useUi((state) => state.setPalette);
  return (
    <Base.Root open={open} onOpenChange={(next) => setOpen(next)}>
      <Base.Portal>
        <Base.Backdrop className={css.shade} />
        <Base.Popup className={css.popup} aria-label="Search and commands">
          {open && <Palette onDone={() => setOpen(false)} />}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

function lifeOf(session: Session | undefined, pools: readonly Pool[]): CommandDeps['life'] {
  if (!session) return null;
  if (isSuspended(session)) return { session, can: 'resume' };
  const pool = pools.find((each) => each.id === session.poolId);
  return suspendChoice(session, pool)?.barred === null ? { session, can: 'suspend' } : null;
}

function Palette({ onDone }: { onDone(): void }) {
  const [path, go] = useLocation();
  const sessions = useSessions().data ?? [];
  const pools = usePools().data ?? [];
  const { setConnect, setStart, setSaving, setWish } = useUi.getState();
  const here = sessions.find((each) => path === `/session/${each.sessionId}` && support(each).kind === 'yes') ?? null;
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const commands = filterCommands(
    listCommands({
      sessions,
      pools,
      go,
      connect: () => setConnect(true),
      start: () => setStart(true),
      stopAll: () => void stopAll(),
      resumeAll: () => void resumeAll(),
      here,
      saveCheckpoint: setSaving,
      life: lifeOf(
        sessions.find((each) => path === `/session/${each.sessionId}`),
        pools,
      ),
      // The session's view says how it goes, and what was in the way.
      suspend: (sessionId) => setWish({ sessionId, what: 'suspend' }),
      resume: (sessionId) => setWish({ sessionId, what: 'resume' }),
      theme: (theme) => void chooseTheme(theme),
      demo: () => {
        go('/first-run');
        // The view shows the state of the demo, a failure included.
        call('demo.start', {}).catch(() => undefined);
      },
    }),
    query,
  );
  const current = commands[Math.min(at, commands.length - 1)];
  useEffect(() => {
    list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
  }, [current?.id]);

  const run = (command: Command | undefined) => {
    if (!command) return;
    onDone();
    command.run();
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key === 'ArrowDown') setAt(Math.min(at + 1, commands.length - 1));
    else if (event.key === 'ArrowUp') setAt(Math.max(at - 1, 0));
    else if (event.key === 'Enter') run(current);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <label className={css.search}>
        <Search size={18} aria-hidden />
        <input
          value={query}
          placeholder="Go to a session, a pool or a view, or do something"
          role="combobox"
          aria-label="Search and commands"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-activedescendant={current ? `palette-${current.id}` : undefined}
          onChange={(event) => {
            setQuery(event.currentTarget.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
          spellCheck={false}
        />
      </label>
      <div ref={list} id="palette-list" role="listbox" aria-label="Commands" className={css.list}>
        {commands.map((command, index) => (
          // Keys reach an option through the combobox, which holds the focus.
          // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
          <div
            key={command.id}
            id={`palette-${command.id}`}
            role="option"
            tabIndex={-1}
            aria-selected={command === current}
            onPointerMove={() => setAt(index)}
            onClick={() => run(command)}
            data-first={query === '' && commands[index - 1]?.group !== command.group ? command.group : undefined}
          >
            <span className="clip">{command.label}</span>
            <small className="clip">
              {command.hint ?? (command.group === 'Views' ? 'View' : command.group === 'Actions' ? 'Action' : '')}
            </small>
          </div>
        ))}
      </div>
      {commands.length === 0 && <p className={css.none}>Nothing is called “{query}”</p>}
    </>
  );
}
