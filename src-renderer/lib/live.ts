import type { Action, Attention } from '@shared/action';
import type { Checkpoint } from '@shared/checkpoint';
import type { ControlState } from '@shared/control';
import type { WheelhouseEvent } from '@shared/event';
import type { Home } from '@shared/home';
import type { AppInfo, Bridge } from '@shared/ipc';
import type { Machine, Pool } from '@shared/pool';
import type { Page, Session } from '@shared/session';
import type { InfiniteData, QueryClient } from '@tanstack/react-query';
import { batch } from './batch';
import { controlHappening, sessionHappening } from './happenings';
import { keys } from './queries';
import { useLive } from './stores';

/** Replaces the item with the same key, or appends it; a tile or row keeps its place when its state changes. */
export function upsert<T>(list: readonly T[], item: T, key: (item: T) => string): T[] {
  const at = list.findIndex((each) => key(each) === key(item));
  return at < 0 ? [...list, item] : list.map((each, index) => (index === at ? item : each));
}

/** New rows go to the newest page; a row that is already there is replaced where it stands. */
export function putAction(
  data: InfiniteData<Page<Action>> | undefined,
  action: Action,
): InfiniteData<Page<Action>> | undefined {
  const first = data?.pages[0];
  if (!data || !first) return data;
  const known = data.pages.some((page) => page.data.some((row) => row.id === action.id));
  return {
    ...data,
    pages: data.pages.map((page, index) =>
      known || index === 0
        ? {
            ...page,
            data: known ? page.data.map((row) => (row.id === action.id ? action : row)) : [...page.data, action],
          }
        : page,
    ),
  };
}

/**
 * The session as it is after an act: sessions are announced every few seconds only, and the idle clock would run on while
 * the agent works. The same object while the clock, which shows whole seconds, would not differ.
 */
export function touched(session: Session, action: Action): Session {
  const at = Date.parse(action.at) + (action.durationMs ?? 0);
  if (action.sessionId !== session.sessionId || action.actor.kind !== 'agent') return session;
  return at - Date.parse(session.lastActivityAt) < 1000
    ? session
    : { ...session, lastActivityAt: new Date(at).toISOString() };
}

/** Keeps what the window knows as the main process announces it. Returns its disposer. */
export function followMain(
  bridge: Bridge,
  client: QueryClient,
  navigate: (path: string) => void,
  setTheme: (theme: 'dark' | 'light') => void,
): () => void {
  const me = () => client.getQueryData<AppInfo>(keys.info)?.operator ?? '';
  const known = (id: string) =>
    client.getQueryData<Session[]>(keys.sessions)?.find((session) => session.sessionId === id);

  /** A push that comes while an answer is on its way would be overwritten by it: then the answer is asked for again. */
  const patch = <T>(key: readonly unknown[], update: (old: T | undefined) => T | undefined) => {
    client.setQueryData<T>(key, update);
    if (client.isFetching({ queryKey: key, exact: true }) > 0)
      void client.invalidateQueries({ queryKey: key, exact: true });
  };

  const onSession = (session: Session) => {
    const before = known(session.sessionId);
    const listed = client.getQueryData<Session[]>(keys.sessions);
    const words = listed ? sessionHappening(before, session) : null;
    if (words) {
      // A session that was known happens now; its own times tell of its beginning, its end and its last call alone.
      const at = session.endedAt ?? (before ? new Date().toISOString() : session.createdAt);
      useLive.getState().addHappening({ at, words, sessionId: session.sessionId });
    }
    patch<Session[]>(keys.sessions, (list) =>
      session.endedAt
        ? list?.filter((each) => each.sessionId !== session.sessionId)
        : list && upsert(list, session, (each) => each.sessionId),
    );
    patch<Session>(keys.session(session.sessionId), (old) => (old ? session : old));
    if (session.endedAt && !before?.endedAt) void client.invalidateQueries({ queryKey: keys.ended });
  };

  const onControl = (sessionId: string, control: ControlState) => {
    const session = known(sessionId);
    const words = session && controlHappening(session.name, session.control, control, me());
    if (words) useLive.getState().addHappening({ at: control.since, words, sessionId });
    const put = (old: Session) => (old.control.epoch > control.epoch ? old : { ...old, control });
    patch<Session[]>(keys.sessions, (list) => list?.map((each) => (each.sessionId === sessionId ? put(each) : each)));
    patch<Session>(keys.session(sessionId), (old) => old && put(old));
  };

  const onActivity = (action: Action) => {
    const session = known(action.sessionId);
    if (session && touched(session, action) !== session)
      patch<Session[]>(keys.sessions, (list) => list?.map((each) => touched(each, action)));
    client.setQueryData<Session>(keys.session(action.sessionId), (old) => old && touched(old, action));
  };

  const actions = batch<Action>(
    (action) => action.id,
    (news) => {
      for (const action of news) {
        useLive.getState().setLatest(action);
        onActivity(action);
      }
      for (const sessionId of new Set(news.map((action) => action.sessionId))) {
        const mine = news.filter((action) => action.sessionId === sessionId);
        patch<InfiniteData<Page<Action>>>(keys.timeline(sessionId), (data) => mine.reduce(putAction, data));
      }
    },
  );

  const onEvent = (event: WheelhouseEvent) => {
    switch (event.event) {
      case 'pool':
        patch<Pool[]>(keys.pools, (list) => list && upsert(list, event.data, (pool) => pool.id));
        return;
      case 'pool_deleted':
        patch<Pool[]>(keys.pools, (list) => list?.filter((pool) => pool.id !== event.data.id));
        return;
      case 'machine':
        patch<Machine[]>(keys.machines(event.data.poolId), (list) =>
          event.data.state === 'gone'
            ? list?.filter((machine) => machine.machineId !== event.data.machineId)
            : list && upsert(list, event.data, (machine) => machine.machineId),
        );
        return;
      case 'home':
        patch<Home[]>(keys.homes, (list) => list && upsert(list, event.data, (home) => home.homeId));
        return;
      case 'home_removed':
        patch<Home[]>(keys.homes, (list) => list?.filter((home) => home.homeId !== event.data.homeId));
        return;
      case 'session':
        return onSession(event.data);
      case 'control':
        return onControl(event.data.sessionId, event.data.control);
      case 'action':
        actions.add(event.data);
        return;
      case 'attention':
        patch<Attention[]>(keys.attention, (list) => list && upsert(list, event.data, (call) => call.id));
        return;
      case 'checkpoint':
        patch<Checkpoint[]>(
          keys.checkpoints(event.data.sessionId),
          (list) => list && upsert(list, event.data, (checkpoint) => checkpoint.checkpointId),
        );
        return;
      case 'checkpoint_removed':
        patch<Checkpoint[]>(keys.checkpoints(event.data.sessionId), (list) =>
          list?.filter((checkpoint) => checkpoint.checkpointId !== event.data.checkpointId),
        );
        return;
      default:
        // A newer main process may announce more than this window knows.
        return;
    }
  };

  const disposers = [
    actions.dispose,
    bridge.on('event', onEvent),
    bridge.on('setup', (status) => client.setQueryData(keys.setup, status)),
    bridge.on('demo', (status) => client.setQueryData(keys.demo, status)),
    bridge.on('tokenProgress', (progress) => client.setQueryData(keys.tokenProgress(progress.tokenId), progress)),
    bridge.on('thumbnail', ({ sessionId, version }) => useLive.getState().setThumb(sessionId, version)),
    bridge.on('navigate', ({ path }) => navigate(path)),
    bridge.on('theme', setTheme),
  ];
  return () => {
    for (const dispose of disposers) dispose();
  };
}
