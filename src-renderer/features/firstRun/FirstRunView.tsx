import type { SetupStatus, SetupWay } from '@shared/ipc';
import { Check, CircleAlert, Copy, Plug, Play, RefreshCw, TriangleAlert } from 'lucide-react';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { call, messageOf } from '../../lib/api';
import { clock } from '../../lib/clock';
import { keys, queryClient, useDemo, useSetup } from '../../lib/queries';
import { useUi } from '../../lib/stores';
import { useNow } from '../../lib/useNow';
import { Button } from '../../ui/Button';
import { ErrorLine } from '../../ui/ErrorLine';
import { Notice } from '../../ui/Notice';
import { Spinner } from '../../ui/Spinner';
import { DemoButton } from './DemoButton';
import { demoWords, dockerWay, qemuWay, readyWays, summary, type Line, type Way } from './model';
import css from './FirstRunView.module.css';

export function FirstRunView() {
  const setup = useSetup();
  const [failure, setFailure] = useState<string | null>(null);
  const setConnect = useUi((state) => state.setConnect);
  const demo = useDemo().data;
  const run = async (work: () => Promise<unknown>) => {
    setFailure(null);
    try {
      await work();
    } catch (error) {
      setFailure(messageOf(error));
    }
  };
  if (setup.error) {
    return (
      <div className={css.page}>
        <Notice
          icon={<TriangleAlert />}
          tone="trouble"
          title="This computer can't be looked at"
          actions={<Button onClick={() => void setup.refetch()}>Try again</Button>}
        >
          {messageOf(setup.error)}
        </Notice>
      </div>
    );
  }
  const status = setup.data;
  if (!status) return null;
  const ways = [dockerWay(status), qemuWay(status)].filter((way) => way !== null);
  const ready = readyWays(status);
  const built = ready.length > 0;
  const lookAgain = () => run(async () => queryClient.setQueryData(keys.setup, await call('setup.look', {})));
  return (
    <div className={css.page}>
      <h1>{built ? 'Desktops are ready' : 'Get the first desktop running'}</h1>
      <p className={css.lead}>{summary(status)}</p>

      <Card
        step={1}
        done={built}
        title="What is on this computer"
        aside={
          <Button kind="quiet" icon={<RefreshCw size={16} />} onClick={() => void lookAgain()}>
            Look again
          </Button>
        }
      >
        {ways.map((way) => (
          <WaySection
            key={way.way}
            way={way}
            emulated={way.way === 'qemu' && status.qemu?.isolation === 'emulated'}
            primary={!built && ways.find(({ mend }) => mend?.kind === 'build') === way}
            onRun={run}
          />
        ))}
        {failure && <ErrorLine>{failure}</ErrorLine>}
      </Card>

      {status.build && <Build build={status.build} onRun={run} />}

      <Card step={status.build ? 3 : 2} done={false} later={!built} title="Put an agent to work">
        <div className={css.agents}>
          <div>
            <Play size={18} aria-hidden />
            <div>
              <h3>See it first</h3>
              <p>A scripted agent reads a list of orders and writes a report. Take the wheel from it.</p>
              <div className={css.action}>
                {/* Docker's pool is the usual one; QEMU is named where it is all there is. */}
                <DemoButton disabled={!built} way={ready[0] === 'qemu' ? 'qemu' : undefined} />
              </div>
              <small>
                {demoWords(demo) ??
                  (built
                    ? `It works on a desktop of its own, ${places[ready[0] ?? 'docker']}.`
                    : 'Ready when an image is.')}
              </small>
            </div>
          </div>
          <div>
            <Plug size={18} aria-hidden />
            <div>
              <h3>Bring your own</h3>
              <p>Claude Code, VS Code, Cursor, or anything that speaks MCP.</p>
              <div className={css.action}>
                <Button kind="primary" onClick={() => setConnect(true)}>
                  Connect an agent
                </Button>
              </div>
              <small>
                {built ? 'It gets a desktop with its first call.' : 'You can do this while the image is built.'}
              </small>
            </div>
          </div>
        </div>
      </Card>
    </div>
  );
}

const places: Record<SetupWay, string> = { docker: 'in a container', qemu: 'in a QEMU machine' };
const wayNames: Record<SetupWay, { title: string; what: string }> = {
  docker: { title: 'Docker', what: 'Containers: quick and small. They share this computer’s kernel.' },
  qemu: { title: 'QEMU', what: 'Machines of their own. They can be saved and gone back to.' },
};

/** One of the two ways: its parts, and the one button that mends it. */
function WaySection({
  way,
  emulated,
  primary,
  onRun,
}: {
  way: Way;
  emulated: boolean;
  primary: boolean;
  onRun(work: () => Promise<unknown>): Promise<void>;
}) {
  const { title, what } = wayNames[way.way];
  return (
    <section className={css.way} aria-label={title}>
      <div className={css.wayHead}>
        <h3>{title}</h3>
        <p>{what}</p>
        <span className={css.wayState} data-role={way.ready ? 'fine' : 'nobody'}>
          {way.ready && <Check size={14} aria-hidden />}
          {way.state}
        </span>
      </div>
      <ul className={css.found}>
        {way.lines.map((line, index) => (
          <Found
            key={index}
            line={line}
            command={way.mend?.kind === 'command' && way.mend.line === index ? way.mend.command : undefined}
          >
            {index === 0 && emulated && (
              <Button size="row" onClick={() => void onRun(() => call('app.openHelp', { topic: 'kvm' }))}>
                How to turn on KVM
              </Button>
            )}
            {index === 0 && way.way === 'docker' && (line.tone === 'bad' || line.tone === 'warn') && (
              <Button size="row" onClick={() => void onRun(() => call('app.openHelp', { topic: 'docker' }))}>
                How to get Docker
              </Button>
            )}
            {index === way.lines.length - 1 && way.mend?.kind === 'build' && (
              <Button
                kind={primary ? 'primary' : 'plain'}
                size="row"
                onClick={() => void onRun(() => call('setup.buildImage', { backend: way.way }))}
              >
                {way.way === 'qemu' ? 'Build the machine image' : 'Build the image'}
              </Button>
            )}
          </Found>
        ))}
      </ul>
    </section>
  );
}

