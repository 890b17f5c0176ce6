import type { Command } from 'commander';
import type { UsageReport } from '@shared/usage';
import { answer, clientOf, common, type CommonOptions } from '../context';
import { table, type Io } from '../output';

interface UsageOptions extends CommonOptions {
  by: string;
  from?: string;
  to?: string;
  pool?: string;
  csv?: boolean;
}

/** 0:00:09, 26:10:00. */
function span(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
const mebibytes = (bytes: number): string => (bytes / 1024 ** 2).toFixed(1);

function words({ by, rows, total, truncated }: UsageReport): string {
  const line = (key: string, name: string, row: UsageReport['total']) => [
    ...[key, name, row.sessions, row.calls, span(row.wallMs), span(row.activeMs), span(row.heldMs)],
    ...[span(row.pausedMs), span(row.suspendedMs), mebibytes(row.recordBytes), mebibytes(row.checkpointBytes)],
  ];
  const head = ['NAME', 'SESSIONS', 'CALLS', 'WALL', 'ACTIVE', 'HELD', 'PAUSED', 'SUSPENDED', 'RECORD MiB'];
  const all = table(
    [by.toUpperCase(), ...head, 'CHECKPOINTS MiB'],
    [...rows.map((row) => line(row.key, row.name, row)), line('TOTAL', '', total)],
  );
  return truncated ? `${all}There are more; ask for a shorter time.\n` : all;
}

export function usageCommand(program: Command, io: Io): void {
  common(program.command('usage').description('what sessions used'))
    .option('--by <group>', 'session, pool or caller', 'session')
    .option('--from <time>', 'a day or a time; whole hours in UTC (default: 30 days ago)')
    .option('--to <time>', 'until then, exclusive (default: now)')
    .option('--pool <id>', "one pool's alone")
    .option('--csv', 'as a CSV file')
    .action(async (options: UsageOptions) => {
      const query = new URLSearchParams({ by: options.by });
      for (const name of ['from', 'to', 'pool'] as const) {
        const value = options[name];
        if (value !== undefined) query.set(name, value);
      }
      const client = clientOf(options);
      if (!options.csv) return answer(io, options, await client.get<UsageReport>(`/api/usage?${query}`), words);
      query.set('format', 'csv');
      const file = await client.stream(`/api/usage?${query}`, AbortSignal.timeout(60_000));
      io.out(await file.text());
    });
}
