import type { Command } from 'commander';
import type { Capacity, CapacityLimits } from '@shared/capacity';
import { answer, clientOf, common, type CommonOptions } from '../context';
import { UsageError } from '../errors';
import { table, type Io } from '../output';
import { numberOrNone } from '../values';

interface LimitOptions extends CommonOptions {
  machines?: string;
  memory?: string;
  cpus?: string;
}

const path = '/api/capacity';
const bound = (limit: number | null): string => (limit === null ? 'no limit' : String(limit));

const words = ({ limits, host, taken, pools }: Capacity): string => {
  const all = table(
    ['', 'MACHINES', 'MEMORY MiB', 'CPUS'],
    [
      ['limit', bound(limits.machines), bound(limits.memoryMiB), bound(limits.cpus)],
      ['taken', taken.machines, taken.memoryMiB, taken.cpus],
      ['computer', '', Math.round(host.memoryMiB), host.cpus],
    ],
  );
  const each = pools.map((pool) => [
    ...[pool.poolId, pool.taken.machines, pool.taken.memoryMiB, pool.taken.cpus],
    pool.share === null ? 'enough for all' : pool.share,
  ]);
  return pools.length === 0 ? all : `${all}\n${table(['POOL', 'MACHINES', 'MEMORY MiB', 'CPUS', 'SHARE'], each)}`;
};

/** What all pools together may take of this computer. */
export function capacityCommands(program: Command, io: Io): void {
  const capacity = program.command('capacity').description('what all pools together may take of this computer');
  common(capacity.command('show').description('the limits, what is taken, and shares while that is scarce')).action(
    async (options: CommonOptions) => answer(io, options, await clientOf(options).get<Capacity>(path), words),
  );
  common(capacity.command('set').description('limits for machines made from then on; what is not named stays'))
    .option('--machines <n>', 'the most there may be, or "none"')
    .option('--memory <MiB>', 'by the sizes of machines, used or not, or "none"')
    .option('--cpus <n>', 'cores, by the sizes of machines, or "none"')
    .action(async (options: LimitOptions) => {
      const said = {
        machines: numberOrNone('machines', options.machines),
        memoryMiB: numberOrNone('memory', options.memory),
        cpus: numberOrNone('cpus', options.cpus),
      };
      const named = Object.entries(said).filter(([, value]) => value !== undefined);
      if (named.length === 0) throw new UsageError('Name a limit: --machines, --memory or --cpus.');
      const client = clientOf(options);
      const { limits } = await client.get<Capacity>(path);
      const wanted: CapacityLimits = { ...limits, ...Object.fromEntries(named) };
      answer(io, options, await client.send<Capacity>('PUT', path, wanted), words);
    });
}
