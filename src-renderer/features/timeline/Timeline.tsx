import type { Action } from '@shared/action';
import type { Checkpoint } from '@shared/checkpoint';
import type { Session } from '@shared/session';
import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, History, TriangleAlert } from 'lucide-react';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { messageOf } from '../../lib/api';
import { Button } from '../../ui/Button';
import { Notice } from '../../ui/Notice';
import { ActionDialog } from './ActionDialog';
import { tellsOf, type Row } from './model';
import { TimelineRow } from './TimelineRow';
import css from './Timeline.module.css';
import { useTimeline } from './useTimeline';

const nearPx = 24;

/** The record of a session, newest at the bottom; it follows the bottom until somebody scrolls away from it. */
export function Timeline({
  session,
  size,
  me,
  onRewind,
}: {
  session: Session;
  size: { width: number; height: number };
  me: string;
  /** Asks before it goes back; absent where nobody can now. */
  onRewind?: (checkpoint: Checkpoint) => void;
}) {
  const { rows, actions, checkpoints, isPending, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } =
    useTimeline(session.sessionId, session.machine?.checkpoints ?? false);
  const box = useRef<HTMLDivElement>(null);
  const stuck = useRef(true);
  const [away, setAway] = useState(false);
  const empty = rows.length === 0;
  const [shown, setShown] = useState<string | null>(null);

  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => 72,
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: 8,
  });
  const total = virtual.getTotalSize();

  // Stay at the bottom; or, when older rows came in above, stay on the row that was being read.
  const before = useRef({ first: '', total: 0 });
  const firstKey = rows[0]?.key ?? '';
  useLayoutEffect(() => {
    const el = box.current;
    if (!el) return;
    const last = before.current;
    if (stuck.current) el.scrollTop = el.scrollHeight;
    else if (last.first !== '' && last.first !== firstKey) el.scrollTop += total - last.total;
    before.current = { first: firstKey, total };
  }, [total, firstKey, rows]);

  // A change of size (a card above, a row that was measured) is no wish to leave the bottom; a move upwards is.
  const seen = useRef({ top: 0, client: 0, height: 0 });
  const onScroll = () => {
    const el = box.current;
    if (!el) return;
    const { top, client, height } = seen.current;
    const resized = el.clientHeight !== client || el.scrollHeight !== height;
    seen.current = { top: el.scrollTop, client: el.clientHeight, height: el.scrollHeight };
    if (el.scrollHeight - el.scrollTop - el.clientHeight < nearPx) stuck.current = true;
    else if (el.scrollTop < top && !resized) stuck.current = false;
    setAway(!stuck.current);
    if (el.scrollTop < 400 && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  };
  useEffect(() => {
    const el = box.current;
    if (!el) return;
    const observer = new ResizeObserver(() => {
      if (stuck.current) el.scrollTop = el.scrollHeight;
    });
    observer.observe(el);
    return () => observer.disconnect();
  }, [isPending, empty]);
  const toEnd = () => {
    stuck.current = true;
    setAway(false);
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  };

  const open = (action: Action) => setShown(action.id);
  if (error) {
    return (
      <Notice
        bare
        icon={<TriangleAlert />}
        tone="trouble"
        title="The timeline can't be read"
        actions={<Button onClick={() => void refetch()}>Try again</Button>}
      >
        {messageOf(error)}
      </Notice>
    );
  }
  if (!isPending && empty) {
    return (
      <Notice bare icon={<History />} title="Nothing has happened yet">
        Each action shows up here in words, with where it landed.
      </Notice>
    );
  }
  return (
    <div className={css.outer}>
      <div
        ref={box}
        className={css.box}
        onScroll={onScroll}
        // A scrolling region must be reachable by keyboard.
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        role="region"
        aria-label="Actions, newest last"
      >
        <div className={css.canvas} style={{ height: total }}>
          <ol style={{ transform: `translateY(${virtual.getVirtualItems()[0]?.start ?? 0}px)` }}>
            {virtual.getVirtualItems().map((item) => {
              const row = rows[item.index];
              return (
                row && (
                  <li key={item.key} ref={virtual.measureElement} data-index={item.index}>
                    <TimelineRow
                      row={row}
                      size={size}
                      me={me}
                      last={item.index === rows.length - 1}
                      holdSince={session.control.kind === 'human' ? session.control.since : null}
                      onOpen={open}
                      checkpoint={checkpointOf(row, checkpoints)}
                      onRewind={onRewind}
                    />
                  </li>
                )
              );
            })}
          </ol>
        </div>
        {away && (
          <div className={css.toEnd}>
            <Button size="row" icon={<ArrowDown size={14} />} onClick={toEnd}>
              Newest
            </Button>
          </div>
        )}
      </div>
      <ActionDialog actions={actions} id={shown} size={size} me={me} onShow={setShown} />
    </div>
  );
}

/** The checkpoint that a row tells of, as far as it is still there. */
function checkpointOf(row: Row, checkpoints: readonly Checkpoint[] | undefined): Checkpoint | undefined {
  if (row.kind === 'marker') return row.checkpoint;
  if (row.kind !== 'checkpoint' || row.fact !== 'saved') return undefined;
  return checkpoints?.find((each) => tellsOf(row.action, each));
}
