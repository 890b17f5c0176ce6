/** Where a command writes: its answer to `out`, everything else to `err`. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
}

export const processIo: Io = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
};

/** Names come from agents and guests: control characters would be commands to the terminal. */
export const plain = (value: unknown): string => {
  const text = typeof value === 'string' ? value : (JSON.stringify(value ?? null) ?? '');
  return (text === 'null' && value !== 'null' ? '–' : text).replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '·');
};

/** What a guest wrote, line by line. */
export const lines = (text: readonly string[]): string => text.map((line) => `${plain(line)}\n`).join('');

/** Columns as wide as their widest cell. */
export function table(head: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const cells = [head, ...rows].map((row) => row.map(plain));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return `${cells.map(line).join('\n')}\n`;
}

/** One thing, a field a line. */
export const fields = (pairs: readonly (readonly [string, unknown])[]): string => {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return `${pairs.map(([name, value]) => `${name.padEnd(width)}  ${plain(value)}`).join('\n')}\n`;
};

export const jsonLine = (value: unknown): string => `${JSON.stringify(value)}\n`;
