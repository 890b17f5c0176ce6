import { openSync, readSync, closeSync, statSync } from 'node:fs';
import { z } from 'zod';
import { WheelhouseError } from '../../../base/errors';
import { runTool } from '../process';
import type { Guest } from './description';

/** The part of `qemu-img info --output=json` that decides. */
const infoSchema = z.object({
  format: z.string(),
  'virtual-size': z.number(),
  encrypted: z.boolean().optional(),
  'backing-filename': z.string().optional(),
  'dirty-flag': z.boolean().optional(),
  'format-specific': z
    .object({ data: z.object({ 'data-file': z.string().optional(), corrupt: z.boolean().optional() }).loose() })
    .loose()
    .optional(),
});
export type DiskInfo = z.infer<typeof infoSchema>;

/** Bytes from the start that tell a disk's format and what a qcow2 asks of who opens it. */
const headBytes = 104;

/** By the first bytes, as anybody's file may name others that a program which tries every format would open. */
export function formatOf(head: Buffer): string {
  const starts = (text: string): boolean => head.subarray(0, text.length).toString('latin1') === text;
  if (starts('QFI\xfb')) return 'qcow2';
  if (starts('KDMV') || starts('# Disk DescriptorFile')) return 'vmdk';
  if (starts('vhdxfile')) return 'vhdx';
  if (starts('conectix')) return 'vpc';
  return head.length >= 68 && head.readUInt32LE(64) === 0xbeda107f ? 'vdi' : 'raw';
}

/** A qcow2's contents lie in another file: incompatible feature 2 of version 3 (docs/interop/qcow2.txt in QEMU's source). */
export const keptElsewhere = (head: Buffer): boolean =>
  head.length >= 80 && head.readUInt32BE(4) >= 3 && (head.readBigUInt64BE(72) & 4n) !== 0n;

const quoted = (path: string): string => `'${path.replaceAll("'", `'\\''`)}'`;

const flattening = (path: string, from: string): string => `qemu-img convert ${from}-O qcow2 ${quoted(path)} NEW.qcow2`;
const otherFormat = (path: string, format: string): string =>
  `it is ${format}, not qcow2. Convert it: ${flattening(path, `-f ${format} `)}`;
const otherFile = (path: string): string =>
  `it keeps its contents in another file. Make it whole: ${flattening(path, '')}`;

/** Why a disk can't be a guest's, with what to do; null when it can. */
export function refusalOf(path: string, info: DiskInfo): string | null {
  const flatten = (from: string): string => flattening(path, from);
  if (info.format !== 'qcow2') return otherFormat(path, info.format);
  if (info['backing-filename'] !== undefined) {
    return `it rests on another file (${info['backing-filename']}), which may change or go. Make it whole: ${flatten('')}`;
  }
  const more = info['format-specific']?.data;
  if (more?.['data-file'] !== undefined) return otherFile(path);
  if (info.encrypted === true) return 'it is encrypted, and there is nobody to type its password.';
  if (more?.corrupt === true) return 'it is marked as broken. Try: qemu-img check -r all';
  return null;
}

const refused = (path: string, why: string): WheelhouseError =>
  new WheelhouseError('bad_request', `${path} can't be used: ${why}`, { path });

/** Size of the disk in bytes, as the guest will see it. Throws bad_request with why it can't be used. */
export async function inspectDisk(path: string, signal: AbortSignal): Promise<number> {
  fileSize(path);
  const head = readAt(path, 0, headBytes);
  const format = formatOf(head);
  if (format !== 'qcow2') throw refused(path, otherFormat(path, format));
  if (keptElsewhere(head)) throw refused(path, otherFile(path));
  // `-f`: it tries no other format, whose header could name files and addresses that it would open; a qcow2's backing
  // file it does not. `-U`: read beside a program that may be writing.
  const json = await runTool('qemu-img', ['info', '--output=json', '-f', 'qcow2', '-U', path], signal);
  const info = infoSchema.parse(JSON.parse(json));
  const why = refusalOf(path, info);
  if (why !== null) throw refused(path, why);
  return info['virtual-size'];
}

/** ISO 9660 and UDF both begin their descriptors at sector 16 (ECMA-119, 6.2.1 and 8.1; ECMA-167, 2/9.1). */
const isDisc = (head: Buffer): boolean => ['CD001', 'BEA01', 'NSR02', 'NSR03'].includes(head.toString('latin1', 1, 6));

/** Throws bad_request unless the file is a disc's image. */
export function inspectIso(path: string): void {
  fileSize(path);
  if (!isDisc(readAt(path, 16 * 2048, 6))) throw refused(path, 'it is not an ISO image.');
}

function readAt(path: string, position: number, length: number): Buffer {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, readSync(file, bytes, 0, length, position));
  } finally {
    closeSync(file);
  }
}

function fileSize(path: string): number {
  const facts = statSync(path, { throwIfNoEntry: false });
  if (!facts) throw refused(path, 'there is no such file.');
  if (!facts.isFile()) throw refused(path, 'it is not a file.');
  return facts.size;
}

/** Looks at every file of a description. Throws bad_request, backend_unreachable without qemu-img. */
export async function inspectGuest(guest: Guest, signal: AbortSignal): Promise<void> {
  if (guest.disk !== undefined) await inspectDisk(guest.disk, signal);
  if (guest.iso !== undefined) inspectIso(guest.iso);
  if (guest.uefiVars !== undefined) fileSize(guest.uefiVars);
}
