import { Ban } from 'lucide-react';
import { useRef, useState } from 'react';
import { call, messageOf } from '../../lib/api';
import { frameUrl, thumbUrl } from '../../lib/pictures';
import { useAttention, useMe, usePools, useSession } from '../../lib/queries';
import { useLive, useUi } from '../../lib/stores';
import { useLatest } from '../../lib/useLatest';
import { useNow } from '../../lib/useNow';
import { Button } from '../../ui/Button';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { Notice } from '../../ui/Notice';
import { Spinner } from '../../ui/Spinner';
import { TabPanel, Tabs } from '../../ui/Tabs';
import { CheckpointDialogs, SaveDialog } from '../checkpoints/CheckpointDialogs';
import { useCheckpointActions } from '../checkpoints/useCheckpointActions';
import { AgentPointer } from './AgentPointer';
import { AnswerHelp } from './AnswerHelp';
import { Clipboard } from './Clipboard';
import { ControlBar } from './ControlBar';
import { controlBar, mayType, type BarAction } from './controlModel';
import { ConsoleLog } from './ConsoleLog';
import { Details } from './Details';
import { Frame } from './Frame';
import { HandBack } from './HandBack';
import { isResuming, isSuspended, suspends } from './lifeModel';
import { NoMachine } from './NoMachine';
import { machineWords } from './machineModel';
import { pointerView } from './pointerModel';
import { Screen, type ScreenHandle } from './Screen';
import { SessionHeader } from './SessionHeader';
import { SessionMenu } from './SessionMenu';
import css from './SessionView.module.css';
import { SidePanel, type SideTab } from './SidePanel';
import { useFocusAfterHandBack, useSaveKey, useScreenSize, useWish } from './sessionHooks';
import { useControl } from './useControl';
import { useSuspension } from './useSuspension';
import type { Session } from '@shared/session';

type Tab = 'screen' | 'log' | 'details';

export function SessionView({ id }: { id: string }) {
  const session = useSession(id);
  if (session.error) {
    return (
      <div className={css.alone}>
        <Notice
          icon={<Ban />}
          tone="trouble"
          title="This session can't be shown"
          actions={<Button onClick={() => void session.refetch()}>Try again</Button>}
        >
          {messageOf(session.error)}
        </Notice>
      </div>
    );
  }
  if (!session.data) return null;
  return <LoadedSession key={id} session={session.data} />;
}

