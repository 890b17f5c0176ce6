import { Unplug } from 'lucide-react';
import { useCallback, useEffect, useImperativeHandle, useRef, useState, type ReactNode, type Ref } from 'react';
import { clock, timeWithSeconds } from '../../lib/clock';
import { useNow } from '../../lib/useNow';
import { Button } from '../../ui/Button';
import { Notice } from '../../ui/Notice';
import { Spinner } from '../../ui/Spinner';
import { ScreenConnection, type ScreenState } from './screenConnection';
import css from './Screen.module.css';
import { useStillPicture } from './useStillPicture';

export interface ScreenHandle {
  focus(): void;
}

export interface ScreenProps {
  sessionId: string;
  size: { width: number; height: number };
  /** Keys and pointer go to the machine. */
  mayType: boolean;
  /** False once the session has ended: the last picture stays. */
  connected: boolean;
  /** The machine is being put back to an earlier moment, under this name; its screen comes back by itself. */
  goingBack?: string | null;
  /** The machine's processors are stopped: no picture comes, and that is no failure. */
  still?: boolean;
  /** Stands over the last picture while the session has no machine. */
  over?: ReactNode;
  /** Shown until the first live picture. */
  placeholder: string | null;
  onFocusChange(focused: boolean): void;
  ref?: Ref<ScreenHandle>;
  children?: ReactNode;
}

/**
 * The live screen, fitted without moving anything: the box has the machine's own proportions before the first picture
 * comes. While there is no connection the last picture stays, dimmed after a second.
 */
export function Screen({
  sessionId,
  size,
  mayType,
  connected,
  goingBack = null,
  still = false,
  over,
  placeholder,
  onFocusChange,
  ref,
  children,
}: ScreenProps) {
  const target = useRef<HTMLDivElement>(null);
  const last = useRef<HTMLCanvasElement>(null);
  const connection = useRef<ScreenConnection | null>(null);
  const [state, setState] = useState<ScreenState>({ kind: 'connecting' });
  const [everLive, setEverLive] = useState(false);

  useStillPicture(sessionId, still && !everLive);

  const keepPicture = useCallback((canvas: HTMLCanvasElement) => {
    const copy = last.current;
    if (!copy) return;
    copy.width = canvas.width;
    copy.height = canvas.height;
    copy.getContext('2d')?.drawImage(canvas, 0, 0);
  }, []);

  useEffect(() => {
    const box = target.current;
    if (!connected || !box) return;
    const made = new ScreenConnection(
      sessionId,
      box,
      (next) => {
        setState(next);
        if (next.kind === 'live') setEverLive(true);
      },
      keepPicture,
    );
    connection.current = made;
    return () => {
      connection.current = null;
      const canvas = box.querySelector('canvas');
      if (canvas && canvas.width > 0) keepPicture(canvas);
      made.close();
    };
  }, [sessionId, connected, keepPicture]);

  useEffect(() => connection.current?.setMayType(mayType), [mayType, sessionId, connected]);
  // What was waited for is over: no need to sit out the rest of a pause between two tries.
  const waits = goingBack !== null || still;
  useEffect(() => {
    if (!waits) connection.current?.retryNow();
  }, [waits]);
  useImperativeHandle(ref, () => ({ focus: () => connection.current?.focus() }), []);

  // The shortcut that gives the keys back is taken before noVNC sees it.
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || !event.ctrlKey || !event.altKey) return;
      if (!target.current?.contains(document.activeElement)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      connection.current?.blur();
      document.querySelector<HTMLElement>('[data-action="handback"] button')?.focus();
    };
    window.addEventListener('keydown', onKey, { capture: true });
    return () => window.removeEventListener('keydown', onKey, { capture: true });
  }, []);

  const report = (event: React.PointerEvent) =>
    connection.current?.pointerAt(event.clientX, event.clientY, event.buttons);
  const lost = connected && state.kind === 'lost';
  return (
    <div className={css.screen} style={{ aspectRatio: `${size.width} / ${size.height}` }}>
      {placeholder && !everLive && (
        <img
          className={css.placeholder}
          src={placeholder}
          alt=""
          data-dim={(lost && !still) || !connected || undefined}
        />
      )}
      <canvas
        ref={last}
        className={css.last}
        width={0}
        height={0}
        aria-hidden
        data-dim={(lost && !still) || !connected || undefined}
      />
      {/* The canvas that noVNC puts inside takes the input; this only notes focus and where the pointer is. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
      <div
        ref={target}
        className={css.target}
        role="group"
        aria-label="Screen of the desktop"
        data-live={(connected && state.kind === 'live') || undefined}
        onFocus={() => onFocusChange(true)}
        onBlur={() => onFocusChange(false)}
        onPointerDownCapture={report}
        onPointerMoveCapture={report}
        onPointerUpCapture={report}
      />
      {!lost && goingBack === null && children}
      {over}
      {goingBack !== null && <GoingBack name={goingBack} />}
      {lost && !waits && <Lost state={state} onRetry={() => connection.current?.retryNow()} />}
    </div>
  );
}

export function GoingBack({ name }: { name: string }) {
  return (
    <div className={css.lost} role="status">
      <Notice icon={<Spinner size={20} />} title={`Going back to ${name}`}>
        Memory and files are put back as they were. The screen comes back by itself.
      </Notice>
    </div>
  );
}

function Lost({ state, onRetry }: { state: Extract<ScreenState, { kind: 'lost' }>; onRetry(): void }) {
  const now = useNow();
  if (now - state.since < 1000) return null;
  return (
    <div className={css.lost}>
      <Notice
        icon={<Unplug />}
        title="No connection to the screen"
        actions={<Button onClick={onRetry}>Try now</Button>}
      >
        {state.reason}. The agent goes on. You see the last picture, from{' '}
        {timeWithSeconds(new Date(state.since).toISOString())}. Trying again in{' '}
        <span className="tnum">{clock(state.retryAt - now)}</span>
      </Notice>
    </div>
  );
}
