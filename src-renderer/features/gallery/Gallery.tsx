import {
  Bot,
  Check,
  CircleDashed,
  Copy,
  Flag,
  LayoutGrid,
  Pause,
  Plus,
  ShipWheel,
  TriangleAlert,
  Undo2,
  Unplug,
  UserRound,
} from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { Button, IconButton } from '../../ui/Button';
import { Chip } from '../../ui/Chip';
import { ErrorLine } from '../../ui/ErrorLine';
import { TextArea, TextField } from '../../ui/Field';
import { Kbd } from '../../ui/Kbd';
import { Notice } from '../../ui/Notice';
import { SearchField } from '../../ui/SearchField';
import { Segmented } from '../../ui/Segmented';
import { Select } from '../../ui/Select';
import { Spinner } from '../../ui/Spinner';
import { Switch } from '../../ui/Switch';
import { ViewHeader } from '../../ui/ViewHeader';
import { Light } from '../connect/FirstCall';
import { ControlBar } from '../session/ControlBar';
import { controlBar } from '../session/controlModel';
import { Frame } from '../session/Frame';
import { HelpCard } from '../session/HelpCard';
import { fold } from '../timeline/model';
import { TimelineRow } from '../timeline/TimelineRow';
import { tileOf } from '../wall/model';
import { TileCard } from '../wall/TileCard';
import { CheckpointsShown, MachinesShown, StoppedShown, TokensShown } from './Checkpoints';
import { action, at, barStates, help, me, now, session, story } from './fixtures';
import css from './Gallery.module.css';

type Shown = 'both' | 'dark' | 'light';

/** Every component in every state, in both themes: what a change of a token or a component is looked at in. */
export function Gallery() {
  const [shown, setShown] = useState<Shown>('both');
  const themes = shown === 'both' ? (['dark', 'light'] as const) : ([shown] as const);
  return (
    <div className={css.gallery}>
      <ViewHeader title="Gallery" summary="Every component in every state">
        <Segmented
          label="Themes"
          value={shown}
          onChange={setShown}
          segments={[
            { value: 'both', label: 'Both' },
            { value: 'dark', label: 'Dark' },
            { value: 'light', label: 'Light' },
          ]}
        />
      </ViewHeader>
      <div className={css.themes}>
        {themes.map((theme) => (
          <div key={theme} data-theme={theme} className={css.theme}>
            <Everything theme={theme} />
          </div>
        ))}
      </div>
    </div>
  );
}