function LoadedSession({ session }: { session: Session }) {
  const me = useMe();
  const now = useNow();
  const pools = usePools().data;
  const latest = useLatest(session.sessionId);
  const pointed = useLive((state) => state.pointed[session.sessionId]);
  const thumb = useLive((state) => state.thumbs[session.sessionId]);
  const calls =
    useAttention().data?.filter((each) => each.sessionId === session.sessionId && each.kind === 'help') ?? [];
  const waiting = calls.find((each) => each.state === 'waiting');
  const open = waiting ?? calls.find((each) => each.state === 'taken');
  const control = useControl(session.sessionId, session.control.epoch);
  const suspension = useSuspension(session);
  const checkpoints = useCheckpointActions(session);
  const saving = useUi((ui) => ui.saving === session.sessionId);
  const setSaving = useUi((ui) => ui.setSaving);
  const [chosen, setTab] = useState<Tab>('screen');
  // The log goes with the machine.
  const tab = chosen === 'log' && !session.machine?.consoleLog ? 'details' : chosen;
  const [side, setSide] = useState<SideTab>('timeline');
  const [handing, setHanding] = useState(false);
  const [stopping, setStopping] = useState(false);
  const [focused, setFocused] = useState(false);
  const screen = useRef<ScreenHandle>(null);

  const pool = pools?.find((each) => each.id === session.poolId);
  const size = useScreenSize(session, pool);
  const goingBack = checkpoints.goingBack?.name ?? null;
  // Of a session that is over or suspended, the record has the last picture.
  const asleep = isSuspended(session) || isResuming(session);
  const without = asleep || session.status === 'queued' || session.status === 'acquiring';
  const last = session.endedAt !== null || asleep ? checkpoints.lastFrame : null;
  const state = controlBar({
    session,
    me,
    latest,
    rewound: checkpoints.isPast(latest),
    help: waiting,
    now,
    goingBack,
    suspends: suspends(pool),
  });
  const holding = mayType(session, me);
  const typing = holding && !handing && tab === 'screen' && goingBack === null;
  const pointer = state.role === 'agent' && !checkpoints.isPast(pointed) ? pointerView(pointed, latest, size) : null;

  useFocusAfterHandBack(holding);
  useWish(session.sessionId, suspension);
  useSaveKey(session.sessionId, checkpoints.can.kind === 'yes' && !checkpoints.busy);

  /** There is nothing to take in a session without a machine: it gets one first. */
  const take = async () => {
    if (isSuspended(session) && !(await suspension.resume())) return;
    await control.act({ action: 'take' });
  };

  const onAction = (action: BarAction) => {
    switch (action) {
      case 'take':
        setHanding(false);
        return void take();
      case 'takeAdmin':
        setHanding(false);
        return void control.act({ action: 'take', force: true });
      case 'cancel':
        return void control.act({ action: 'release' });
      case 'give':
        return void control.act({ action: 'give', to: session.control.askedBy ?? undefined });
      case 'keepFromAsker':
      case 'keepIdle':
        return void control.act({ action: 'keep' }).then(() => screen.current?.focus());
      case 'ask':
        return void control.act({ action: 'request' });
      case 'pause':
        return void control.act({ action: 'pause' });
      case 'resume':
        return void control.act({ action: 'resume' });
      case 'stop':
        return setStopping(true);
      case 'handback':
      case 'answer':
        return;
    }
  };

  return (
    <div className={css.view}>
      <SessionHeader
        session={session}
        poolName={pool?.displayName ?? session.poolId}
        machine={machineWords(session, pool)}
        holding={holding}
        now={now}
        menu={<SessionMenu session={session} pool={pool} suspension={suspension} onEnd={() => setStopping(true)} />}
      />
      <div className={css.columns}>
        <Tabs<Tab>
          label="Session"
          value={tab}
          onChange={setTab}
          tabs={[
            { value: 'screen', label: 'Screen' },
            ...(session.machine?.consoleLog ? [{ value: 'log' as const, label: 'Log' }] : []),
            { value: 'details', label: 'Details' },
          ]}
          className={css.main}
          aside={
            checkpoints.saving ? (
              <span className={css.said} role="status">
                <Spinner size={14} /> Saving: the screen stands still
              </span>
            ) : holding && goingBack === null ? (
              <Clipboard sessionId={session.sessionId} />
            ) : (
              <span className={`${css.size} tnum`}>{`${size.width} × ${size.height}`}</span>
            )
          }
        >
          <TabPanel value="screen" keepMounted className={css.area}>
            <div className={css.fit} style={{ '--ratio': size.width / size.height } as React.CSSProperties}>
              <Frame
                who={state.role}
                bar={
                  <ControlBar
                    state={state}
                    busy={control.busy || suspension.busy !== null}
                    focused={focused && typing}
                    noting={handing}
                    failure={handing ? null : (control.failure ?? (asleep ? null : suspension.failure))}
                    askedBy={session.control.askedBy}
                    onAction={onAction}
                    slots={{
                      handback: (
                        <HandBack
                          agent={session.agent || 'the agent'}
                          open={handing}
                          onOpenChange={(next) => {
                            control.clear();
                            setHanding(next);
                          }}
                          busy={control.busy}
                          failure={control.failure}
                          onHandBack={(note, leavePaused) =>
                            control.act({ action: 'release', ...(note ? { note } : {}), leavePaused })
                          }
                        />
                      ),
                      ...(waiting ? { answer: <AnswerHelp help={waiting} /> } : {}),
                    }}
                  />
                }
              >
                <Screen
                  ref={screen}
                  sessionId={session.sessionId}
                  size={size}
                  mayType={typing}
                  connected={session.endedAt === null && session.machineId !== null}
                  goingBack={goingBack}
                  still={session.frozen ?? false}
                  placeholder={
                    last ? frameUrl(last) : thumb === undefined ? null : thumbUrl(session.sessionId, thumb, 640)
                  }
                  over={without && <NoMachine session={session} pool={pool} suspension={suspension} now={now} />}
                  onFocusChange={setFocused}
                >
                  {pointer && <AgentPointer view={pointer} />}
                </Screen>
              </Frame>
            </div>
          </TabPanel>
          {session.machine?.consoleLog && (
            <TabPanel value="log" className={css.area}>
              <ConsoleLog sessionId={session.sessionId} live={session.endedAt === null} />
            </TabPanel>
          )}
          <TabPanel value="details" className={css.area}>
            <Details session={session} pool={pool} now={now} />
          </TabPanel>
        </Tabs>
        <SidePanel
          session={session}
          size={size}
          me={me}
          help={open}
          now={now}
          tab={side}
          onTab={setSide}
          checkpoints={checkpoints}
        />
      </div>
      <ConfirmDialog
        open={stopping}
        onClose={() => setStopping(false)}
        title={`End ${session.name}?`}
        confirm={`End ${session.name}`}
        onConfirm={() => call('sessions.release', { sessionId: session.sessionId })}
      >
        <p>
          {asleep
            ? 'The agent loses this desktop.'
            : 'The agent loses this desktop and the machine is reset. What is open on it is gone.'}{' '}
          The timeline stays{session.home ? (session.home.keep ? ', and so does its home.' : '; its home goes.') : '.'}
          {session.machine?.checkpoints && ' Its checkpoints go with it.'}
        </p>
      </ConfirmDialog>
      <CheckpointDialogs session={session} actions={checkpoints} me={me} />
      {saving && (
        <SaveDialog
          onClose={() => setSaving(null)}
          onSave={(name) => {
            setSide('checkpoints');
            void checkpoints.save(name);
          }}
        />
      )}
    </div>
  );
}
