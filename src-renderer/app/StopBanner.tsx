import { CircleAlert, OctagonPause, Play } from 'lucide-react';
import { useState } from 'react';
import { useSessions } from '../lib/queries';
import { useUi } from '../lib/stores';
import { Button } from '../ui/Button';
import { Spinner } from '../ui/Spinner';
import css from './StopBanner.module.css';
import { resumeAll } from './stopAll';
import { stopState, type StopState } from './stopModel';

/** Across the whole app while everything is stopped: how many, and the one way on. */
export function StopBanner() {
  const sessions = useSessions().data ?? [];
  const failure = useUi((ui) => ui.stopFailure);
  const [busy, setBusy] = useState(false);
  const state = stopState(sessions);
  const goOn = async () => {
    setBusy(true);
    await resumeAll();
    setBusy(false);
  };
  return (
    <Banner
      state={state}
      failure={failure}
      busy={busy}
      onGoOn={() => void goOn()}
      onDismiss={() => useUi.getState().setStopFailure(null)}
    />
  );
}

export function Banner({
  state,
  failure,
  busy,
  label = 'Everything is stopped',
  onGoOn,
  onDismiss,
}: {
  state: StopState;
  failure: string | null;
  busy: boolean;
  /** Its name as a region of the page. */
  label?: string;
  onGoOn(): void;
  onDismiss(): void;
}) {
  if (!state.shown && failure === null) return null;
  return (
    <section className={css.banner} data-role={failure === null ? 'nobody' : 'trouble'} aria-label={label}>
      {failure === null ? <OctagonPause size={20} aria-hidden /> : <CircleAlert size={20} aria-hidden />}
      <p role={failure === null ? 'status' : 'alert'}>
        {failure === null ? (
          <>
            <b>{state.running === 0 ? 'Everything is stopped.' : 'Stopped.'}</b>{' '}
            <span className="tnum">{state.words}</span>. Nothing is lost: agents are told that they must wait.
          </>
        ) : (
          failure
        )}
      </p>
      {failure !== null && (
        <Button size="row" onClick={onDismiss}>
          Dismiss
        </Button>
      )}
      {state.shown && (
        <Button size="row" disabled={busy} icon={busy ? <Spinner size={14} /> : <Play size={14} />} onClick={onGoOn}>
          Let all go on
        </Button>
      )}
    </section>
  );
}
