import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import type { Page, Session } from '@shared/session';
import { answer, clientOf, common, type CommonOptions } from '../context';
import { fields, lines, table, type Io } from '../output';
import { number, pair } from '../values';
import { watch } from '../watch';
import { checkpointCommands } from './checkpoints';
import { poolIdOf } from './poolIds';

interface Checkout {
  sessionId: string;
  computerUrl: string;
  screenshareUrl: string;
  homeId?: string;
}

interface AcquireOptions extends CommonOptions {
  key?: string;
  name?: string;
  wait?: string;
  screen?: string;
  idle?: string;
  home?: string;
}

/** Who may act; a machine whose processors stand still is `stopped`, which is more than paused. */
const holder = ({ control, frozen }: Session): string => {
  const by = control.holder ?? control.pausedBy;
  const kind = frozen ? 'stopped' : control.kind;
  return by ? `${kind} (${by})` : kind;
};

/** Idle ones have no machine until they are called again; those that wait have a place. */
const status = ({ status: now, suspendedAt, queue }: Session): string => {
  if (queue) return `${now} (${queue.place} of ${queue.waiting})`;
  return suspendedAt ? `${now} (suspended since ${suspendedAt})` : now;
};

const words = (session: Session): string =>
  fields([
    ['id', session.sessionId],
    ['name', session.name],
    ['pool', session.poolId],
    ['status', session.reason ? `${status(session)}: ${session.reason}` : status(session)],
    ['agent', session.agent],
    ['caller', session.caller],
    ['control', holder(session)],
    ['computer', session.computerId],
    ['machine', session.machineId],
    ['home', session.home ? `${session.home.homeId}${session.home.keep ? ' (kept)' : ''}` : null],
    ['idle after', session.idleSeconds ? `${session.idleSeconds} s` : 'as its pool says'],
    ['began', session.createdAt],
    ['active', session.lastActivityAt],
    session.endedAt ? ['ended', session.endedAt] : [session.suspendedAt ? 'expires' : 'idle at', session.expiresAt],
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
            status(each),
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
    .option('--screen <WxH>', 'pixels, where the pool lets requests choose')
    .option('--idle <seconds>', 'its own idle time, within the bounds of the pool')
    .option('--home <id>', 'a home of an earlier session, or a new one under this id')
    .action(async (pool: string, options: AcquireOptions) => {
      const [width, height] = pair('screen', options.screen, 'x');
      const wishes = {
        name: options.name,
        waitMs: number('wait', options.wait),
        screen: options.screen === undefined ? undefined : { width, height },
        idleSeconds: number('idle', options.idle),
        homeId: options.home,
      };
      const client = clientOf(options);
      const made = await client.send<Checkout>(
        'POST',
        `/api/pools/${encodeURIComponent(await poolIdOf(client, pool))}/sessions`,
        wishes,
        { 'x-ms-sessionId': options.key ?? randomUUID() },
      );
      answer(io, options, made, ({ sessionId, computerUrl, homeId }) =>
        fields([
          ['session', sessionId],
          ['mcp', computerUrl],
          ...(homeId === undefined ? [] : [['home', homeId] as const]),
        ]),
      );
    });
  common(sessions.command('release').argument('<session>')).action(async (id: string, options: CommonOptions) => {
    await clientOf(options).send('DELETE', path(id));
    answer(io, options, { released: id }, () => '');
  });
  for (const [verb, what] of [
    ['suspend', 'end its machine and keep its home; its next call brings another machine'],
    ['resume', 'bring a machine for a suspended one, without waiting for its next call'],
  ] as const) {
    common(sessions.command(verb).argument('<session>').description(what)).action(
      async (id: string, options: CommonOptions) =>
        answer(io, options, await clientOf(options).send<Session>('POST', `${path(id)}/${verb}`, {}), words),
    );
  }
  checkpointCommands(sessions, io);
  common(sessions.command('console').argument('<session>').description("the last lines of its machine's console"))
    .option('--lines <n>', '1-1000', '200')
    .action(async (id: string, options: CommonOptions & { lines: string }) => {
      const query = `lines=${encodeURIComponent(options.lines)}`;
      const { lines: found } = await clientOf(options).get<{ lines: string[] }>(`${path(id)}/console?${query}`);
      answer(io, options, found, lines);
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
