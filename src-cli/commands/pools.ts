import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { poolDefaults as defaults, type Pool, type PoolPatch } from '@shared/pool';
import type { Page } from '@shared/session';
import type { Client } from '../client';
import { answer, clientOf, common, type CommonOptions } from '../context';
import { UsageError } from '../errors';
import { fields, table, type Io } from '../output';

interface PoolOptions extends CommonOptions {
  name?: string;
  description?: string;
  backend?: Pool['backend'];
  image?: string;
  cpus?: string;
  memory?: string;
  screen?: string;
  warm?: string;
  idle?: string;
  assign?: string;
  paused?: boolean;
  file?: string;
}

const number = (name: string, text: string): number => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new UsageError(`--${name} takes a number, not "${text}".`);
  return value;
};
const pair = (name: string, text: string, separator: string): [number, number] => {
  const [first, second, more] = text.split(separator);
  if (first === undefined || second === undefined || more !== undefined) {
    throw new UsageError(`--${name} takes two numbers with "${separator}" between, not "${text}".`);
  }
  return [number(name, first), number(name, second)];
};

/** What was asked for, over `now` where a part of an object changes. The server checks it. */
function patchOf(options: PoolOptions, now: Pool | null): PoolPatch {
  const patch: Record<string, unknown> = options.file ? fromFile(options.file) : {};
  const size: Record<string, number> = {};
  if (options.cpus !== undefined) size.cpus = number('cpus', options.cpus);
  if (options.memory !== undefined) size.memoryMiB = number('memory', options.memory);
  if (options.screen !== undefined) [size.width, size.height] = pair('screen', options.screen, 'x');
  if (Object.keys(size).length > 0) patch.size = { ...(now?.size ?? defaults.size), ...size };
  if (options.warm !== undefined) {
    const [minimum, maximum] = pair('warm', options.warm, ':');
    patch.warm = { minimum, maximum };
  }
  if (options.idle !== undefined) {
    patch.idle = { ...(now?.idle ?? defaults.idle), afterSeconds: number('idle', options.idle) };
  }
  if (options.assign !== undefined) patch.assignments = options.assign.split(',').filter(Boolean);
  if (options.name !== undefined) patch.displayName = options.name;
  for (const field of ['description', 'backend', 'image', 'paused'] as const) {
    if (options[field] !== undefined) patch[field] = options[field];
  }
  return patch as PoolPatch;
}

function fromFile(file: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(file === '-' ? 0 : file, 'utf8')) as Record<string, unknown>;
  } catch (error) {
    throw new UsageError(`--file ${file}: ${error instanceof Error ? error.message : 'not readable'}`);
  }
}

const withSpec = (command: Command): Command =>
  common(command)
    .option('--description <text>')
    .option('--backend <kind>', 'docker or qemu')
    .option('--image <name>')
    .option('--cpus <n>', 'cores')
    .option('--memory <MiB>')
    .option('--screen <WxH>', 'pixels')
    .option('--warm <min:max>', 'machines kept ready, and the most there may be')
    .option('--idle <seconds>', 'without activity until a session ends')
    .option('--assign <names>', 'names of the agent tokens that may acquire, with commas between')
    .option('--file <file>', 'further fields as JSON; "-" reads standard input');

const words = (pool: Pool): string =>
  fields([
    ['id', pool.id],
    ['name', pool.displayName],
    ['image', `${pool.image} (${pool.backend})`],
    ['size', `${pool.size.cpus} cores, ${pool.size.memoryMiB} MiB, ${pool.size.width}x${pool.size.height}`],
    ['warm', `${pool.warm.minimum} to ${pool.warm.maximum}`],
    ...(pool.backend === 'docker' ? [] : [['checkpoints', kept(pool)] as const]),
    ['idle', `${pool.idle.policy} after ${pool.idle.afterSeconds} s`],
    ['paused', pool.paused],
    ['machines', counts(pool)],
    ...pool.observed.conditions.map(
      (each) => [each.type.toLowerCase(), `${each.status} ${each.reason}: ${each.message}`] as const,
    ),
  ]);
const kept = ({ checkpoints: { beforeTakeover, beforeCommands, keep } }: Pool): string =>
  [`at most ${keep} a session`, beforeTakeover && 'before a take-over', beforeCommands && 'before shell commands']
    .filter(Boolean)
    .join(', ');
const counts = ({ observed: { machines } }: Pool): string =>
  Object.entries(machines)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`)
    .join(', ') || 'none';

/** The id of the pool with this id, or else of the only one with this name; as it was given when neither is there. */
export async function poolIdOf(client: Client, idOrName: string): Promise<string> {
  const { data } = await client.get<Page<Pool>>('/api/pools?limit=100');
  if (data.some(({ id }) => id === idOrName)) return idOrName;
  const named = data.filter(({ displayName }) => displayName === idOrName);
  if (named.length > 1) throw new UsageError(`${named.length} pools are called "${idOrName}": name one by its id.`);
  return named[0]?.id ?? idOrName;
}

export function poolCommands(program: Command, io: Io): void {
  const pools = program.command('pools').description('pools of desktops');
  const path = (id: string) => `/api/pools/${encodeURIComponent(id)}`;

  common(pools.command('list')).action(async (options: CommonOptions) => {
    const page = await clientOf(options).get<Page<Pool>>('/api/pools?limit=100');
    answer(io, options, page.data, (all) =>
      table(
        ['ID', 'NAME', 'BACKEND', 'IMAGE', 'WARM', 'MACHINES'],
        all.map((pool) => [
          pool.id,
          pool.displayName,
          pool.backend,
          pool.image,
          `${pool.warm.minimum}:${pool.warm.maximum}`,
          pool.paused ? `${counts(pool)} (paused)` : counts(pool),
        ]),
      ),
    );
  });
  common(pools.command('show').argument('<pool>', 'its id or name')).action(
    async (pool: string, options: CommonOptions) => {
      const client = clientOf(options);
      answer(io, options, await client.get<Pool>(path(await poolIdOf(client, pool))), words);
    },
  );
  withSpec(pools.command('create').argument('<name>')).action(async (name: string, options: PoolOptions) => {
    const spec = patchOf({ ...options, name }, null);
    answer(io, options, await clientOf(options).send<Pool>('POST', '/api/pools', spec), words);
  });
  withSpec(pools.command('update').argument('<pool>', 'its id or name'))
    .option('--name <name>')
    .option('--paused', 'hand out nothing')
    .option('--no-paused', 'hand out again')
    .action(async (pool: string, options: PoolOptions) => {
      const client = clientOf(options);
      const id = await poolIdOf(client, pool);
      const patch = patchOf(options, await client.get<Pool>(path(id)));
      answer(io, options, await client.send<Pool>('PATCH', path(id), patch), words);
    });
  common(pools.command('delete').argument('<pool>', 'its id or name'))
    .option('--force', 'also with live sessions, which are released')
    .action(async (pool: string, options: CommonOptions & { force?: boolean }) => {
      const client = clientOf(options);
      const id = await poolIdOf(client, pool);
      await client.send('DELETE', `${path(id)}?force=${options.force === true}`);
      answer(io, options, { deleted: id }, () => '');
    });
}
