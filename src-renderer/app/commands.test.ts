import { describe, expect, it } from 'vitest';
import { session } from '../features/gallery/fixtures';
import { filterCommands, listCommands, type CommandDeps } from './commands';

describe('the palette', () => {
  const went: string[] = [];
  const saved: string[] = [];
  const nothing = () => undefined;
  const lives: string[] = [];
  const deps: CommandDeps = {
    sessions: [session()],
    pools: [],
    go: (path) => went.push(path),
    connect: nothing,
    start: nothing,
    theme: nothing,
    demo: nothing,
    stopAll: nothing,
    resumeAll: nothing,
    here: session(),
    saveCheckpoint: (id) => saved.push(id),
    life: { session: session(), can: 'suspend' },
    suspend: (id) => lives.push(`suspend ${id}`),
    resume: (id) => lives.push(`resume ${id}`),
  };
  const commands = listCommands(deps);

  it('finds by every word, the ones that begin so first', () => {
    expect(filterCommands(commands, 'claude batch').map((command) => command.id)).toEqual(['session-gallery-session']);
    expect(filterCommands(commands, 'the')[0]?.label).toMatch(/^Theme/);
    expect(filterCommands(commands, '')).toHaveLength(commands.length);
    expect(filterCommands(commands, 'no such thing')).toEqual([]);
  });
  it('saves a checkpoint of the session that is looked at', () => {
    filterCommands(commands, 'save checkpoint batch')[0]?.run();
    expect(saved).toEqual(['gallery-session']);
  });
  it('puts the session that is looked at away, or brings it back, and offers neither elsewhere', () => {
    filterCommands(commands, 'suspend this')[0]?.run();
    const asleep = listCommands({ ...deps, life: { session: session(), can: 'resume' } });
    filterCommands(asleep, 'resume this')[0]?.run();
    expect(lives).toEqual(['suspend gallery-session', 'resume gallery-session']);
    expect(filterCommands(listCommands({ ...deps, life: null }), 'this session')).toEqual([]);
  });
  it('goes where it says', () => {
    filterCommands(commands, 'batch')[0]?.run();
    expect(went).toEqual(['/session/gallery-session']);
  });
});
