import { lazy, Suspense, useEffect } from 'react';
import { Redirect, Route, Switch, useLocation } from 'wouter';
import { AgentsView } from '../features/agents/AgentsView';
import { AttentionView } from '../features/attention/AttentionView';
import { ConnectDialog } from '../features/connect/ConnectDialog';
import { DiagnosticsView } from '../features/diagnostics/DiagnosticsView';
import { FirstRunView } from '../features/firstRun/FirstRunView';
import { HomesView } from '../features/homes/HomesView';
import { PoolsView } from '../features/pools/PoolsView';
import { EndedView } from '../features/wall/EndedView';
import { StartSessionDialog } from '../features/wall/StartSessionDialog';
import { WallView } from '../features/wall/WallView';
import { useSessions, useSetup } from '../lib/queries';
import { CommandPalette } from './CommandPalette';
import css from './App.module.css';
import { ErrorBoundary } from './ErrorBoundary';
import { Rail } from './Rail';
import { StatusBar } from './StatusBar';
import { StopBanner } from './StopBanner';
import { useShortcuts } from './useShortcuts';

// noVNC and the gallery are loaded when they are wanted, so that the first view is there at once.
const SessionView = lazy(() =>
  import('../features/session/SessionView').then((module) => ({ default: module.SessionView })),
);
const Gallery = lazy(() => import('../features/gallery/Gallery').then((module) => ({ default: module.Gallery })));

const sessionId = /^[A-Za-z0-9_-]{8,128}$/;

export function App() {
  useShortcuts();
  const [path] = useLocation();
  const view = viewOf(path);
  useEffect(() => {
    document.querySelector('main')?.scrollTo(0, 0);
  }, [view]);
  return (
    <div className={css.app}>
      <div className={css.above}>
        <StopBanner />
      </div>
      <Rail />
      <main className={css.main}>
        <ErrorBoundary key={view}>
          <Suspense fallback={null}>
            <Switch>
              <Route path="/first-run" component={FirstRunView} />
              <Route path="/wall/ended" component={EndedView} />
              <Route path="/wall" component={WallView} />
              <Route path="/agents" component={AgentsView} />
              <Route path="/attention/:call?">{(params) => <AttentionView asked={params.call ?? null} />}</Route>
              <Route path="/pools/:id?/:machine?">
                {(params) => <PoolsView id={params.id ?? null} machine={params.machine ?? null} />}
              </Route>
              <Route path="/homes" component={HomesView} />
              <Route path="/session/:id">
                {(params) =>
                  sessionId.test(params.id) ? (
                    <SessionView key={params.id} id={params.id} />
                  ) : (
                    <Redirect to="/wall" replace />
                  )
                }
              </Route>
              <Route path="/diagnostics" component={DiagnosticsView} />
              <Route path="/gallery" component={Gallery} />
              <Route component={Start} />
            </Switch>
          </Suspense>
        </ErrorBoundary>
      </main>
      <StatusBar />
      <CommandPalette />
      <ConnectDialog />
      <StartSessionDialog />
    </div>
  );
}

/** A look at a machine opens over its pool: the view below stays as it is. */
const viewOf = (path: string) => path.replace(/^(\/pools\/[^/]+)\/.+$/, '$1');

/** Where to begin: the first run until a desktop can be handed out, the wall from then on. */
function Start() {
  const setup = useSetup();
  const sessions = useSessions();
  if (setup.isPending) return null;
  const begun = setup.data?.ready || (sessions.data?.length ?? 0) > 0 || setup.isError;
  return <Redirect to={begun ? '/wall' : '/first-run'} replace />;
}
