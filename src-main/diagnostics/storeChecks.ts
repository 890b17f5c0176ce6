import { stat } from 'node:fs/promises';
import { bytesWords, off, ok, warning, type Check } from './diagnostic';

const sizeOf = async (path: string): Promise<number | null> => {
  try {
    return (await stat(path)).size;
  } catch {
    return null;
  }
};

/** Bytes; the log is written back in quiet moments, so a large one means that there were none, or that it can't be. */
const largeLog = 256 * 1024 ** 2;

/** Pure. */
export function storeWords(bytes: number | null, logBytes: number | null) {
  if (bytes === null) return off('There is no store yet: it is made at the first start.');
  const words = `${bytesWords(bytes)}, and ${bytesWords(logBytes ?? 0)} of its log that is not written back yet.`;
  return (logBytes ?? 0) > largeLog
    ? warning(`${words} That is more than usual.`, 'stop Wheelhouse and start it again: the log is written back then')
    : ok(words);
}

/** Pure. */
export function logWords(logFile: string | null, bytes: number | null) {
  if (logFile === null) return off('Written to standard error, not to a file.');
  return bytes === null ? off(`There is no log yet; it will be ${logFile}.`) : ok(`${logFile}, ${bytesWords(bytes)}.`);
}

export const storeChecks = ({ storeFile, logFile }: { storeFile: string; logFile: string | null }): Check[] => [
  {
    id: 'store',
    name: 'Store',
    async look() {
      return storeWords(await sizeOf(storeFile), await sizeOf(`${storeFile}-wal`));
    },
  },
  { id: 'log', name: 'Log', look: async () => logWords(logFile, logFile === null ? null : await sizeOf(logFile)) },
];
