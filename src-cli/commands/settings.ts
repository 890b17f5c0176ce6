import type { Command } from 'commander';
import { onStopSchema, type Settings, type SettingsPatch } from '@shared/settings';
import { answer, clientOf, common, type CommonOptions } from '../context';
import { UsageError } from '../errors';
import { fields, type Io } from '../output';

const path = '/api/settings';
const usual = 'default: "serve" keeps them, the app keeps them while there are live sessions';

const words = ({ onStop }: Settings): string => fields([['machines at a stop', onStop ?? usual]]);

/** What is kept across starts. */
export function settingsCommands(program: Command, io: Io): void {
  const settings = program.command('settings').description('what is kept across starts');
  common(settings.command('show')).action(async (options: CommonOptions) =>
    answer(io, options, await clientOf(options).get<Settings>(path), words),
  );
  common(settings.command('set'))
    .requiredOption('--on-stop <what>', 'machines at a stop: keep, destroy (sessions are suspended or end) or default')
    .action(async (options: CommonOptions & { onStop: string }) => {
      const onStop = options.onStop === 'default' ? null : onStopSchema.safeParse(options.onStop).data;
      if (onStop === undefined) {
        throw new UsageError(`--on-stop takes keep, destroy or default, not "${options.onStop}".`);
      }
      const patch: SettingsPatch = { onStop };
      answer(io, options, await clientOf(options).send<Settings>('PATCH', path, patch), words);
    });
}
