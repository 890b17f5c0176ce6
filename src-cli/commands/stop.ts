import type { Command } from 'commander';
import { answer, clientOf, common, type CommonOptions } from '../context';
import type { Io } from '../output';

/** Everything at once. */
export function stopCommands(program: Command, io: Io): void {
  const send = async (path: string, options: CommonOptions, verb: string): Promise<void> => {
    const done = await clientOf(options).send<{ sessions: number }>('POST', path, {});
    answer(io, options, done, ({ sessions }) => `${verb} ${sessions} ${sessions === 1 ? 'session' : 'sessions'}\n`);
  };
  common(program.command('stop').description('stop every session: nobody acts, and no machine runs')).action(
    (options: CommonOptions) => send('/api/stop', options, 'stopped'),
  );
  common(program.command('resume').description('let go on what "stop" stopped')).action((options: CommonOptions) =>
    send('/api/resume', options, 'resumed'),
  );
}