function Card({
  step,
  done,
  later,
  title,
  aside,
  children,
}: {
  step: number;
  done: boolean;
  later?: boolean;
  title: string;
  aside?: ReactNode;
  children: ReactNode;
}) {
  return (
    <section className={css.card} aria-label={title}>
      <span
        className={css.step}
        data-role={done ? 'fine' : undefined}
        data-done={done || undefined}
        data-later={later || undefined}
      >
        {done ? <Check size={16} strokeWidth={2.5} aria-label="Done" /> : step}
      </span>
      <header>
        <h2>{title}</h2>
        {aside}
      </header>
      <div className={css.content}>{children}</div>
    </section>
  );
}

const lineIcons: Record<Line['tone'], ReactNode> = {
  fine: <Check size={18} aria-hidden />,
  wait: <Spinner size={18} />,
  warn: <CircleAlert size={18} aria-hidden />,
  bad: <TriangleAlert size={18} aria-hidden />,
};
const lineRoles = { fine: 'fine', wait: 'nobody', warn: 'you', bad: 'trouble' } as const;

function Found({ line, command, children }: { line: Line; command?: string | undefined; children?: ReactNode }) {
  return (
    <li>
      <span className={css.icon} data-role={lineRoles[line.tone]}>
        {lineIcons[line.tone]}
      </span>
      <div>
        <h3>{line.title}</h3>
        <p>{line.text}</p>
      </div>
      {children && <span className={css.mend}>{children}</span>}
      {command !== undefined && (
        <div className={css.command}>
          <CopyCommand command={command} />
          <span>in a terminal, then look again</span>
        </div>
      )}
    </li>
  );
}

function CopyCommand({ command }: { command: string }) {
  return (
    <>
      <code>{command}</code>
      <Button size="row" icon={<Copy size={14} />} onClick={() => void call('app.copyText', { text: command })}>
        Copy
      </Button>
    </>
  );
}

function Build({
  build,
  onRun,
}: {
  build: NonNullable<SetupStatus['build']>;
  onRun(work: () => Promise<unknown>): Promise<void>;
}) {
  const now = useNow();
  const log = useRef<HTMLPreElement>(null);
  const failed = build.error !== null;
  const way = build.backend ?? 'docker';
  useEffect(() => {
    log.current?.scrollTo(0, log.current.scrollHeight);
  }, [build.log]);
  const done = build.percent >= 100 && !failed;
  return (
    <Card
      step={2}
      done={done}
      title={way === 'qemu' ? 'Build the machine image' : 'Build the desktop image'}
      aside={
        !done && (
          <span className={css.progress}>
            {!failed && (
              <span className="tnum">
                {clock(now - Date.parse(build.startedAt))} so far
                {build.secondsLeft === null ? '' : `, about ${clock(build.secondsLeft * 1000)} left`}
              </span>
            )}
            {failed ? (
              <Button kind="primary" onClick={() => void onRun(() => call('setup.buildImage', { backend: way }))}>
                Try again
              </Button>
            ) : (
              <Button onClick={() => void onRun(() => call('setup.cancelBuild', {}))}>Cancel</Button>
            )}
          </span>
        )
      }
    >
      <div className={css.percent}>
        <div
          role="progressbar"
          aria-label="Image build"
          aria-valuenow={Math.round(build.percent)}
          aria-valuemin={0}
          aria-valuemax={100}
          data-role={failed ? 'trouble' : undefined}
        >
          <span style={{ transform: `scaleX(${build.percent / 100})` }} />
        </div>
        <b className="tnum">{Math.round(build.percent)} %</b>
      </div>
      {build.error && <ErrorLine>{build.error}</ErrorLine>}
      <div className={css.build}>
        <ul>
          {build.steps.map((step) => (
            <li key={step.name} data-state={step.state}>
              {step.state === 'done' ? (
                <Check size={16} aria-label="Done" />
              ) : step.state === 'running' ? (
                <Spinner />
              ) : step.state === 'failed' ? (
                <TriangleAlert size={16} aria-label="Failed" />
              ) : (
                <span className={css.waits} aria-label="Waits" role="img" />
              )}
              <span className="clip">{step.name}</span>
              {step.seconds !== null && <span className="tnum">{clock(step.seconds * 1000)}</span>}
            </li>
          ))}
        </ul>
        <div className={css.log}>
          {/* A scrolling region must be reachable by keyboard. */}
          {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
          <pre ref={log} tabIndex={0} aria-label="Log of the build">
            {build.log.join('\n')}
          </pre>
          <Button
            size="row"
            icon={<Copy size={14} />}
            onClick={() => void onRun(() => call('app.copyText', { text: build.log.join('\n').slice(-65_000) }))}
          >
            Copy log
          </Button>
        </div>
      </div>
    </Card>
  );
}
