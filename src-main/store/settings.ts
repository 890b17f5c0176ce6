import type { z } from 'zod';
import { sql, transaction, type Database } from './database';

export interface SettingsStore {
  /** The value, or undefined when it was never set or no longer fits the schema. */
  get<T extends z.ZodType>(key: string, schema: T): z.output<T> | undefined;
  set(key: string, value: unknown): void;
  /** The value, made and kept on first use; atomic between processes. */
  getOrMake<T extends z.ZodType>(key: string, schema: T, make: () => z.output<T>): z.output<T>;
}

/** Settings: key → JSON. `installationId` marks what is ours on a backend; `theme` is the window's. */
export function settingsStore(db: Database): SettingsStore {
  const get: SettingsStore['get'] = (key, schema) => {
    const row = sql(db, 'SELECT value FROM settings WHERE key = ?').get(key) as { value: string } | undefined;
    if (!row) return undefined;
    const parsed = schema.safeParse(JSON.parse(row.value));
    return parsed.success ? parsed.data : undefined;
  };
  const set: SettingsStore['set'] = (key, value) =>
    void sql(
      db,
      'INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    ).run(key, JSON.stringify(value));
  return {
    get,
    set,
    getOrMake: (key, schema, make) =>
      transaction(db, () => {
        const found = get(key, schema);
        if (found !== undefined) return found;
        const made = make();
        set(key, made);
        return made;
      }),
  };
}
