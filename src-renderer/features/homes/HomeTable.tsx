import type { Home } from '@shared/home';
import { Bot, Check, Download, Moon, Trash2, TriangleAlert } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'wouter';
import { call, messageOf } from '../../lib/api';
import { age } from '../../lib/clock';
import { usePools, useSessions } from '../../lib/queries';
import { useNow } from '../../lib/useNow';
import { IconButton } from '../../ui/Button';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { ErrorLine } from '../../ui/ErrorLine';
import { Spinner } from '../../ui/Spinner';
import css from './HomeTable.module.css';
import { goesWords, homesInOrder, keepsIt, notNow, overWords, stateWords, usedWords } from './model';

/** Homes as a table; `withPool` where they are of several pools. */
export function HomeTable({ homes, withPool = false }: { homes: readonly Home[]; withPool?: boolean }) {
  const now = useNow();
  const sessions = useSessions().data ?? [];
  const pools = usePools().data ?? [];
  const [deleting, setDeleting] = useState<Home | null>(null);
  const [saving, setSaving] = useState<string | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const download = async (home: Home) => {
    setFailure(null);
    setSaving(home.homeId);
    try {
      await call('homes.download', { homeId: home.homeId });
    } catch (error) {
      setFailure(`${home.homeId} was not downloaded. ${messageOf(error)}`);
    } finally {
      setSaving(null);
    }
  };
  return (
    <>
      {failure && <ErrorLine>{failure}</ErrorLine>}
      <table className={css.table}>
        <thead>
          <tr>
            <th scope="col">Home</th>
            {withPool && <th scope="col">Pool</th>}
            <th scope="col">Caller</th>
            <th scope="col" className={css.state}>
              State
            </th>
            <th scope="col">Session</th>
            <th scope="col" className={css.right}>
              On disk
            </th>
            <th scope="col" className={css.age}>
              Last used
            </th>
            <th scope="col" className={css.goes}>
              Goes
            </th>
            <th scope="col" className={css.actions}>
              <span className="srOnly">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {homesInOrder(homes).map((home) => (
            <tr key={home.homeId}>
              <th scope="row" className="clip" title={home.homeId}>
                {home.homeId}
              </th>
              {withPool && (
                <td className="clip">
                  <Link href={`/pools/${home.poolId}`}>
                    {pools.find((pool) => pool.id === home.poolId)?.displayName ?? home.poolId}
                  </Link>
                </td>
              )}
              <td className="clip" title={home.caller}>
                {home.caller}
              </td>
              <td>
                <State home={home} />
              </td>
              <td className="clip">
                {home.sessionId ? (
                  <Link href={`/session/${home.sessionId}`}>
                    {sessions.find((each) => each.sessionId === home.sessionId)?.name ?? home.sessionId}
                  </Link>
                ) : (
                  <span title={home.reason ?? undefined}>{home.reason ?? ''}</span>
                )}
              </td>
              <td className={`${css.right} tnum`}>
                {home.overQuota && (
                  <span className={css.over} title={overWords(home)}>
                    <TriangleAlert size={14} aria-hidden />
                    <span className="srOnly">{overWords(home)}</span>
                  </span>
                )}
                {usedWords(home)}
              </td>
              <td className={`${css.age} tnum`}>{age(now - Date.parse(home.lastUsedAt))} ago</td>
              <td className={`${css.goes} tnum clip`} title={goesWords(home, now)}>
                {goesWords(home, now)}
              </td>
              <td className={css.actions}>
                <Act label={`Download ${home.homeId}…`} why={notNow(home)} onPress={() => void download(home)}>
                  {saving === home.homeId ? <Spinner size={14} /> : <Download size={14} />}
                </Act>
                <Act label={`Delete ${home.homeId}…`} why={keepsIt(home)} onPress={() => setDeleting(home)}>
                  <Trash2 size={14} />
                </Act>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <ConfirmDialog
        open={deleting !== null}
        onClose={() => setDeleting(null)}
        title={`Delete ${deleting?.homeId ?? ''}?`}
        confirm={`Delete ${deleting?.homeId ?? ''}`}
        onConfirm={() => (deleting ? call('homes.remove', { homeId: deleting.homeId }) : Promise.resolve())}
      >
        <p>
          Everything that {deleting?.caller} stored under it is gone
          {deleting?.bytes ? `: ${usedWords(deleting).split(' of ')[0]}` : ''}. Who acquires with its id again gets an
          empty one. This can’t be undone; download it first if it may be needed.
        </p>
      </ConfirmDialog>
    </>
  );
}

function State({ home }: { home: Home }) {
  const { word, role } = stateWords(home);
  return (
    <span className={css.mark} data-role={role}>
      {word === 'In use' ? (
        <Bot size={16} aria-hidden />
      ) : word === 'Suspended' ? (
        <Moon size={16} aria-hidden />
      ) : word === 'Kept' ? (
        <Check size={16} aria-hidden />
      ) : (
        <Spinner />
      )}
      {word}
    </span>
  );
}

/** What can't be done now stays in its place and says why. */
function Act({
  label,
  why,
  onPress,
  children,
}: {
  label: string;
  why: string | null;
  onPress(): void;
  children: React.ReactNode;
}) {
  return (
    <IconButton size="row" label={why === null ? label : `${label} ${why}`} disabled={why !== null} onClick={onPress}>
      {children}
    </IconButton>
  );
}
