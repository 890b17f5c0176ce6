import type { Command } from 'commander';
import { diagnosticsReport } from '@shared/diagnosticsReport';
import { version } from '../../package.json';
import { common, dataDirOf, type CommonOptions } from '../context';
import { SaidAlready } from '../errors';
import { jsonLine, type Io } from '../output';

/** Looks at this computer as Diagnostics in the app does; needs no broker, and starts none. */
export function doctorCommand(program: Command, io: Io): void {
  common(
    program.command('doctor').description('say what this computer has for Wheelhouse, and what is missing'),
  ).action(async (options: CommonOptions) => {
    const { lookFromOutside } = await import('../doctorLook');
    const found = await lookFromOutside(dataDirOf(options), version);
    io.out(options.json ? jsonLine(found) : diagnosticsReport(found));
    if (found.checks.some(({ id, state }) => id === 'desktops' && state === 'failed')) throw new SaidAlready();
  });
}
