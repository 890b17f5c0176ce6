import { userInfo } from 'node:os';
import type { Command } from 'commander';
import type { Token } from '@shared/ipc';
import { systemClock } from '../../src-main/base/clock';
import { systemIds } from '../../src-main/base/ids';
import { createIdentity, type Identity } from '../../src-main/server/identity';
import { openDatabase } from '../../src-main/store/database';
import { poolStore } from '../../src-main/store/pools';
import { tokenStore } from '../../src-main/store/tokens';
import { storeFile } from '../../src-main/wheelhouse/dataDir';
import { answer, common, dataDirOf, type CommonOptions } from '../context';
import { UsageError } from '../errors';
import { table, type Io } from '../output';

/**
 * Tokens are made in the store itself, whether a broker runs on it or not: a running one looks tokens up at every
 * request, so that a new one works, and a withdrawn one stops, at once.
 */
function withIdentity<T>(options: CommonOptions, work: (identity: Identity, isPool: (id: string) => boolean) => T): T {
  const db = openDatabase(storeFile(dataDirOf(options)));
  try {
    const pools = poolStore(db);
    const identity = createIdentity({
      tokens: tokenStore(db),
      clock: systemClock,
      ids: systemIds,
      ownName: userInfo().username,
    });
    return work(identity, (id) => pools.get(id) !== undefined);
  } finally {
    db.close();
  }
}

const roleOf = (text: string): Token['role'] => {
  if (text === 'agent' || text === 'operator' || text === 'admin') return text;
  throw new UsageError(`--role is agent, operator or admin, not "${text}".`);
};
const listOf = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);

export function tokenCommands(program: Command, io: Io): void {
  const token = program.command('token').description('tokens of agents, operators and admins');

  common(token.command('create').description('make a token; prints it, and nothing else'))
    .requiredOption('--role <role>', 'agent, operator or admin')
    .option('--name <name>', 'whose it is; sessions belong to names (default: the role and a number)')
    .option('--pools <ids>', 'pools an agent may acquire from, with commas between (default: all)')
    .action((options: CommonOptions & { role: string; name?: string; pools?: string }) => {
      const role = roleOf(options.role);
      const pools = listOf(options.pools);
      const [made, unknown] = withIdentity(options, (identity, isPool) => [
        identity.create({ role, name: options.name ?? freeName(role, identity.list()), pools }),
        // Before the first start there are none yet; so this is worth a word, and no failure.
        pools.filter((id) => !isPool(id)),
      ]);
      if (unknown.length > 0) io.err(`wheelhouse: there is no pool of this id yet: ${unknown.join(', ')}\n`);
      answer(io, options, { ...made.token, token: made.secret }, ({ token: secret }) => `${secret}\n`);
    });

  common(token.command('list').description('tokens in use')).action((options: CommonOptions) => {
    answer(
      io,
      options,
      withIdentity(options, (identity) => identity.list()),
      (tokens) =>
        table(
          ['ID', 'NAME', 'ROLE', 'POOLS', 'LAST USED'],
          tokens.map((each) => [each.tokenId, each.name, each.role, each.pools.join(',') || 'all', each.lastUsedAt]),
        ),
    );
  });

  common(token.command('withdraw').description('end a token').argument('<token>', 'its id or name')).action(
    (named: string, options: CommonOptions) => {
      withIdentity(options, (identity) => {
        const found = identity.list().find((each) => each.tokenId === named || each.name === named);
        identity.withdraw(found?.tokenId ?? named);
      });
      answer(io, options, { withdrawn: named }, () => '');
    },
  );
}

function freeName(role: string, tokens: readonly Token[]): string {
  const taken = new Set(tokens.map((each) => each.name));
  for (let n = 1; ; n++) if (!taken.has(`${role}-${n}`)) return `${role}-${n}`;
}
