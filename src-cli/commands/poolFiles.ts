import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { parse } from 'yaml';
import type { PoolImport } from '@shared/poolFile';
import { WheelhouseError } from '../../src-main/base/errors';
import { poolJsonSchema } from '../../src-main/broker/poolFile';
import { answer, clientOf, common, type CommonOptions } from '../context';
import { UsageError } from '../errors';
import { jsonLine, plain, type Io } from '../output';
import { poolIdOf } from './poolIds';

const did = { create: 'created', update: 'changed', unchanged: 'unchanged' } as const;
const would = { create: 'would create', update: 'would change', unchanged: 'unchanged' } as const;

function words({ applied, pools }: PoolImport): string {
  const verbs = applied ? did : would;
  return pools
    .map(({ action, id, displayName, changes }) => {
      const head = `${verbs[action]} ${plain(displayName)}${id === null ? '' : ` (${id})`}\n`;
      const lines = changes.map(({ path, from, to }) =>
        action === 'create' ? `  ${path}: ${value(to)}\n` : `  ${path}: ${value(from)} -> ${value(to)}\n`,
      );
      return head + lines.join('');
    })
    .join('');
}
const value = (of: unknown): string => (of === null ? 'none' : of === '' ? '""' : plain(of));

/** Commands below `pools`: as a file, and back. */
export function poolFileCommands(pools: Command, io: Io): void {
  common(
    pools.command('export').argument('[pool]', 'only this one, by its id or name').description('print pools as YAML'),
  )
    .option('--out <file>', 'write it there instead')
    .action(async (pool: string | undefined, options: CommonOptions & { out?: string }) => {
      const client = clientOf(options);
      const of = pool === undefined ? '' : `/${encodeURIComponent(await poolIdOf(client, pool))}`;
      const yaml = await client.text(`/api/pools${of}/export`);
      // JSON is YAML too: what this prints can be imported as well.
      const text = options.json ? jsonLine(parse(yaml)) : yaml;
      if (options.out === undefined) return io.out(text);
      try {
        writeFileSync(options.out, text);
      } catch (error) {
        throw new WheelhouseError('not_supported', `${options.out} could not be written: ${reason(error)}`);
      }
    });
  common(
    pools
      .command('import')
      .argument('<file>', '"-" reads standard input')
      .description('make and change pools as it says'),
  )
    .option('--dry-run', 'only say what would change')
    .action(async (file: string, options: CommonOptions & { dryRun?: boolean }) => {
      const path = `/api/pools/import?dryRun=${options.dryRun === true}`;
      answer(io, options, await clientOf(options).sendText<PoolImport>(path, 'application/yaml', read(file)), words);
    });
  common(pools.command('schema').description('print the JSON Schema of these files')).action(() =>
    io.out(`${JSON.stringify(poolJsonSchema(), null, 2)}\n`),
  );
}

function read(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} can’t be read: ${reason(error)}`);
  }
}
const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
