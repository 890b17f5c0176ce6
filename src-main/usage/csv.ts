import type { UsageReport, UsageRow } from '@shared/usage';

const seconds = (ms: number): string => (ms / 1000).toFixed(3);

const columns: readonly (readonly [string, (row: UsageRow) => string | number])[] = [
  ['key', (row) => row.key],
  ['name', (row) => row.name],
  ['pool', (row) => row.poolId ?? ''],
  ['caller', (row) => row.caller ?? ''],
  ['sessions', (row) => row.sessions],
  ['calls', (row) => row.calls],
  ['wall_seconds', (row) => seconds(row.wallMs)],
  ['active_seconds', (row) => seconds(row.activeMs)],
  ['held_seconds', (row) => seconds(row.heldMs)],
  ['paused_seconds', (row) => seconds(row.pausedMs)],
  ['suspended_seconds', (row) => seconds(row.suspendedMs)],
  ['record_bytes', (row) => row.recordBytes],
  ['checkpoint_bytes', (row) => row.checkpointBytes],
];

/**
 * One field as RFC 4180 wants it. Names come from agents: a spreadsheet takes what begins like a formula for one, so
 * that gets an apostrophe before it, also behind spaces (OWASP, CSV injection).
 */
function field(value: string | number): string {
  const raw = String(value);
  const text = /^\s*[=+\-@\t\r\n＝＋－＠]/.test(raw) ? `'${raw}` : raw;
  return /[",\r\n]/.test(text) || text !== raw ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The report with a head line, lines ended by CRLF. The first column is named for the group. */
export function toCsv(report: UsageReport): string {
  const head = columns.map(([name]) => (name === 'key' ? report.by : name === 'pool' ? 'pool_id' : name));
  const lines = report.rows.map((row) => columns.map(([, read]) => field(read(row))));
  return [head, ...lines].map((line) => `${line.join(',')}\r\n`).join('');
}

/** What its file is called: by its group and its first day. */
export const csvName = ({ by, from }: UsageReport): string => `wheelhouse-usage-${by}-${from.slice(0, 10)}.csv`;
