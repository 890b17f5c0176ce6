import type { OnStop, Settings } from '@shared/settings';
import { call, messageOf } from '../../lib/api';
import { useMutation } from '@tanstack/react-query';
import { keys, queryClient, useSettings } from '../../lib/queries';
import { ErrorLine } from '../../ui/ErrorLine';
import { Segmented } from '../../ui/Segmented';
import css from './Capacity.module.css';

const words: Record<OnStop | 'usual', string> = {
  usual: 'While sessions live their machines run on, and the next start goes on with them. Otherwise all machines go.',
  keep: 'All machines run on, and the next start goes on with them.',
  destroy: 'All machines go. Sessions are suspended where their pool does that; others end.',
};

/** What becomes of machines as Wheelhouse stops: holds from the moment it is chosen. */
export function StopSetting() {
  const settings = useSettings();
  const change = useMutation({
    mutationFn: (onStop: OnStop | null) => call('settings.change', { onStop }),
    onSuccess: (saved) => queryClient.setQueryData<Settings>(keys.settings, saved),
  });
  const error = change.error ?? settings.error;
  const chosen = settings.data?.onStop ?? 'usual';
  return (
    <section className={css.stop} aria-label="When Wheelhouse stops">
      <h3>When Wheelhouse stops, machines</h3>
      <Segmented
        label="When Wheelhouse stops, machines"
        value={chosen}
        segments={[
          { value: 'usual', label: 'Stay for their sessions', disabled: !settings.data },
          { value: 'keep', label: 'Stay', disabled: !settings.data },
          { value: 'destroy', label: 'Go', disabled: !settings.data },
        ]}
        onChange={(next) => change.mutate(next === 'usual' ? null : next)}
      />
      <p role="status">{words[chosen]}</p>
      {error && <ErrorLine>{messageOf(error)}</ErrorLine>}
    </section>
  );
}
