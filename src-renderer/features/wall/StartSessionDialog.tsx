import { useState } from 'react';
import { useLocation } from 'wouter';
import { call, messageOf } from '../../lib/api';
import { usePools } from '../../lib/queries';
import { useUi } from '../../lib/stores';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { ErrorLine } from '../../ui/ErrorLine';
import { TextField } from '../../ui/Field';
import { Labelled } from '../../ui/Labelled';
import { Select } from '../../ui/Select';
import { Spinner } from '../../ui/Spinner';

/** Gives a desktop to a person, with no agent on it yet. */
export function StartSessionDialog() {
  const open = useUi((state) => state.start);
  const setOpen = useUi((state) => state.setStart);
  return open ? <StartSession onClose={() => setOpen(false)} /> : null;
}

function StartSession({ onClose }: { onClose(): void }) {
  const pools = usePools().data?.filter((pool) => !pool.paused) ?? [];
  const [, go] = useLocation();
  const [name, setName] = useState('');
  const [chosen, setChosen] = useState('');
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const poolId = chosen || pools[0]?.id || '';
  const start = async () => {
    if (busy || !poolId) return;
    setBusy(true);
    setFailure(null);
    try {
      const session = await call('sessions.start', { poolId, name: name.trim() });
      onClose();
      go(`/session/${session.sessionId}`);
    } catch (error) {
      setFailure(messageOf(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title="Start a session"
      description="You get a desktop of your own. An agent can be let on later."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="primary"
            disabled={busy || !poolId}
            icon={busy ? <Spinner /> : undefined}
            onClick={() => void start()}
          >
            Start session
          </Button>
        </>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void start();
        }}
        style={{ display: 'grid', gap: 12 }}
      >
        <TextField label="Name" value={name} onChange={setName} placeholder="What it is for" maxLength={120} />
        <Labelled label="Pool">
          <Select
            label="Pool"
            value={poolId}
            options={pools.map((pool) => ({
              value: pool.id,
              label: `${pool.displayName}, ${pool.observed.machines.ready} ready`,
            }))}
            onChange={setChosen}
          />
        </Labelled>
        {pools.length === 0 && (
          <ErrorLine>No pool hands out desktops now. Create one, or let a paused one go on.</ErrorLine>
        )}
        {failure && <ErrorLine>{failure}</ErrorLine>}
      </form>
    </Dialog>
  );
}
