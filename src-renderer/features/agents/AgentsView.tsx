import type { Token } from '@shared/ipc';
import { KeyRound, Plug, TriangleAlert } from 'lucide-react';
import { useState } from 'react';
import { call, messageOf } from '../../lib/api';
import { keys, queryClient, usePools, useSessions, useTokens } from '../../lib/queries';
import { useUi } from '../../lib/stores';
import { useNow } from '../../lib/useNow';
import { capital, count } from '../../lib/words';
import { Button } from '../../ui/Button';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { Notice } from '../../ui/Notice';
import { ViewHeader } from '../../ui/ViewHeader';
import css from './AgentsView.module.css';
import { sessionsOf, sortTokens } from './model';
import { TokenTable } from './TokenTable';

/** Who may connect: every token with what it may do and when it did, and the way to make another. */
export function AgentsView() {
  const tokens = useTokens();
  const pools = usePools().data ?? [];
  const sessions = useSessions().data ?? [];
  const now = useNow();
  const setConnect = useUi((ui) => ui.setConnect);
  const [withdrawing, setWithdrawing] = useState<Token | null>(null);
  const list = sortTokens(tokens.data ?? []);
  const hanging = withdrawing ? sessionsOf(withdrawing, sessions).length : 0;
  return (
    <div className={css.view}>
      <ViewHeader title="Agents" summary={list.length > 0 ? capital(count(list.length, 'token')) : undefined}>
        <Button kind="primary" icon={<Plug size={16} />} onClick={() => setConnect(true)}>
          Connect an agent
        </Button>
      </ViewHeader>
      <div className={css.body}>
        {tokens.error && (
          <Notice
            icon={<TriangleAlert />}
            tone="trouble"
            title="The tokens can't be listed"
            actions={<Button onClick={() => void tokens.refetch()}>Try again</Button>}
          >
            {messageOf(tokens.error)} Agents go on; nothing was changed.
          </Notice>
        )}
        {tokens.data?.length === 0 && (
          <Notice
            icon={<KeyRound />}
            title="No agent may connect yet"
            actions={<Button onClick={() => setConnect(true)}>Connect an agent</Button>}
          >
            A token lets an agent get desktops from a pool. It is made on the spot and can be withdrawn at any time.
          </Notice>
        )}
        {list.length > 0 && (
          <TokenTable tokens={list} pools={pools} sessions={sessions} now={now} onWithdraw={setWithdrawing} />
        )}
      </div>
      <ConfirmDialog
        open={withdrawing !== null}
        onClose={() => setWithdrawing(null)}
        title={`Withdraw ${withdrawing?.name ?? ''}?`}
        confirm={`Withdraw ${withdrawing?.name ?? ''}`}
        onConfirm={async () => {
          if (withdrawing) await call('tokens.withdraw', { tokenId: withdrawing.tokenId });
          await queryClient.invalidateQueries({ queryKey: keys.tokens });
        }}
      >
        <p>
          Its next call is refused, and this can’t be undone: a new token has to be made and pasted.
          {hanging > 0 &&
            ` ${capital(count(hanging, 'session'))} that it acquired ${hanging === 1 ? 'stays' : 'stay'} until ${hanging === 1 ? 'it is' : 'they are'} ended or idle for too long.`}
        </p>
      </ConfirmDialog>
    </div>
  );
}
