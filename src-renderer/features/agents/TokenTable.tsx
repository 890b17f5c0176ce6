import type { Token } from '@shared/ipc';
import type { Pool } from '@shared/pool';
import type { Session } from '@shared/session';
import { Link } from 'wouter';
import { age } from '../../lib/clock';
import { Button } from '../../ui/Button';
import css from './AgentsView.module.css';
import { poolsWords, roleWords, sessionsOf, usedWords } from './model';

export function TokenTable({
  tokens,
  pools,
  sessions,
  now,
  label = 'Tokens',
  onWithdraw,
}: {
  tokens: readonly Token[];
  pools: readonly Pool[];
  sessions: readonly Session[];
  now: number;
  label?: string;
  onWithdraw(token: Token): void;
}) {
  return (
    <section className={css.card} aria-label={label}>
      <table className={css.table}>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">May</th>
            <th scope="col">Pools</th>
            <th scope="col">Sessions now</th>
            <th scope="col">Last used</th>
            <th scope="col">Made</th>
            <th scope="col">
              <span className="srOnly">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {tokens.map((token) => {
            const mine = sessionsOf(token, sessions);
            return (
              <tr key={token.tokenId}>
                <th scope="row" className="clip" title={token.name}>
                  {token.name}
                </th>
                <td className="clip" title={roleWords[token.role]}>
                  {roleWords[token.role]}
                </td>
                <td className="clip" title={poolsWords(token, pools)}>
                  {poolsWords(token, pools)}
                </td>
                <td className="clip">
                  {mine.length === 1 && mine[0] ? (
                    <Link href={`/session/${mine[0].sessionId}`}>{mine[0].name}</Link>
                  ) : mine.length > 0 ? (
                    <Link href="/wall" className="tnum">
                      {mine.length} on the wall
                    </Link>
                  ) : (
                    'None'
                  )}
                </td>
                <td className="tnum">{usedWords(token, now)}</td>
                <td className="tnum">{age(now - Date.parse(token.createdAt))} ago</td>
                <td>
                  <Button
                    kind="quiet"
                    size="row"
                    aria-label={`Withdraw ${token.name}…`}
                    onClick={() => onWithdraw(token)}
                  >
                    Withdraw…
                  </Button>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
