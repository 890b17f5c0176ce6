import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import type { Command } from 'commander';
import type { Home } from '@shared/home';
import type { Page } from '@shared/session';
import { writeStream } from '../../src-main/base/writeStream';
import { answer, clientOf, common, type CommonOptions } from '../context';
import { fields, table, type Io } from '../output';
import { poolIdOf } from './poolIds';

const mebibytes = (bytes: number | null): string | null =>
  bytes === null ? null : `${(bytes / 1024 ** 2).toFixed(1)} MiB`;

const used = ({ bytes, quotaMiB, quotaEnforced, overQuota }: Home): string => {
  const now = mebibytes(bytes) ?? 'not measured yet';
  if (quotaMiB === 0) return now;
  const bound = `${now}, quota ${quotaMiB} MiB${quotaEnforced ? '' : ' (nothing stops it there)'}`;
  return overQuota ? `${bound}: over it` : bound;
};

const words = (home: Home): string =>
  fields([
    ['id', home.homeId],
    ['pool', `${home.poolId} (${home.backend})`],
    ['caller', home.caller],
    ['state', home.reason ? `${home.state}: ${home.reason}` : home.state],
    ['session', home.sessionId],
    ['used', used(home)],
    ['stays', home.keep ? 'when its session ends' : 'until its session ends'],
    ['made', home.createdAt],
    ['last used', home.lastUsedAt],
    ['goes', home.expiresAt],
  ]);

/** Homes that outlive machines. */
export function homeCommands(program: Command, io: Io): void {
  const homes = program.command('homes').description('homes that outlive their machines');
  const path = (id: string) => `/api/homes/${encodeURIComponent(id)}`;

  common(homes.command('list'))
    .option('--pool <pool>', "one pool's alone, by its id or name")
    .option('--caller <name>', "one token's alone")
    .action(async (options: CommonOptions & { pool?: string; caller?: string }) => {
      const client = clientOf(options);
      const query = new URLSearchParams({ limit: '100' });
      if (options.pool !== undefined) query.set('pool', await poolIdOf(client, options.pool));
      if (options.caller !== undefined) query.set('caller', options.caller);
      const all: Home[] = [];
      for (;;) {
        const page = await client.get<Page<Home>>(`/api/homes?${query}`);
        all.push(...page.data);
        if (!page.has_more || page.last_id === null) break;
        query.set('after', page.last_id);
      }
      answer(io, options, all, (found) =>
        table(
          ['ID', 'POOL', 'CALLER', 'STATE', 'SESSION', 'SIZE', 'LAST USED', 'GOES'],
          found.map((each) => [
            ...[each.homeId, each.poolId, each.caller, each.state, each.sessionId],
            ...[mebibytes(each.bytes), each.lastUsedAt, each.expiresAt],
          ]),
        ),
      );
    });
  common(homes.command('show').argument('<home>')).action(async (id: string, options: CommonOptions) =>
    answer(io, options, await clientOf(options).get<Home>(path(id)), words),
  );
  common(homes.command('delete').argument('<home>').description('delete it and everything in it')).action(
    async (id: string, options: CommonOptions) => {
      await clientOf(options).send('DELETE', path(id));
      answer(io, options, { deleted: id }, () => '');
    },
  );
  common(homes.command('download').argument('<home>').description('all of it: a tar, or its disk (QEMU)'))
    .option('--out <file>', '"-" for standard output (default: HOME.tar or HOME.qcow2, here)')
    .action(async (id: string, options: CommonOptions & { out?: string }) => {
      const stop = new AbortController();
      const onSignal = () => stop.abort(new Error('Interrupted.'));
      process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
      try {
        const found = await clientOf(options).stream(`${path(id)}/content`, stop.signal);
        const body = Readable.fromWeb(found.body as ReadableStream<Uint8Array>);
        if (options.out === '-') return await pipeline(body, process.stdout, { end: false });
        const file = options.out ?? fileName(found, id);
        await writeStream(file, body);
        answer(io, options, { homeId: id, file }, () => `${file}\n`);
      } finally {
        process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
      }
    });
}

/** As the server says, and never outside of this folder. */
function fileName(found: Response, id: string): string {
  const said = /filename="([^"]+)"/.exec(found.headers.get('content-disposition') ?? '')?.[1];
  return basename(said ?? `${id}.tar`);
}
