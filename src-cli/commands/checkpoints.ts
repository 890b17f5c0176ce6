import type { Command } from 'commander';
import type { Checkpoint } from '@shared/checkpoint';
import type { Session } from '@shared/session';
import { answer, clientOf, common, type CommonOptions } from '../context';
import { fields, table, type Io } from '../output';

const size = (bytes: number | null): string => (bytes === null ? '–' : `${Math.ceil(bytes / 1024 ** 2)} MiB`);

const words = (checkpoint: Checkpoint): string =>
  fields([
    ['id', checkpoint.checkpointId],
    ['name', checkpoint.name],
    ['state', checkpoint.reason ? `${checkpoint.state}: ${checkpoint.reason}` : checkpoint.state],
    ['cause', checkpoint.cause],
    ['by', checkpoint.createdBy],
    ['at', checkpoint.createdAt],
    ['size', size(checkpoint.bytes)],
  ]);

/** Commands below `sessions`: saved moments, and the ways back to them. */
export function checkpointCommands(sessions: Command, io: Io): void {
  const path = (id: string, checkpoint?: string) =>
    `/api/sessions/${encodeURIComponent(id)}/checkpoints${checkpoint === undefined ? '' : `/${encodeURIComponent(checkpoint)}`}`;

  common(sessions.command('checkpoints').argument('<session>').description('its saved moments, oldest first')).action(
    async (id: string, options: CommonOptions) => {
      const { data } = await clientOf(options).get<{ data: Checkpoint[] }>(path(id));
      answer(io, options, data, (all) =>
        table(
          ['ID', 'NAME', 'STATE', 'CAUSE', 'BY', 'AT', 'SIZE'],
          all.map((each) => [
            each.checkpointId,
            each.name,
            each.state,
            each.cause,
            each.createdBy,
            each.createdAt,
            size(each.bytes),
          ]),
        ),
      );
    },
  );
  common(sessions.command('checkpoint').argument('<session>').description('save it as it is now'))
    .option('--name <name>')
    .action(async (id: string, options: CommonOptions & { name?: string }) => {
      const body = options.name === undefined ? {} : { name: options.name };
      answer(io, options, await clientOf(options).send<Checkpoint>('POST', path(id), body), words);
    });
  common(
    sessions
      .command('rewind')
      .argument('<session>')
      .argument('<checkpoint>')
      .description('put it back: everything after the checkpoint is undone, and the agent is told'),
  )
    .option('--force', 'also from another operator who holds it')
    .action(async (id: string, checkpoint: string, options: CommonOptions & { force?: boolean }) => {
      const body = options.force ? { force: true } : {};
      const at = `${path(id, checkpoint)}/restore`;
      answer(io, options, await clientOf(options).send<Checkpoint>('POST', at, body), words);
    });
  common(
    sessions
      .command('branch')
      .argument('<session>')
      .argument('<checkpoint>')
      .description('a new session that goes on from the checkpoint'),
  )
    .option('--name <name>')
    .action(async (id: string, checkpoint: string, options: CommonOptions & { name?: string }) => {
      const body = options.name === undefined ? {} : { name: options.name };
      const made = await clientOf(options).send<Session>('POST', `${path(id, checkpoint)}/branch`, body);
      answer(io, options, made, ({ sessionId, name }) =>
        fields([
          ['session', sessionId],
          ['name', name],
        ]),
      );
    });
}