function Section({ title, children, wide }: { title: string; children: ReactNode; wide?: boolean }) {
  return (
    <section className={css.section} data-wide={wide || undefined}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function Everything({ theme }: { theme: 'dark' | 'light' }) {
  const [opened] = useState(() => new Date().toISOString());
  return (
    <>
      <Section title="Control bar: one for each state of control" wide>
        {barStates.map((each) => {
          const state = controlBar({ session: each.session, me, latest: each.latest, help: each.help, now });
          return (
            <Frame
              key={each.name}
              who={state.role}
              bar={
                <ControlBar
                  state={state}
                  busy={false}
                  focused
                  failure={null}
                  askedBy={each.session.control.askedBy}
                  onAction={nothing}
                />
              }
            />
          );
        })}
        <Frame
          who="agent"
          bar={
            <ControlBar
              state={controlBar({ session: session(), me, latest: undefined, help: undefined, now })}
              busy
              focused={false}
              failure="Mara K. holds control."
              onAction={nothing}
            />
          }
        />
      </Section>
      <Section title="State chips, always icon and word">
        <div className={css.row}>
          <Chip who="agent" icon={<Bot />}>
            Agent
          </Chip>
          <Chip who="you" icon={<ShipWheel />}>
            You
          </Chip>
          <Chip who="other" icon={<UserRound />}>
            Mara K.
          </Chip>
          <Chip who="nobody" icon={<Pause />}>
            Paused
          </Chip>
          <Chip who="nobody" icon={<CircleDashed />}>
            Nobody
          </Chip>
          <Chip who="trouble" icon={<Flag />}>
            Needs help
          </Chip>
          <Chip who="trouble" icon={<TriangleAlert />}>
            Failed
          </Chip>
          <Chip who="fine" icon={<Check />}>
            Ready
          </Chip>
        </div>
        <div className={css.row}>
          <Chip who="agent" icon={<Bot />} solid>
            Agent
          </Chip>
          <Chip who="you" icon={<ShipWheel />} solid>
            You
          </Chip>
          <Chip who="other" icon={<UserRound />} solid>
            Mara K.
          </Chip>
          <Chip who="trouble" icon={<Flag />} solid>
            Needs help
          </Chip>
          <Chip who="fine" icon={<Check />} solid>
            Ready
          </Chip>
        </div>
      </Section>
      <Section title="Buttons: the colour says who acts next">
        <div className={css.row}>
          <Button kind="take" size="bar" icon={<ShipWheel size={18} />}>
            Take control
          </Button>
          <Button kind="give" size="bar" icon={<Undo2 size={18} />}>
            Hand back
          </Button>
          <Button kind="primary" size="bar">
            Connect an agent
          </Button>
        </div>
        <div className={css.row}>
          <Button>Edit…</Button>
          <Button icon={<Plus size={16} />}>Start a session</Button>
          <Button kind="quiet">Pause</Button>
          <Button disabled>Not now</Button>
          <Button kind="danger">Destroy machine…</Button>
          <Button size="row">Small</Button>
          <IconButton label="Copy" kind="plain">
            <Copy size={16} />
          </IconButton>
          <IconButton label="Pause">
            <Pause size={16} />
          </IconButton>
          <Button icon={<Spinner />} disabled>
            Starting
          </Button>
        </div>
      </Section>
      <Fields theme={theme} />
      <Section title="Empty, failed, disconnected">
        <Notice
          icon={<LayoutGrid />}
          title="No sessions yet"
          actions={
            <>
              <Button kind="primary">Connect an agent</Button>
              <Button>Start the demo agent</Button>
            </>
          }
        >
          A session shows up here as soon as an agent acquires a desktop.
        </Notice>
        <Notice
          icon={<TriangleAlert />}
          tone="trouble"
          title="The image could not be built"
          actions={
            <>
              <Button kind="primary">Try again</Button>
              <Button>Show the log</Button>
            </>
          }
        >
          Step 7 of 12 stopped: no space left on the disk. Nothing was changed. Free 3 GB, then try again.
        </Notice>
        <Notice icon={<Unplug />} title="No connection to the screen" actions={<Button>Try now</Button>}>
          The agent goes on. You see the last picture, from 14:26:08. Trying again in <span className="tnum">0:04</span>
        </Notice>
        <ErrorLine>Mara K. holds control since 14:21.</ErrorLine>
      </Section>
      <Section title="Timeline">
        <ol className={css.timeline}>
          {fold(story).map((row, index, all) => (
            <li key={row.key}>
              <TimelineRow
                row={row}
                size={{ width: 1280, height: 800 }}
                me={me}
                last={index === all.length - 1}
                holdSince={null}
                onOpen={nothing}
              />
            </li>
          ))}
        </ol>
        <HelpCard help={help} now={now} />
      </Section>
      <Section title="Checkpoints">
        <CheckpointsShown />
      </Section>
      <Section title="Stopped" wide>
        <StoppedShown theme={theme} />
      </Section>
      <Section title="Machines">
        <MachinesShown theme={theme} />
      </Section>
      <Section title="Tokens" wide>
        <TokensShown theme={theme} />
      </Section>
      <Section title="Tiles">
        <div className={css.tiles}>
          {barStates
            .filter((each) =>
              [
                'Agent',
                'You',
                'Other',
                'Paused',
                'Stopped',
                'Nobody',
                'Help',
                'Failed',
                'Starting',
                'Suspended',
                'Queued',
              ].includes(each.name),
            )
            .map((each) => (
              <TileCard
                key={each.name}
                width={180}
                tile={tileOf(each.session, each.latest ?? action('x', 'Clicked **Order 48213**'), each.help, me, now)}
              />
            ))}
        </div>
      </Section>
      <Section title="First call">
        <Light progress={undefined} since={opened} />
        <Light
          progress={{
            tokenId: 't',
            reachedAt: at(9),
            acceptedAt: at(9),
            firstToolAt: at(4),
            firstTool: 'list_pools',
            client: 'Claude Code 2.1',
          }}
          since={at(40)}
        />
      </Section>
    </>
  );
}

function Fields({ theme }: { theme: string }) {
  const [text, setText] = useState('Claude Code, laptop');
  const [long, setLong] = useState('');
  const [query, setQuery] = useState('');
  const [pool, setPool] = useState('desktop');
  const [on, setOn] = useState(true);
  const [size, setSize] = useState<'a' | 'b'>('a');
  const of = (label: string) => `${label}, ${theme}`;
  return (
    <Section title="Fields">
      <div className={css.fields}>
        <TextField label="Name" value={text} onChange={setText} hint="What people call it" />
        <TextField label="Kept warm" value="twelve" error="A number is needed" suffix="machines" />
        <TextField label="Address" value="http://127.0.0.1:7317/mcp" readOnly mono />
        <Select
          label={of('Pool')}
          value={pool}
          onChange={setPool}
          options={[
            { value: 'desktop', label: 'desktop' },
            { value: 'research', label: 'research' },
          ]}
        />
        <TextArea
          label="Note for the agent"
          value={long}
          onChange={setLong}
          placeholder="What you did, what it should do next"
        />
        <div className={css.stack}>
          <SearchField label={of('Find a session')} value={query} onChange={setQuery} hotkey="/" />
          <Switch label={of('Release when idle')} hint="A person who holds it keeps it" checked={on} onChange={setOn} />
          <div className={css.row}>
            <Segmented
              label={of('Group by')}
              value={size}
              onChange={setSize}
              segments={[
                { value: 'a', label: 'Pool' },
                { value: 'b', label: 'State' },
              ]}
            />
            <Kbd keys="Ctrl Alt Esc" />
            <Spinner />
          </div>
        </div>
      </div>
    </Section>
  );
}

function nothing(): void {
  // Nothing stands behind what the gallery shows.
}
