import { call, messageOf } from '../lib/api';
import { keys, queryClient } from '../lib/queries';
import { useUi } from '../lib/stores';

/** Stops every session at once; safe, and taken back by letting them go on. A failure is said in the banner. */
export async function stopAll(): Promise<void> {
  const ui = useUi.getState();
  ui.setStopFailure(null);
  try {
    await call('control.stopAll', {});
  } catch (error) {
    ui.setStopFailure(`Not everything could be stopped. ${messageOf(error)}`);
  } finally {
    void queryClient.invalidateQueries({ queryKey: keys.sessions });
  }
}

export async function resumeAll(): Promise<void> {
  const ui = useUi.getState();
  ui.setStopFailure(null);
  try {
    await call('control.resumeAll', {});
  } catch (error) {
    ui.setStopFailure(`Not every session goes on. ${messageOf(error)}`);
  } finally {
    void queryClient.invalidateQueries({ queryKey: keys.sessions });
  }
}
