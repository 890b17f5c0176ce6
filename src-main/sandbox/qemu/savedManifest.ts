import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { qemuArguments, type Hardware } from './arguments';

/** `mapped`: the memory is a file beside the state; `streamed`: the state holds it. */
export const savedModes = ['mapped', 'streamed'] as const;
export type SavedMode = (typeof savedModes)[number];

const fileSchema = z.object({ bytes: z.int().min(1), mtimeMs: z.number(), sum: z.string() });
export const manifestSchema = z.object({
  version: z.literal(1),
  key: z.string(),
  mode: z.enum(savedModes),
  image: z.string(),
  qemu: z.string(),
  accelerator: z.string(),
  madeAt: z.string(),
  files: z.record(z.string(), fileSchema),
});
export type SavedManifest = z.infer<typeof manifestSchema>;

export const savedNames = {
  manifest: 'manifest.json',
  memory: 'memory',
  state: 'state',
  disk: 'disk.qcow2',
  /** An overlay of the disk with nothing in it: copied for each machine, which is faster than making one. */
  empty: 'empty.qcow2',
} as const;

/** Names what a saved state fits: QEMU's version, every argument that is not a place, the image and the size. */
export function savedKey(
  qemuVersion: string,
  image: string,
  size: { width: number; height: number },
  hardware: Hardware,
) {
  const sockets = { qmp: 'q', console: 'c', boot: 'b' };
  const memory = { kind: 'private', path: 'm' } as const;
  const place = { name: 'n', memory, disk: 'd', sockets, pidFile: 'p', incoming: true };
  const facts = [
    // Of the way in which a machine is made ready to be saved.
    2,
    qemuVersion,
    image,
    size.width,
    size.height,
    qemuArguments({ ...hardware, kernel: 'k', initrd: 'i' }, place),
  ];
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 24);
}

const pageBytes = 4096;
const sampledPages = 512;

/** A file's checksum; of the memory, which may be many gigabytes, that of pages spread evenly over it. */
export async function sumOf(path: string, sampled: boolean): Promise<string> {
  const hash = createHash('sha256');
  if (!sampled) {
    for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk as Buffer);
    return hash.digest('hex');
  }
  const file = await open(path);
  try {
    const pages = Math.floor((await file.stat()).size / pageBytes);
    const page = Buffer.alloc(pageBytes);
    for (let n = 0; n < Math.min(sampledPages, pages); n += 1) {
      await file.read(page, 0, pageBytes, Math.floor((n * pages) / sampledPages) * pageBytes);
      hash.update(page);
    }
    return hash.digest('hex');
  } finally {
    await file.close();
  }
}

/** Writes down what the folder holds, last of all. */
export async function sealSaved(
  folder: string,
  facts: Omit<SavedManifest, 'version' | 'files'>,
): Promise<SavedManifest> {
  const names = [savedNames.state, savedNames.disk, savedNames.empty];
  if (facts.mode === 'mapped') names.push(savedNames.memory as never);
  const files: SavedManifest['files'] = {};
  for (const name of names) {
    const path = join(folder, name);
    const { size, mtimeMs } = await stat(path);
    files[name] = { bytes: size, mtimeMs, sum: await sumOf(path, name === (savedNames.memory as string)) };
  }
  const manifest: SavedManifest = { version: 1, ...facts, files };
  await writeFile(join(folder, savedNames.manifest), JSON.stringify(manifest), { mode: 0o600 });
  return manifest;
}

/**
 * The manifest of a folder that holds what it says, or null: none, another version, another key, files cut off, put in
 * from elsewhere or written to since. `thorough` reads the files too; their lengths and times are looked at each time.
 */
export async function readSaved(folder: string, key: string, thorough: boolean): Promise<SavedManifest | null> {
  try {
    const text = await readFile(join(folder, savedNames.manifest), 'utf8');
    const manifest = manifestSchema.parse(JSON.parse(text));
    if (manifest.key !== key) return null;
    const needed = [
      savedNames.state,
      savedNames.disk,
      savedNames.empty,
      ...(manifest.mode === 'mapped' ? [savedNames.memory] : []),
    ];
    for (const name of needed) {
      const path = join(folder, name);
      const [facts, said] = [await stat(path), manifest.files[name]];
      if (!said || facts.size !== said.bytes || facts.mtimeMs !== said.mtimeMs) return null;
      if (thorough && (await sumOf(path, name === savedNames.memory)) !== said.sum) return null;
    }
    return manifest;
  } catch {
    return null;
  }
}
