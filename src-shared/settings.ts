import { z } from 'zod';

/** What becomes of machines as Wheelhouse stops. keep: they run on, for the next start. destroy: sessions are suspended where their pool does that, and end with them elsewhere. */
export const onStopSchema = z.enum(['keep', 'destroy']);
export type OnStop = z.infer<typeof onStopSchema>;

/** Kept across starts. `onStop` null: `serve` keeps machines; the app keeps them while there are live sessions. */
export const settingsSchema = z.object({ onStop: onStopSchema.nullable() });
export type Settings = z.infer<typeof settingsSchema>;
export const settingsPatchSchema = z.strictObject(settingsSchema.partial().shape);
export type SettingsPatch = z.infer<typeof settingsPatchSchema>;
