import { readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

const manifestSchema = z.object({
  version: z.literal(1),
  tag: z.string().regex(/^[0-9a-f]{12}$/),
  name: z.string().min(1).max(256),
  commandLine: z.string().max(1024),
  commandLineEmulated: z.string().max(1024),
  diskBytes: z.int().min(1),
  files: z.record(z.string(), z.object({ bytes: z.int().min(1), sha256: z.string() })),
  guest: z.object({
    address: z.ipv4(),
    port: z.int().min(1).max(65_535),
    bootPort: z.string().regex(/^[\w.]{1,60}$/),
  }),
});

export interface QemuImage extends z.infer<typeof manifestSchema> {
  folder: string;
  disk: string;
  kernel: string;
  initrd: string;
}

/** Where the set-up keeps what it made: see the record of decisions on the image of a QEMU machine. */
export const cacheFolder = (environment: Readonly<Record<string, string | undefined>> = process.env): string =>
  environment['WHEELHOUSE_CACHE'] ?? join(environment['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'wheelhouse');

const fileNames = { disk: 'disk.qcow2', kernel: 'vmlinuz', initrd: 'initrd' } as const;

/** The image of a folder, or null: no manifest, another version of it, or files that are not as long as it says. */
export function readImage(folder: string): QemuImage | null {
  try {
    const manifest = manifestSchema.parse(JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')));
    const path = (name: string): string => {
      if (statSync(join(folder, name)).size !== manifest.files[name]?.bytes) throw new Error(`${name} is cut off`);
      return join(folder, name);
    };
    return {
      ...manifest,
      folder,
      disk: path(fileNames.disk),
      kernel: path(fileNames.kernel),
      initrd: path(fileNames.initrd),
    };
  } catch {
    return null;
  }
}

/** All images below the folder, the newest first. */
export function listImages(imageDir: string): QemuImage[] {
  const made = (image: QemuImage): number => statSync(join(image.folder, 'manifest.json')).mtimeMs;
  let names: string[];
  try {
    names = readdirSync(imageDir);
  } catch {
    return [];
  }
  return names
    .map((name) => readImage(join(imageDir, name)))
    .filter((image) => image !== null)
    .sort((a, b) => made(b) - made(a));
}

/** By name, or the newest for `desktop`; null when there is none. */
export function findImage(imageDir: string, name: string): QemuImage | null {
  const images = listImages(imageDir);
  return (name === 'desktop' ? images[0] : images.find((image) => image.name === name)) ?? null;
}
