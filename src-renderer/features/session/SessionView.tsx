import { Ban, ClipboardCopy, ClipboardPaste, CircleAlert } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { call, messageOf } from '../../lib/api';
import { thumbUrl } from '../../lib/pictures';
import { useAttention, useMe, usePools, useSession } from '../../lib/queries';
import { useLive } from '../../lib/stores';
import { useLatest } from '../../lib/useLatest';
import { useNow } from '../../lib/useNow';
import { Button } from '../../ui/Button';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { Notice } from '../../ui/Notice';
import { TabPanel, Tabs } from '../../ui/Tabs';
import { Timeline } from '../timeline/Timeline';
import { AgentPointer } from './AgentPointer';
import { AnswerHelp } from './AnswerHelp';
import { ControlBar } from './ControlBar';
import { controlBar, mayType, type BarAction } from './controlModel';
import { Details } from './Details';
import { Frame } from './Frame';
import { HandBack } from './HandBack';
import { HelpCard } from './HelpCard';
import { pointerView } from './pointerModel';
import { Screen, type ScreenHandle } from './Screen';
import { SessionHeader } from './SessionHeader';
import css from './SessionView.module.css';
import { useControl } from './useControl';
import type { Pool } from '@shared/pool';
import type { Session } from '@shared/session';

type Tab = 'screen' | 'details';
const fallbackSize = { width: 1280, height: 800 };

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
  const [tab, setTab] = useState<Tab>('screen');
  const [handing, setHanding] = useState(false);
  const [stopping, setStopping] = useState(false);
  const [focused, setFocused] = useState(false);
  const screen = useRef<ScreenHandle>(null);

  const pool = pools?.find((each) => each.id === session.poolId);
  const size = useScreenSize(session, pool);
  const state = controlBar({ session, me, latest, help: waiting, now });
  const holding = mayType(session, me);
  const typing = holding && !handing && tab === 'screen';
  const pointer = state.role === 'agent' ? pointerView(pointed, latest, size) : null;

  useFocusAfterHandBack(holding);

  const onAction = (action: BarAction) => {
    switch (action) {
      case 'take':
        setHanding(false);
        return void control.act({ action: 'take' });
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
      <SessionHeader session={session} poolName={pool?.displayName ?? session.poolId} holding={holding} now={now} />
      <div className={css.columns}>
        <Tabs<Tab>
          label="Session"
          value={tab}
          onChange={setTab}
          tabs={[
            { value: 'screen', label: 'Screen' },
            { value: 'details', label: 'Details' },
          ]}
          className={css.main}
          aside={
            holding ? (
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
                    busy={control.busy}
                    focused={focused && typing}
                    noting={handing}
                    failure={handing ? null : control.failure}
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
                  placeholder={thumb === undefined ? null : thumbUrl(session.sessionId, thumb, 640)}
                  onFocusChange={setFocused}
                >
                  {pointer && <AgentPointer view={pointer} />}
                </Screen>
              </Frame>
            </div>
          </TabPanel>
          <TabPanel value="details" className={css.area}>
            <Details session={session} pool={pool} />
          </TabPanel>
        </Tabs>
        <aside className={css.side} aria-label="Timeline">
          <div className={css.sideHead}>
            <h2>Timeline</h2>
          </div>
          {open && <HelpCard help={open} now={now} />}
          <Timeline session={session} size={size} me={me} />
        </aside>
      </div>
      <ConfirmDialog
        open={stopping}
        onClose={() => setStopping(false)}
        title={`Stop ${session.name}?`}
        confirm={`Stop ${session.name}`}
        onConfirm={() => call('sessions.release', { sessionId: session.sessionId })}
      >
        <p>The agent loses this desktop and the machine is reset. What is open on it is gone. The timeline stays.</p>
      </ConfirmDialog>
    </div>
  );
}

/** The machine's own size, also after its session ended; the pool's may have been changed since. */
function useScreenSize({ screen }: Session, pool: Pool | undefined): { width: number; height: number } {
  const [known, setKnown] = useState(screen ?? null);
  if (screen && known === null) setKnown(screen);
  return screen ?? known ?? pool?.size ?? fallbackSize;
}

/** The hand-back button goes with the hold; the keyboard then stands on what comes next, not nowhere. */
function useFocusAfterHandBack(holding: boolean): void {
  const held = useRef(holding);
  const owed = useRef(false);
  useEffect(() => {
    if (held.current !== holding) owed.current = !holding;
    held.current = holding;
    if (!owed.current) return;
    const frame = requestAnimationFrame(() => {
      // While the hand-back is on its way there is nothing to take yet.
      const next = document.querySelector<HTMLElement>('[data-action="take"] button:enabled');
      if (!next) return;
      owed.current = false;
      if (document.activeElement === document.body) next.focus();
    });
    return () => cancelAnimationFrame(frame);
  });
}

/** Nothing crosses by itself: a person sends and fetches on purpose, and sees how much went over. */
function Clipboard({ sessionId }: { sessionId: string }) {
  const [said, setSaid] = useState<{ text: string; bad: boolean } | null>(null);
  const run = async (name: 'control.sendClipboard' | 'control.fetchClipboard', verb: string) => {
    try {
      const { characters } = await call(name, { sessionId });
      setSaid({ text: `${verb} ${characters} ${characters === 1 ? 'character' : 'characters'}`, bad: false });
    } catch (error) {
      setSaid({ text: messageOf(error), bad: true });
    }
  };
  return (
    <>
      <span className={css.said} role="status" data-bad={said?.bad || undefined} title={said?.text}>
        {said?.bad && <CircleAlert size={14} aria-hidden />}
        {said?.text}
      </span>
      <Button
        kind="quiet"
        size="row"
        icon={<ClipboardPaste size={16} />}
        onClick={() => void run('control.sendClipboard', 'Sent')}
      >
        Send clipboard
      </Button>
      <Button
        kind="quiet"
        size="row"
        icon={<ClipboardCopy size={16} />}
        onClick={() => void run('control.fetchClipboard', 'Fetched')}
      >
        Fetch clipboard
      </Button>
    </>
  );
}
