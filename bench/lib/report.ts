import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { round } from './stats';

/** One line of the table. `target` is in words; `met` null: nothing to reach, or not to be judged by this figure. */
export interface Row {
  what: string;
  measured: string;
  target: string;
  met: boolean | null;
  data: Record<string, number>;
}

export const ms = (value: number): string => `${round(value)} ms`;

export function machine(): Record<string, string | number> {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
  };
}

export function markdown(rows: readonly Row[]): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  return [
    '| What | Measured | To reach | Reached |',
    '|---|---|---|---|',
    ...rows.map(
      (row) =>
        `| ${cell(row.what)} | ${cell(row.measured)} | ${cell(row.target)} | ${row.met === null ? '' : row.met ? 'yes' : 'no'} |`,
    ),
  ].join('\n');
}

export function writeResults(file: string, rows: readonly Row[]): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ at: new Date().toISOString(), machine: machine(), rows }, null, 2)}\n`);
}
