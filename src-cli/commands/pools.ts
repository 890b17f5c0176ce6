import type { Command } from 'commander';
import type { Pool } from '@shared/pool';
import type { Page } from '@shared/session';
import { answer, clientOf, common, type CommonOptions } from '../context';
import { fields, table, type Io } from '../output';
import { poolFileCommands } from './poolFiles';
import { poolIdOf } from './poolIds';
import { patchOf, withSpec, type PoolOptions } from './poolFlags';

const words = (pool: Pool): string =>
  fields([
    ['id', pool.id],
    ['name', pool.displayName],
    ['image', `${pool.image} (${pool.backend})`],
    ['size', `${pool.size.cpus} cores, ${pool.size.memoryMiB} MiB, ${pool.size.width}x${pool.size.height}`],
    ['warm', `${pool.warm.minimum} to ${pool.warm.maximum}${pool.warm.freeze ? ', frozen until handed out' : ''}`],
    ...(pool.backend === 'docker' ? [] : [['checkpoints', kept(pool)] as const]),
    ['idle', idle(pool)],
    ['homes', homes(pool)],
    ['requests', wishes(pool)],
    ['who', pool.assignments.join(', ') || 'every agent token'],
    ['per token', pool.limits.sessionsPerToken ?? 'no limit'],
    ['isolation', pool.isolationRequired ? 'required' : 'not required'],
    ['paused', pool.paused],
    ['machines', counts(pool)],
    ...pool.observed.conditions.map(
      (each) => [each.type.toLowerCase(), `${each.status} ${each.reason}: ${each.message}`] as const,
    ),
  ]);
const idle = ({ idle: { policy, keeps, afterSeconds } }: Pool): string =>
  `${policy} after ${afterSeconds} s${policy === 'suspend' && keeps === 'machine' ? ', with the whole machine' : ''}`;
const homes = ({ idle: { policy }, home }: Pool): string => {
  if (home.policy === 'none' && policy !== 'suspend') return 'go with their machines';
  const quota = home.quotaMiB === 0 ? '' : `, at most ${home.quotaMiB} MiB`;
  const until = home.policy === 'keep' ? 'kept' : 'kept while a session is suspended';
  return `${until}${quota}, for ${home.expiresAfterDays} days without use`;
};
const wishes = ({ acquire: { screen, idleSeconds } }: Pool): string =>
  [screen && 'their screen', idleSeconds && `their idle time (${idleSeconds.minimum} to ${idleSeconds.maximum} s)`]
    .filter(Boolean)
    .join(' and ')
    .replace(/^./, (first) => `may choose ${first}`) || 'choose nothing';
const kept = ({ checkpoints: { beforeTakeover, beforeCommands, keep } }: Pool): string =>
  [`at most ${keep} a session`, beforeTakeover && 'before a take-over', beforeCommands && 'before shell commands']
    .filter(Boolean)
    .join(', ');
const counts = ({ observed: { machines } }: Pool): string =>
  Object.entries(machines)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`)
    .join(', ') || 'none';

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
    .action(async (pool: string, options: PoolOptions) => {
      const client = clientOf(options);
      const id = await poolIdOf(client, pool);
      const patch = patchOf(options, await client.get<Pool>(path(id)));
      answer(io, options, await client.send<Pool>('PATCH', path(id), patch), words);
    });
  for (const [verb, paused, what] of [
    ['pause', true, 'hand out nothing; sessions go on'],
    ['resume', false, 'hand out again'],
  ] as const) {
    common(pools.command(verb).argument('<pool>', 'its id or name').description(what)).action(
      async (pool: string, options: CommonOptions) => {
        const client = clientOf(options);
        const id = await poolIdOf(client, pool);
        answer(io, options, await client.send<Pool>('PATCH', path(id), { paused }), words);
      },
    );
  }
  common(
    pools
      .command('retry')
      .argument('<pool>', 'its id or name')
      .description('try again at once where failures made it wait'),
  ).action(async (pool: string, options: CommonOptions) => {
    const client = clientOf(options);
    const id = await poolIdOf(client, pool);
    answer(io, options, await client.send<Pool>('POST', `${path(id)}/retry`, {}), words);
  });
  common(pools.command('delete').argument('<pool>', 'its id or name'))
    .option('--force', 'also with live sessions, which are released')
    .action(async (pool: string, options: CommonOptions & { force?: boolean }) => {
      const client = clientOf(options);
      const id = await poolIdOf(client, pool);
      await client.send('DELETE', `${path(id)}?force=${options.force === true}`);
      answer(io, options, { deleted: id }, () => '');
    });
  poolFileCommands(pools, io);
}
