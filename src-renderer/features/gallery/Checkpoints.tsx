import type { Checkpoint } from '@shared/checkpoint';
import { Bookmark, GitBranch, OctagonPause, Rewind } from 'lucide-react';
import { Banner } from '../../app/StopBanner';
import { stopState } from '../../app/stopModel';
import { Chip } from '../../ui/Chip';
import { Notice } from '../../ui/Notice';
import { TokenTable } from '../agents/TokenTable';
import { CheckpointCard } from '../checkpoints/CheckpointCard';
import { support } from '../checkpoints/model';
import { BackendFields } from '../pools/BackendFields';
import { newPool } from '../pools/formModel';
import { LogText } from '../session/ConsoleLog';
import { GoingBack } from '../session/Screen';
import { lineage } from '../timeline/lineage';
import { fold } from '../timeline/model';
import { TimelineRow } from '../timeline/TimelineRow';
import { at, checkpoint, me, now, rewindStory, session } from './fixtures';
import css from './Gallery.module.css';

const size = { width: 1280, height: 800 };
const nothing = () => undefined;
const docker = { backend: 'docker' as const, checkpoints: false, guestAgent: true, consoleLog: false };
const cards: readonly Checkpoint[] = [
  checkpoint({ state: 'saving', name: '14:26', cause: 'operator', createdBy: me, createdAt: at(1), bytes: null }),
  checkpoint(),
  checkpoint({ name: 'Before you took control', cause: 'takeover', createdAt: at(2000) }),
  checkpoint({ name: 'Before rm -r exports', cause: 'command', createdAt: at(200), bytes: 1.4 * 1024 ** 3 }),
  checkpoint({
    state: 'failed',
    name: 'Looks right',
    cause: 'operator',
    createdBy: 'Mara K.',
    bytes: null,
    reason: 'No space left on the disk. Free 300 MB, then save again.',
  }),
];

/** A checkpoint in every state, and the record round a rewind. */
export function CheckpointsShown() {
  const rows = fold(rewindStory, { undone: lineage(rewindStory, true).undone });
  const no = support(session({ machine: docker }));
  return (
    <>
      <div className={css.card}>
        {cards.map((each, index) => (
          <CheckpointCard
            key={each.name}
            checkpoint={each}
            size={size}
            since={{ undoes: index * 7, bringsBack: 0, whole: index < 3 }}
            me={me}
            now={now}
            enabled={index !== 2}
            onAsk={nothing}
          />
        ))}
      </div>
      <ol className={css.timeline}>
        {rows.map((row, index) => (
          <li key={row.key}>
            <TimelineRow
              row={row}
              size={size}
              me={me}
              last={index === rows.length - 1}
              holdSince={null}
              onOpen={nothing}
              checkpoint={
                row.kind === 'checkpoint' && row.fact === 'saved' && row.action.outcome === 'done'
                  ? checkpoint()
                  : undefined
              }
              onRewind={nothing}
            />
          </li>
        ))}
      </ol>
      <div className={css.over}>
        <GoingBack name="Signed in, list open" />
      </div>
      <Notice icon={<Bookmark />} title="No checkpoints on this machine">
        {no.kind === 'no' && no.words}
      </Notice>
      <div className={css.row}>
        <Chip who="nobody" icon={<OctagonPause />}>
          Stopped
        </Chip>
        <Chip who="nobody" icon={<Rewind />}>
          Going back
        </Chip>
        <Chip who="nobody" icon={<GitBranch />}>
          Branch
        </Chip>
      </div>
    </>
  );
}

/** Everything stopped, some of it, and what could not be. */
export function StoppedShown({ theme }: { theme: string }) {
  const still = session({ sessionId: 'still', frozen: true }, { kind: 'paused', stoppedWithAll: true });
  return (
    <>
      <Banner
        label={`Stopped 1, ${theme}`}
        state={stopState([still, still])}
        failure={null}
        busy={false}
        onGoOn={nothing}
        onDismiss={nothing}
      />
      <Banner
        label={`Stopped 2, ${theme}`}
        state={stopState([still, session()])}
        failure={null}
        busy
        onGoOn={nothing}
        onDismiss={nothing}
      />
      <Banner
        label={`Stopped 3, ${theme}`}
        state={stopState([still, session()])}
        failure="Not everything could be stopped. Ticket 8812: its machine does not answer."
        busy={false}
        onGoOn={nothing}
        onDismiss={nothing}
      />
    </>
  );
}

/** The console's text, and the choice of a backend on computers that have less. */
export function MachinesShown({ theme }: { theme: string }) {
  const backend = (isolation: 'emulated' | 'none', reachable: boolean) => [
    {
      kind: 'qemu' as const,
      reachable,
      version: null,
      isolation,
      message: 'QEMU is not installed.',
      facts: [],
      machines: 0,
    },
  ];
  return (
    <>
      <div className={css.log}>
        <LogText
          lines={[
            '[    0.214410] virtio_blk virtio1: [vda] 16777216 512-byte logical blocks',
            '[    1.702155] agent: listening',
            '\u001b[1;31m[    9.100000] Kernel panic: <b>not</b> syncing\u001b[0m',
          ]}
        />
      </div>
      <LogText lines={[]} />
      {(['emulated', 'none'] as const).map((isolation) => (
        <form key={isolation} className={css.fields} aria-label={`${isolation}, ${theme}`}>
          <BackendFields
            form={{ ...newPool, backend: 'qemu', isolationRequired: isolation === 'emulated' }}
            pool={null}
            found={backend(isolation, isolation === 'emulated')}
            images={[{ name: 'desktop', words: 'An image with screen and keyboard only', guestAgent: false }]}
            onChange={nothing}
          />
        </form>
      ))}
    </>
  );
}

export function TokensShown({ theme }: { theme: string }) {
  const token = { tokenId: 'a', role: 'agent' as const, pools: [], createdAt: at(90_000), lastUsedAt: at(3) };
  return (
    <TokenTable
      label={`Tokens, ${theme}`}
      tokens={[
        { ...token, name: 'Claude Code, laptop' },
        { ...token, tokenId: 'b', name: 'Nightly checks', pools: ['gone'], lastUsedAt: null },
        { ...token, tokenId: 'c', name: 'Reports', role: 'operator' },
      ]}
      pools={[]}
      sessions={[session()]}
      now={now}
      onWithdraw={nothing}
    />
  );
}
