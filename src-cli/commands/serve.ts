import type { Command } from 'commander';
import { onStopSchema } from '@shared/settings';
import { mustBeFree } from '../../src-main/base/freePort';
import { createLogger } from '../../src-main/base/logger';
import { destroysAtStop, drainWithinMs } from '../../src-main/wheelhouse/settings';
import { readRuntime } from '../../src-main/wheelhouse/runtime';
import { noteDataFolder } from '../../src-main/diagnostics/dataFolders';
import { cacheFolder } from '../../src-main/sandbox/qemu/image';
import { common, dataDirOf, type CommonOptions } from '../context';
import { UsageError } from '../errors';
import { jsonLine, type Io } from '../output';

const defaultPort = '7317';

/** A second signal, or a stop that takes longer than this, ends the process at once; a restart recovers. */
const stopWithinMs = 30_000;

interface ServeOptions extends CommonOptions {
  port: string;
  backend?: string;
  onStop?: string;
  destroy?: boolean;
  log: string;
}

export function serveCommand(program: Command, io: Io): void {
  common(program.command('serve').description('run the broker with no window, until SIGTERM or SIGINT'))
    .option('--port <n>', '0 picks a free one', defaultPort)
    .option('--backend <kind>', 'have a pool on docker or qemu (default: Docker where it answers, else QEMU)')
    .option(
      '--on-stop <what>',
      'at the stop keep the machines for the next start, or destroy them (default: as the setting says, else keep)',
    )
    .option('--destroy', 'the same as --on-stop destroy')
    .option('--log <level>', 'trace, debug, info, warn, error or silent; to standard error', 'info')
    .action(async (options: ServeOptions) => {
      const port = Number(options.port);
      if (!/^\d+$/.test(options.port) || port > 65_535) {
        throw new UsageError(`--port takes a number from 0 to 65535, not "${options.port}".`);
      }
      if (!['trace', 'debug', 'info', 'warn', 'error', 'silent'].includes(options.log)) {
        throw new UsageError(`--log does not know the level "${options.log}".`);
      }
      const { backend } = options;
      if (backend !== undefined && backend !== 'docker' && backend !== 'qemu') {
        throw new UsageError(`--backend takes docker or qemu, not "${backend}".`);
      }
      const told = options.onStop === undefined ? null : onStopSchema.safeParse(options.onStop).data;
      if (told === undefined) throw new UsageError(`--on-stop takes keep or destroy, not "${options.onStop}".`);
      if (told === 'keep' && options.destroy) throw new UsageError('--destroy and --on-stop keep exclude each other.');
      const dataDir = dataDirOf(options);
      // Before machines are made that would have to go again. A folder that is in use says so itself, by its lock.
      if (!usesPort(readRuntime(dataDir)?.url, port)) await mustBeFree(port);
      const signalled = untilSignal();
      // Loaded only here: the other commands start faster without the broker.
      const { startWheelhouse } = await import('../../src-main/wheelhouse');
      const { poolOn } = await import('../../src-main/wheelhouse/firstPool');
      const logger = createLogger({ level: options.log });
      noteDataFolder(cacheFolder(), dataDir, logger);
      const wheelhouse = await startWheelhouse({
        dataDir,
        port,
        logger,
        defaultBackend: backend,
      });
      if (backend !== undefined) poolOn(backend, wheelhouse.broker.pools);
      io.out(jsonLine({ event: 'ready', url: wheelhouse.url, dataDir: wheelhouse.dataDir }));
      if (!options.json) io.err(`Wheelhouse serves at ${wheelhouse.url}. Stop it with Ctrl-C.\n`);
      await signalled;
      const late = setTimeout(() => process.exit(1), stopWithinMs);
      const { onStop } = wheelhouse.people.get();
      const destroy = destroysAtStop(options.destroy ? 'destroy' : told, onStop, 'keep');
      await wheelhouse.stop({ destroy, drainMs: drainWithinMs });
      clearTimeout(late);
      // What is still open now belongs to nobody (a helper thread, a kept-alive socket).
      setImmediate(() => process.exit(0));
    });
}

const usesPort = (url: string | undefined, port: number): boolean =>
  url !== undefined && Number(new URL(url).port) === port;

/** Resolves at the first of the two; the next of either ends the process at once. */
const untilSignal = (): Promise<void> =>
  new Promise((resolve) => {
    let signals = 0;
    const heard = (): void => {
      signals += 1;
      if (signals > 1) process.exit(1);
      resolve();
    };
    process.on('SIGTERM', heard).on('SIGINT', heard);
  });
