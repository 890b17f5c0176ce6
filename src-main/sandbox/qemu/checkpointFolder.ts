import { createHash, randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { sizeSchema } from '@shared/pool';
import { WheelhouseError } from '../../base/errors';
import { digest } from './layout';

const fileSchema = z.object({ bytes: z.int().min(1), mtimeMs: z.number(), sum: z.string() });
const manifestSchema = z.object({
  version: z.literal(1),
  checkpointId: z.string(),
  installationId: z.string(),
  machineId: z.string(),
  madeAt: z.string(),
  image: z.string(),
  size: sizeSchema,
  qemu: z.string(),
  /** See savedKey: the QEMU and the arguments that it loads into. */
  key: z.string(),
  /** `pages`: what differs from the base's memory, over a private mapping of it; `whole`: all of the memory. */
  mode: z.enum(['pages', 'whole']),
  /** Whether the machine's memory is a mapping of the base's. */
  mapped: z.boolean(),
  home: z.object({ homeId: z.string().nullable(), quotaMiB: z.int().min(1) }).nullable(),
  files: z.record(z.string(), fileSchema),
});
export type CheckpointManifest = z.infer<typeof manifestSchema>;

export const checkpointNames = {
  manifest: 'manifest.json',
  state: 'state',
  disk: 'disk.qcow2',
  home: 'home.qcow2',
} as const;
const ownFiles = [checkpointNames.state, checkpointNames.disk, checkpointNames.home] as const;

const bad = (checkpointId: string, words: string): WheelhouseError =>
  new WheelhouseError('guest_failed', `The checkpoint ${checkpointId} can't be used: ${words}.`, { checkpointId });

/**
 * Checkpoints of one installation, a folder each, open to this user alone: they hold the memory of machines. A folder is
 * filled under another name and gets its own when it is whole.
 */
export class CheckpointFolders {
  private readonly path: string;

  constructor(
    root: string,
    private readonly installationId: string,
  ) {
    this.path = join(root, 'checkpoints');
  }

  folder(checkpointId: string): string {
    return join(this.path, `${digest(this.installationId)}-${digest(checkpointId)}`);
  }
  /** A new folder to fill; what an earlier attempt left goes. */
  async begin(checkpointId: string): Promise<string> {
    await this.clearPartial(checkpointId);
    const partial = `${this.folder(checkpointId)}.partial-${randomBytes(4).toString('hex')}`;
    await mkdir(partial, { recursive: true, mode: 0o700 });
    return partial;
  }
  /** Writes down what the folder holds, sees that it has reached the disk, and gives it its name. */
  async seal(partial: string, facts: Omit<CheckpointManifest, 'version' | 'files' | 'installationId'>): Promise<void> {
    const names = ownFiles.filter((name) => name !== checkpointNames.home || facts.home !== null);
    const described = await Promise.all(
      names.map(async (name) => {
        const path = join(partial, name);
        await settle(path);
        const { size, mtimeMs } = await stat(path);
        return [name, { bytes: size, mtimeMs, sum: await sampleOf(path) }] as const;
      }),
    );
    const files = Object.fromEntries(described);
    const manifest: CheckpointManifest = { version: 1, installationId: this.installationId, ...facts, files };
    const path = join(partial, checkpointNames.manifest);
    await writeFile(path, JSON.stringify(manifest), { mode: 0o600 });
    await settle(path);
    await rename(partial, this.folder(facts.checkpointId));
  }
  /** Throws guest_failed with what is wrong. */
  async read(checkpointId: string): Promise<{ folder: string; manifest: CheckpointManifest }> {
    const folder = this.folder(checkpointId);
    const manifest = await this.manifestIn(folder);
    if (manifest?.checkpointId !== checkpointId) throw bad(checkpointId, 'it does not exist or is not whole');
    for (const [name, said] of Object.entries(manifest.files)) {
      const path = join(folder, name);
      const facts = await stat(path).catch(() => null);
      if (!facts) throw bad(checkpointId, `its ${name} is missing`);
      if (facts.size !== said.bytes) throw bad(checkpointId, `its ${name} was cut off or grew`);
      if (facts.mtimeMs !== said.mtimeMs || (await sampleOf(path)) !== said.sum) {
        throw bad(checkpointId, `its ${name} was changed`);
      }
    }
    return { folder, manifest };
  }
  /** Bytes on disk, or null when there is none that is whole. */
  async bytes(checkpointId: string): Promise<number | null> {
    const folder = this.folder(checkpointId);
    return (await this.manifestIn(folder))?.checkpointId === checkpointId ? bytesOf(folder) : null;
  }
  async list(): Promise<{ checkpointId: string; bytes: number }[]> {
    const names = await readdir(this.path).catch(() => []);
    const found = await Promise.all(
      names.map(async (name) => {
        const manifest = await this.manifestIn(join(this.path, name));
        if (!manifest || name.includes('.')) return null;
        return { checkpointId: manifest.checkpointId, bytes: bytesOf(join(this.path, name)) };
      }),
    );
    return found.filter((one) => one !== null);
  }
  /** Hundreds of megabytes take the system a tenth of a second. */
  async remove(checkpointId: string): Promise<void> {
    const folder = this.folder(checkpointId);
    // No name any more from here on, whatever happens while it goes.
    await rm(join(folder, checkpointNames.manifest), { force: true });
    await rm(folder, { recursive: true, force: true });
    await this.clearPartial(checkpointId);
  }

  private async clearPartial(checkpointId: string): Promise<void> {
    const prefix = `${this.folder(checkpointId)}.partial-`;
    // None before the first one.
    const names = await readdir(this.path).catch(() => []);
    for (const path of names.map((name) => join(this.path, name))) {
      if (path.startsWith(prefix)) await rm(path, { recursive: true, force: true });
    }
  }
  private async manifestIn(folder: string): Promise<CheckpointManifest | null> {
    try {
      const manifest = manifestSchema.parse(JSON.parse(await readFile(join(folder, checkpointNames.manifest), 'utf8')));
      return manifest.installationId === this.installationId ? manifest : null;
    } catch {
      return null;
    }
  }
}

const sample = { pages: 64, bytes: 4096 } as const;

/** A checksum of pages spread evenly over a file: all of it, hundreds of megabytes, would take longer than the rest. */
async function sampleOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(path);
  try {
    const pages = Math.ceil((await file.stat()).size / sample.bytes);
    const page = Buffer.alloc(sample.bytes);
    const count = Math.min(sample.pages, pages);
    for (let n = 0; n < count; n += 1) {
      const at = Math.floor((n * pages) / count) * sample.bytes;
      const { bytesRead } = await file.read(page, 0, sample.bytes, at);
      hash.update(page.subarray(0, bytesRead));
    }
    return hash.digest('hex');
  } finally {
    await file.close();
  }
}

/** Bytes that a folder's own files take; those of its base are others' too. */
function bytesOf(folder: string): number {
  let bytes = 0;
  for (const name of ownFiles) {
    try {
      bytes += statSync(join(folder, name)).blocks * 512;
    } catch {
      // Without a home.
    }
  }
  return bytes;
}

async function settle(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** Bytes below which a failure to write is taken for a full disk, where nobody says so. */
const fullBytes = 16 * 1024 * 1024;

/** Anything that went wrong while a checkpoint was written, said as the contract says it. */
export async function savingFailed(error: unknown, folder: string): Promise<WheelhouseError> {
  const { code } = error as NodeJS.ErrnoException;
  const left = await statfs(folder).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => Number.POSITIVE_INFINITY,
  );
  const full = code === 'ENOSPC' || code === 'EDQUOT' || left < fullBytes;
  if (full) {
    const words = 'The checkpoint was not saved: the disk is full. The machine goes on.';
    return new WheelhouseError('guest_failed', words, { reason: 'disk_full' }, { cause: error });
  }
  if (error instanceof WheelhouseError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new WheelhouseError('guest_failed', `The checkpoint was not saved: ${why}.`, {}, { cause: error });
}
