import { Command, CommanderError } from 'commander';
import { version } from '../package.json';
import { capacityCommands } from './commands/capacity';
import { controlCommands } from './commands/control';
import { doctorCommand } from './commands/doctor';
import { guestCommands } from './commands/guests';
import { homeCommands } from './commands/homes';
import { machineCommands } from './commands/machines';
import { poolCommands } from './commands/pools';
import { serveCommand } from './commands/serve';
import { sessionCommands } from './commands/sessions';
import { settingsCommands } from './commands/settings';
import { stopCommands } from './commands/stop';
import { tokenCommands } from './commands/token';
import { usageCommand } from './commands/usage';
import { explain, SaidAlready, UsageError } from './errors';
import { processIo, type Io } from './output';

/** Runs one command; returns its exit code: 0 done, 1 failed, 2 used wrongly. */
export async function run(argv: readonly string[], io: Io = processIo): Promise<number> {
  const program = new Command('wheelhouse')
    .description('Supervise AI agents that use computers, and take the wheel when you must.')
    .version(version)
    .showHelpAfterError('(add --help for what there is)')
    .helpCommand(false);
  for (const add of [
    serveCommand,
    doctorCommand,
    tokenCommands,
    poolCommands,
    machineCommands,
    homeCommands,
    capacityCommands,
    guestCommands,
    sessionCommands,
    controlCommands,
    stopCommands,
    settingsCommands,
    usageCommand,
  ])
    add(program, io);
  everyCommand(program, (command) => command.exitOverride().configureOutput({ writeOut: io.out, writeErr: io.err }));
  try {
    await program.parseAsync(argv, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof SaidAlready) return 1;
    io.err(`wheelhouse: ${explain(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

function everyCommand(command: Command, visit: (command: Command) => void): void {
  visit(command);
  for (const child of command.commands) everyCommand(child, visit);
}
