import { onStopSchema, type OnStop, type Settings, type SettingsPatch } from '@shared/settings';
import type { SettingsStore } from '../store/settings';

/** The settings that people have, as the store keeps them. */
export interface PeopleSettings {
  get(): Settings;
  change(patch: SettingsPatch): Settings;
}

export function peopleSettings(store: SettingsStore): PeopleSettings {
  const get = (): Settings => ({ onStop: store.get('onStop', onStopSchema.nullable()) ?? null });
  return {
    get,
    change(patch) {
      if (patch.onStop !== undefined) store.set('onStop', patch.onStop);
      return get();
    },
  };
}

/** How long calls in flight have, once Wheelhouse was told to stop; milliseconds. */
export const drainWithinMs = 10_000;

/** Whether machines end with Wheelhouse: as this run was told, else as the setting says, else as is usual there. */
export const destroysAtStop = (told: OnStop | null, setting: OnStop | null, usual: OnStop): boolean =>
  (told ?? setting ?? usual) === 'destroy';
