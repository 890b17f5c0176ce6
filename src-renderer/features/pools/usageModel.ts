import type { UsageQuery } from '@shared/usage';
import { age } from '../../lib/clock';

export const periods = [
  { value: '1', label: '24 hours' },
  { value: '7', label: '7 days' },
  { value: '30', label: '30 days' },
] as const;
export type Period = (typeof periods)[number]['value'];

const hour = 3_600_000;

/** From the whole hour so many days ago; the same for an hour, so that it stays one question. */
export function usageQuery(pool: string, period: Period, by: 'session' | 'caller', now: number): UsageQuery {
  const from = Math.floor(now / hour) * hour - Number(period) * 24 * hour;
  return { pool, by, from: new Date(from).toISOString() };
}

/** What a time used reads as: none is a dash, so that what is there is seen. */
export const used = (ms: number): string => (ms < 1000 ? '–' : age(ms));

/** "0 B", "12 KB", "3.4 MB", "1.2 GB". */
export function bytes(n: number): string {
  if (n < 1024) return `${n} B`;
  if (n < 1024 ** 2) return `${Math.round(n / 1024)} KB`;
  if (n < 1024 ** 3) return `${(n / 1024 ** 2).toFixed(1)} MB`;
  return `${(n / 1024 ** 3).toFixed(1)} GB`;
}
