import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import type { Page, Session } from '@shared/session';
import { answer, clientOf, common, type CommonOptions } from '../context';
import { UsageError } from '../errors';
import { fields, plain, table, type Io } from '../output';
import { watch } from '../watch';
import { checkpointCommands } from './checkpoints';
import { poolIdOf } from './poolIds';

interface Checkout {
  sessionId: string;
  computerUrl: string;
  screenshareUrl: string;
}

/** Who may act; a machine whose processors stand still is `stopped`, which is more than paused. */
const holder = ({ control, frozen }: Session): string => {
  const by = control.holder ?? control.pausedBy;
  const kind = frozen ? 'stopped' : control.kind;
  return by ? `${kind} (${by})` : kind;
};

const words = (session: Session): string =>
  fields([
    ['id', session.sessionId],
    ['name', session.name],
    ['pool', session.poolId],
    ['status', session.reason ? `${session.status}: ${session.reason}` : session.status],
    ['agent', session.agent],
    ['caller', session.caller],
    ['control', holder(session)],
    ['computer', session.computerId],
    ['machine', session.machineId],
    ['began', session.createdAt],
    ['active', session.lastActivityAt],
    ['ends', session.endedAt ?? session.expiresAt],
  ]);

export function sessionCommands(program: Command, io: Io): void {
  const sessions = program.command('sessions').description('sessions on the desktops');
  const path = (id: string) => `/api/sessions/${encodeURIComponent(id)}`;

  common(sessions.command('list'))
    .option('--all', 'ended ones too')
    .option('--limit <n>', 'at most this many, the newest first (1-100)', '50')
    .action(async (options: CommonOptions & { all?: boolean; limit: string }) => {
      const query = `limit=${encodeURIComponent(options.limit)}&order=desc&live=${options.all !== true}`;
      const page = await clientOf(options).get<Page<Session>>(`/api/sessions?${query}`);
      answer(io, options, page.data, (all) =>
        table(
          ['ID', 'NAME', 'POOL', 'STATUS', 'AGENT', 'CONTROL', 'ACTIVE'],
          all.map((each) => [
            each.sessionId,
            each.name,
            each.poolId,
            each.status,
            each.agent,
            holder(each),
            each.lastActivityAt,
          ]),
        ),
      );
    });
  common(sessions.command('show').argument('<session>')).action(async (id: string, options: CommonOptions) =>
    answer(io, options, await clientOf(options).get<Session>(path(id)), words),
  );
  common(sessions.command('acquire').argument('<pool>', 'its id or name'))
    .option('--key <uuid>', 'the idempotency key (default: a new one)')
    .option('--name <name>')
    .option('--wait <ms>', 'how long to queue, 0-30000')
    .action(async (pool: string, options: CommonOptions & { key?: string; name?: string; wait?: string }) => {
      const waitMs = options.wait === undefined ? undefined : Number(options.wait);
      if (Number.isNaN(waitMs)) throw new UsageError(`--wait takes milliseconds, not "${options.wait}".`);
      const client = clientOf(options);
      const made = await client.send<Checkout>(
        'POST',
        `/api/pools/${encodeURIComponent(await poolIdOf(client, pool))}/sessions`,
        { name: options.name, waitMs },
        { 'x-ms-sessionId': options.key ?? randomUUID() },
      );
      answer(io, options, made, ({ sessionId, computerUrl }) =>
        fields([
          ['session', sessionId],
          ['mcp', computerUrl],
        ]),
      );
    });
  common(sessions.command('release').argument('<session>')).action(async (id: string, options: CommonOptions) => {
    await clientOf(options).send('DELETE', path(id));
    answer(io, options, { released: id }, () => '');
  });
  checkpointCommands(sessions, io);
  common(sessions.command('console').argument('<session>').description("the last lines of its machine's console"))
    .option('--lines <n>', '1-1000', '200')
    .action(async (id: string, options: CommonOptions & { lines: string }) => {
      const query = `lines=${encodeURIComponent(options.lines)}`;
      const { lines } = await clientOf(options).get<{ lines: string[] }>(`${path(id)}/console?${query}`);
      answer(io, options, lines, (all) => all.map((line) => `${plain(line)}\n`).join(''));
    });
  common(sessions.command('watch').description('print what happens, as it happens, until interrupted'))
    .argument('[session]', 'only this one')
    .action(async (id: string | undefined, options: CommonOptions) => {
      const stop = new AbortController();
      const onSignal = () => stop.abort();
      process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
      try {
        await watch(clientOf(options), { sessionId: id ?? null, json: options.json === true, io, signal: stop.signal });
      } finally {
        process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
      }
    });
}
