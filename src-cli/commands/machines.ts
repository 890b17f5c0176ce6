import type { Command } from 'commander';
import type { MachineLook, MachineRun } from '@shared/machineLook';
import type { Machine, Pool } from '@shared/pool';
import type { Page } from '@shared/session';
import type { Client } from '../client';
import { answer, clientOf, common, type CommonOptions } from '../context';
import { SaidAlready } from '../errors';
import { fields, lines, table, type Io } from '../output';
import { poolIdOf } from './poolIds';

const state = ({ state: now, trouble }: Machine): string => (trouble ? `${now} (${trouble})` : now);

/** One word is a line for the shell as it stands; of several each stays what it is, as an ordinary command's do. */
const commandLine = ([first = '', ...rest]: readonly string[]): string =>
  rest.length === 0
    ? first
    : [first, ...rest]
        .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
        .join(' ');

const words = (machine: Machine) => [
  ['id', machine.machineId] as const,
  ['pool', machine.poolId] as const,
  ['state', state(machine)] as const,
  ['since', machine.since] as const,
  ['why', machine.reason] as const,
  ['image', machine.image] as const,
  ['session', machine.sessionId] as const,
  ['kept until', machine.keptUntil] as const,
];

const seen = (look: MachineLook): string => {
  const about = fields([
    ...words(look.machine),
    ['backend says', look.state],
    ['last session', look.lastSessionId],
    ['last picture', look.frame === null ? null : `${look.frame} at ${look.frameAt ?? ''}`],
    ['runs commands', look.canRun ? 'yes: machines run' : 'no'],
  ]);
  const log = look.consoleError === null ? lines(look.console) : lines([look.consoleError]);
  return log === '' ? about : `${about}\n${log}`;
};

async function all(client: Client, pool: string | undefined): Promise<Machine[]> {
  const ids =
    pool === undefined
      ? (await client.get<Page<Pool>>('/api/pools?limit=100')).data.map(({ id }) => id)
      : [await poolIdOf(client, pool)];
  const found = await Promise.all(
    ids.map((id) => client.get<{ data: Machine[] }>(`/api/pools/${encodeURIComponent(id)}/machines`)),
  );
  return found.flatMap(({ data }) => data);
}

/** Machines, above all those that failed. */
export function machineCommands(program: Command, io: Io): void {
  const machines = program.command('machines').description('machines of the pools, above all those that failed');
  const path = (id: string) => `/api/machines/${encodeURIComponent(id)}`;

  common(machines.command('list'))
    .option('--pool <pool>', "one pool's alone, by its id or name")
    .option('--quarantined', 'those that failed alone')
    .action(async (options: CommonOptions & { pool?: string; quarantined?: boolean }) => {
      const found = (await all(clientOf(options), options.pool)).filter(
        (each) => !options.quarantined || each.state === 'quarantined',
      );
      answer(io, options, found, (those) =>
        table(
          ['ID', 'POOL', 'STATE', 'SESSION', 'SINCE', 'KEPT UNTIL', 'WHY'],
          those.map((each) => [
            ...[each.machineId, each.poolId, state(each), each.sessionId, each.since, each.keptUntil, each.reason],
          ]),
        ),
      );
    });
  common(
    machines.command('show').argument('<machine>').description('what is wrong, its last picture and its console'),
  ).action(async (id: string, options: CommonOptions) =>
    answer(io, options, await clientOf(options).get<MachineLook>(path(id)), seen),
  );
  common(
    machines
      .command('run')
      .argument('<machine>', 'a quarantined one')
      .argument('<command...>', 'after "--" where it has flags of its own')
      .description('one command in it, as the user of its sessions; fails when the command does'),
  ).action(async (id: string, command: string[], options: CommonOptions) => {
    const ran = await clientOf(options).send<MachineRun>('POST', `${path(id)}/run`, { command: commandLine(command) });
    answer(io, options, ran, ({ output }) => lines(output === '' ? [] : output.replace(/\n$/, '').split('\n')));
    if (ran.truncated) io.err('wheelhouse: there was more output than is shown\n');
    if (ran.exitCode === 0) return;
    io.err(`wheelhouse: the command ended with ${ran.exitCode ?? 'no exit code'}\n`);
    throw new SaidAlready();
  });
  common(
    machines.command('keep').argument('<machine>', 'a quarantined one').description('keep it for an hour from now'),
  ).action(async (id: string, options: CommonOptions) =>
    answer(io, options, await clientOf(options).send<Machine>('POST', `${path(id)}/keep`, {}), (machine) =>
      fields(words(machine)),
    ),
  );
  common(
    machines
      .command('destroy')
      .argument('<machine>')
      .description('destroy one that no session has; its pool makes another where it wants one'),
  ).action(async (id: string, options: CommonOptions) => {
    await clientOf(options).send('DELETE', path(id));
    answer(io, options, { destroyed: id }, () => '');
  });
}
