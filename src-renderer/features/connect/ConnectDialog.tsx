import type { RequestOutput } from '@shared/ipc';
import { BookOpen, Copy, Eye, EyeOff, Info, KeyRound } from 'lucide-react';
import { useState } from 'react';
import { call, messageOf } from '../../lib/api';
import { useInfo, usePools } from '../../lib/queries';
import { useUi } from '../../lib/stores';
import { Button, IconButton } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { ErrorLine } from '../../ui/ErrorLine';
import { TextField } from '../../ui/Field';
import { Select } from '../../ui/Select';
import { Spinner } from '../../ui/Spinner';
import { TabPanel, Tabs } from '../../ui/Tabs';
import css from './ConnectDialog.module.css';
import { FirstCall } from './FirstCall';
import { clients, maskToken, placeholder, snippet, withToken, type Client } from './snippets';

type Made = RequestOutput<'tokens.create'>;

export function ConnectDialog() {
  const open = useUi((state) => state.connect);
  const setOpen = useUi((state) => state.setConnect);
  return open ? <Connect onClose={() => setOpen(false)} /> : null;
}

/** The token is made on the spot and lives in this dialog only: closing it forgets it. */
function Connect({ onClose }: { onClose(): void }) {
  const info = useInfo().data;
  const pools = usePools().data ?? [];
  const [name, setName] = useState('Claude Code');
  const [chosen, setChosen] = useState('');
  const [client, setClient] = useState<Client>('claude');
  const [made, setMade] = useState<Made | null>(null);
  const [shown, setShown] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const poolId = chosen || pools[0]?.id || '';
  const url = made?.mcpUrl ?? (info ? `${info.url}/mcp` : '');
  const lines = snippet(client, url);

  const run = async (work: () => Promise<unknown>) => {
    setBusy(true);
    setFailure(null);
    try {
      await work();
    } catch (error) {
      setFailure(messageOf(error));
    } finally {
      setBusy(false);
    }
  };
  const create = () => run(async () => setMade(await call('tokens.create', { name: name.trim(), poolId })));
  const withdraw = (tokenId: string) =>
    run(async () => {
      await call('tokens.withdraw', { tokenId });
      setMade(null);
      setShown(false);
    });
  const copy = (text: string) => run(() => call('app.copyText', { text }));
  const canCreate = name.trim() !== '' && poolId !== '' && !busy;

  return (
    <Dialog
      open
      onClose={onClose}
      width={736}
      title="Connect an agent"
      description="The agent gets desktops from the pool below and acts only in its own sessions."
      footer={
        <>
          <Button
            kind="quiet"
            className={css.help}
            icon={<BookOpen size={16} />}
            onClick={() => void run(() => call('app.openHelp', { topic: 'connect' }))}
          >
            What it can do
          </Button>
          {made && (
            <Button disabled={busy} onClick={() => void withdraw(made.token.tokenId)}>
              Withdraw token
            </Button>
          )}
          <Button kind={made ? 'primary' : 'plain'} onClick={onClose}>
            {made ? 'Done' : 'Cancel'}
          </Button>
        </>
      }
    >
      <form
        className={css.fields}
        onSubmit={(event) => {
          event.preventDefault();
          if (canCreate && !made) void create();
        }}
      >
        <span aria-hidden>Name</span>
        <div className={css.pair}>
          <TextField label="Name" hideLabel value={name} onChange={setName} readOnly={made !== null} maxLength={60} />
          <span aria-hidden>Pool</span>
          <Select
            label="Pool"
            value={poolId}
            disabled={made !== null}
            options={pools.map((pool) => ({ value: pool.id, label: pool.displayName }))}
            onChange={setChosen}
          />
        </div>
        <span aria-hidden>Address</span>
        <div className={css.with}>
          <TextField label="Address" hideLabel value={url} readOnly mono />
          <Button icon={<Copy size={16} />} onClick={() => void copy(url)}>
            Copy
          </Button>
        </div>
        <span aria-hidden>Token</span>
        {made ? (
          <div className={css.with}>
            <TextField
              label="Token"
              hideLabel
              readOnly
              mono
              secret
              value={shown ? made.secret : maskToken(made.secret)}
              suffix={
                <IconButton
                  label={shown ? 'Hide the token' : 'Show the token'}
                  size="row"
                  className={css.eye}
                  onClick={() => setShown(!shown)}
                >
                  {shown ? <EyeOff size={16} /> : <Eye size={16} />}
                </IconButton>
              }
            />
            <Button icon={<Copy size={16} />} onClick={() => void copy(made.secret)}>
              Copy
            </Button>
          </div>
        ) : (
          <div>
            <Button
              kind="primary"
              type="submit"
              disabled={!canCreate}
              icon={busy ? <Spinner /> : <KeyRound size={16} />}
            >
              Make the token
            </Button>
          </div>
        )}
        <p className={css.once}>
          <Info size={14} aria-hidden />{' '}
          {made
            ? 'Shown once. It can acquire and act, not watch or approve.'
            : 'It will be shown once. It can acquire and act, not watch or approve.'}
        </p>
      </form>
      {failure && <ErrorLine>{failure}</ErrorLine>}
      <Tabs<Client> label="Client" value={client} onChange={setClient} tabs={clients} className={css.tabs}>
        {clients.map((each) => (
          <TabPanel key={each.value} value={each.value} className={css.panel}>
            <p>{lines.say}</p>
            <div className={css.code}>
              {/* A scrolling region must be reachable by keyboard. */}
              {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
              <pre tabIndex={0} aria-label={`Lines for ${lines.label}`}>
                {lines.lines}
              </pre>
              <Button
                size="row"
                icon={<Copy size={14} />}
                disabled={!made}
                title={made ? undefined : 'Make the token first'}
                onClick={() => made && void copy(withToken(lines.lines, made.secret))}
              >
                Copy with token
              </Button>
            </div>
            <p className="srOnly">{`${placeholder} stands for the token`}</p>
          </TabPanel>
        ))}
      </Tabs>
      {made && <FirstCall tokenId={made.token.tokenId} since={made.token.createdAt} />}
    </Dialog>
  );
}
