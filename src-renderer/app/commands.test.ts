import { describe, expect, it } from 'vitest';
import { session } from '../features/gallery/fixtures';
import { filterCommands, listCommands } from './commands';

describe('the palette', () => {
  const went: string[] = [];
  const saved: string[] = [];
  const nothing = () => undefined;
  const commands = listCommands({
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
  });

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
  it('goes where it says', () => {
    filterCommands(commands, 'batch')[0]?.run();
    expect(went).toEqual(['/session/gallery-session']);
  });
});
