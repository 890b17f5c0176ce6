import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { keyboards } from '../../../guest/rfbPath';
import type { MachineFiles } from '../layout';
import { readyWhenSchema } from './description';

/** Beside the control socket, in the machine's private folder. */
export const screenSocket = (files: MachineFiles): string => join(files.socketFolder, 'vnc');
export const varsFile = (files: MachineFiles): string => join(files.folder, 'uefi-vars.fd');

/** What is kept of one start of a machine, so that a restarted broker knows it again. */
const startSchema = z.object({
  version: z.literal(1),
  bootId: z.uuid(),
  keyboard: z.enum(keyboards),
  /** Milliseconds since the epoch. */
  startedAt: z.number(),
  /** What is waited for; null: it was ready when it was made. */
  readyWhen: readyWhenSchema.nullable(),
});
export type Start = z.infer<typeof startSchema>;

const startFile = (files: MachineFiles): string => join(files.folder, 'start.json');

export function writeStart(files: MachineFiles, start: Omit<Start, 'version'>): void {
  const path = startFile(files);
  writeFileSync(`${path}.new`, JSON.stringify({ version: 1, ...start }), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Null when the machine has not started. */
export function readStart(files: MachineFiles): Start | null {
  try {
    return startSchema.parse(JSON.parse(readFileSync(startFile(files), 'utf8')));
  } catch {
    return null;
  }
}
