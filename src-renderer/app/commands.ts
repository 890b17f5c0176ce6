import type { Pool } from '@shared/pool';
import type { Session } from '@shared/session';
import { backendNames } from '../features/pools/tones';

/** One line of the palette. `run` gets what the window can do; nothing is listed that has no function behind it. */
export interface Command {
  id: string;
  group: 'Views' | 'Sessions' | 'Pools' | 'Actions';
  label: string;
  hint?: string;
  run(): void;
}

export interface CommandDeps {
  sessions: readonly Session[];
  pools: readonly Pool[];
  go(path: string): void;
  connect(): void;
  start(): void;
  theme(theme: 'dark' | 'light' | 'system'): void;
  demo(): void;
  stopAll(): void;
  resumeAll(): void;
  /** The session that is looked at, where a checkpoint of it can be saved. */
  here: Session | null;
  saveCheckpoint(sessionId: string): void;
  /** The session that is looked at, where it can be put away or brought back now. */
  life: { session: Session; can: 'suspend' | 'resume' } | null;
  suspend(sessionId: string): void;
  resume(sessionId: string): void;
}

export function listCommands(deps: CommandDeps): Command[] {
  return [
    { id: 'view-attention', group: 'Views', label: 'Attention', run: () => deps.go('/attention') },
    { id: 'view-wall', group: 'Views', label: 'Wall', run: () => deps.go('/wall') },
    { id: 'view-pools', group: 'Views', label: 'Pools', run: () => deps.go('/pools') },
    { id: 'view-homes', group: 'Views', label: 'Homes', hint: 'What sessions keep', run: () => deps.go('/homes') },
    {
      id: 'view-agents',
      group: 'Views',
      label: 'Agents',
      hint: 'Tokens, who may connect',
      run: () => deps.go('/agents'),
    },
    {
      id: 'view-ended',
      group: 'Views',
      label: 'Ended sessions',
      run: () => deps.go('/wall/ended'),
    },
    {
      id: 'view-diagnostics',
      group: 'Views',
      label: 'Diagnostics',
      hint: 'Docker, QEMU, this computer',
      run: () => deps.go('/diagnostics'),
    },
    {
      id: 'view-first',
      group: 'Views',
      label: 'First run',
      hint: 'Docker, image, demo',
      run: () => deps.go('/first-run'),
    },
    ...deps.sessions.map((session): Command => ({
      id: `session-${session.sessionId}`,
      group: 'Sessions',
      label: session.name,
      hint: session.agent,
      run: () => deps.go(`/session/${session.sessionId}`),
    })),
    ...deps.pools.map((pool): Command => ({
      id: `pool-${pool.id}`,
      group: 'Pools',
      label: pool.displayName,
      hint: backendNames[pool.backend],
      run: () => deps.go(`/pools/${pool.id}`),
    })),
    ...(deps.here
      ? [
          {
            id: 'do-save',
            group: 'Actions' as const,
            label: 'Save checkpoint',
            hint: `${deps.here.name}, Ctrl+Shift+S`,
            run: () => deps.here && deps.saveCheckpoint(deps.here.sessionId),
          },
        ]
      : []),
    ...(deps.life ? [lifeCommand(deps, deps.life)] : []),
    {
      id: 'do-stop-all',
      group: 'Actions',
      label: 'Stop everything',
      hint: 'Ctrl+Shift+.',
      run: deps.stopAll,
    },
    { id: 'do-resume-all', group: 'Actions', label: 'Let all go on', run: deps.resumeAll },
    { id: 'do-start', group: 'Actions', label: 'Start a session', run: deps.start },
    { id: 'do-connect', group: 'Actions', label: 'Connect an agent', run: deps.connect },
    { id: 'do-demo', group: 'Actions', label: 'Start the demo agent', run: deps.demo },
    { id: 'do-dark', group: 'Actions', label: 'Theme: dark', run: () => deps.theme('dark') },
    { id: 'do-light', group: 'Actions', label: 'Theme: light', run: () => deps.theme('light') },
    { id: 'do-system', group: 'Actions', label: 'Theme: as the system', run: () => deps.theme('system') },
    { id: 'view-gallery', group: 'Actions', label: 'Open the gallery of components', run: () => deps.go('/gallery') },
  ];
}

function lifeCommand(deps: CommandDeps, { session, can }: NonNullable<CommandDeps['life']>): Command {
  return {
    id: `do-${can}`,
    group: 'Actions',
    label: can === 'suspend' ? 'Suspend this session' : 'Resume this session',
    hint: session.name,
    run: () => deps[can](session.sessionId),
  };
}

/** Every word typed must occur; lines that begin with the first word come first. Stable otherwise. */
export function filterCommands(commands: readonly Command[], query: string): Command[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...commands];
  const matching = commands.filter((command) => {
    const text = `${command.label} ${command.hint ?? ''} ${command.group}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const begins = (command: Command) => (command.label.toLowerCase().startsWith(words[0] ?? '') ? 0 : 1);
  return matching.toSorted((a, b) => begins(a) - begins(b));
}
