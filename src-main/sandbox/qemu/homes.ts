import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { WheelhouseError } from '../../base/errors';
import { homeLost, type HomeContent, type MachineHome } from '../backend';
import { copyDisk } from './base';
import { digest } from './layout';
import { runTool } from './process';

const recordSchema = z.object({
  version: z.literal(1),
  installationId: z.string(),
  homeId: z.string(),
  quotaMiB: z.int().min(1),
  /** Who has it now. */
  machineId: z.string().nullable(),
});
type HomeRecord = z.infer<typeof recordSchema>;

/** The session's user inside: see the record of decisions on the two users. */
const owner = '1000:1000';
/** Where mke2fs is, for users whose PATH does not lead there. */
const mke2fsAt = ['/usr/sbin/mke2fs', '/sbin/mke2fs', '/opt/homebrew/opt/e2fsprogs/sbin/mke2fs'];

/**
 * Homes of one installation: a qcow2 with an ext4 file system each, as long as its quota and as large as its use. One
 * machine at a time has a home, which is written down before the disk is handed over.
 */
export class Homes {
  private readonly path: string;
  private readonly empties = new Map<number, Promise<string>>();
  private readonly readers = new Map<string, Set<Readable>>();

  constructor(
    root: string,
    private readonly installationId: string,
    /** Whether this machine, by its own record, still has that home. */
    private readonly isKept: (machineId: string, homeId: string) => boolean,
  ) {
    this.path = join(root, 'homes');
  }

  disk(homeId: string): string {
    return join(this.folder(homeId), 'home.qcow2');
  }

  /** Gives the home to the machine, made when there is none. Throws conflict while another has it, guest_failed. */
  async take(machineId: string, home: MachineHome, signal: AbortSignal): Promise<void> {
    const { homeId, quotaMiB } = home;
    const before = this.record(homeId);
    if (before?.machineId && before.machineId !== machineId && this.isKept(before.machineId, homeId)) {
      throw this.inUse(homeId);
    }
    // Whoever waits for a machine comes first; half a disk from before and half from after would be no disk.
    for (const reader of this.readers.get(homeId) ?? []) reader.destroy(this.inUse(homeId));
    if (home.mustExist && !existsSync(this.disk(homeId))) throw homeLost(homeId);
    mkdirSync(this.folder(homeId), { recursive: true, mode: 0o700 });
    const installationId = this.installationId;
    this.write({ version: 1, installationId, homeId, quotaMiB: before?.quotaMiB ?? quotaMiB, machineId });
    if (existsSync(this.disk(homeId))) return;
    try {
      await this.make(this.disk(homeId), quotaMiB, signal);
    } catch (error) {
      this.release(machineId);
      throw error;
    }
  }
  /** No machine has it any more; the home stays. */
  release(machineId: string): void {
    for (const record of this.all()) if (record.machineId === machineId) this.write({ ...record, machineId: null });
  }
  /** A restored machine's copy, which it has open, becomes the home. */
  adopt(homeId: string, copy: string): void {
    renameSync(copy, this.disk(homeId));
  }

  list(): { homeId: string; bytes: number; machineId: string | null }[] {
    return this.all().map(({ homeId, machineId }) => {
      const holder = machineId !== null && this.isKept(machineId, homeId) ? machineId : null;
      return { homeId, bytes: sizeOf(this.disk(homeId)), machineId: holder };
    });
  }
  /** Throws conflict. */
  remove(homeId: string): void {
    const record = this.record(homeId);
    if (!record) return;
    if (record.machineId !== null && this.isKept(record.machineId, homeId)) throw this.inUse(homeId);
    rmSync(this.folder(homeId), { recursive: true, force: true });
  }
  /**
   * Its disk, while no machine has it: conflict; not_found. One that takes it meanwhile ends the stream with a conflict.
   */
  async read(homeId: string, signal: AbortSignal): Promise<HomeContent> {
    signal.throwIfAborted();
    const record = this.record(homeId);
    if (!record) throw new WheelhouseError('not_found', `There is no home ${homeId}.`, { homeId });
    if (record.machineId !== null && this.isKept(record.machineId, homeId)) throw this.inUse(homeId);
    const file = await open(this.disk(homeId), 'r');
    const readers = this.readers.get(homeId) ?? new Set();
    this.readers.set(homeId, readers);
    try {
      const { size } = await file.stat();
      // Nothing may have taken it while it was opened.
      const now = this.record(homeId);
      if (now?.machineId && this.isKept(now.machineId, homeId)) throw this.inUse(homeId);
      signal.throwIfAborted();
      const stream = file.createReadStream({ signal, end: Math.max(0, size - 1) });
      readers.add(stream);
      stream.once('close', () => {
        readers.delete(stream);
        if (readers.size === 0) this.readers.delete(homeId);
      });
      return { format: 'qcow2', bytes: size, stream };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** An empty home; each quota's is made once and copied. */
  private async make(path: string, quotaMiB: number, signal: AbortSignal): Promise<void> {
    let empty = this.empties.get(quotaMiB);
    if (!empty) {
      empty = this.makeEmpty(quotaMiB);
      this.empties.set(quotaMiB, empty);
      empty.catch(() => this.empties.delete(quotaMiB));
    }
    const source = await empty;
    signal.throwIfAborted();
    await copyDisk(source, `${path}.new`);
    renameSync(`${path}.new`, path);
  }
  private async makeEmpty(quotaMiB: number): Promise<string> {
    const signal = AbortSignal.timeout(60_000);
    const empty = join(this.path, `empty-${quotaMiB}.qcow2`);
    if (existsSync(empty)) return empty;
    const raw = `${empty}.raw`;
    try {
      await writeFile(raw, '', { mode: 0o600 });
      await truncate(raw, quotaMiB * 1024 * 1024);
      // Its tables are made as they are needed: a home takes as much room as what is in it.
      const options = ['-q', '-t', 'ext4', '-m', '0', '-J', 'size=4', '-E', `root_owner=${owner},lazy_itable_init=1`];
      await runTool(mke2fsAt.find((one) => existsSync(one)) ?? 'mke2fs', [...options, raw], signal);
      await runTool('qemu-img', ['convert', '-q', '-f', 'raw', '-O', 'qcow2', raw, `${empty}.new`], signal);
      renameSync(`${empty}.new`, empty);
      return empty;
    } finally {
      rmSync(raw, { force: true });
      rmSync(`${empty}.new`, { force: true });
    }
  }

  private inUse(homeId: string): WheelhouseError {
    return new WheelhouseError('conflict', `The home ${homeId} is in use.`, { homeId });
  }
  private folder(homeId: string): string {
    return join(this.path, `${digest(this.installationId)}-${digest(homeId)}`);
  }
  private record(homeId: string): HomeRecord | null {
    const record = parse(this.folder(homeId));
    return record?.homeId === homeId && record.installationId === this.installationId ? record : null;
  }
  private all(): HomeRecord[] {
    let names: string[];
    try {
      names = readdirSync(this.path);
    } catch {
      return [];
    }
    return names
      .map((name) => parse(join(this.path, name)))
      .filter((one) => one?.installationId === this.installationId)
      .filter((one) => one !== null);
  }
  private write(record: HomeRecord): void {
    const path = join(this.folder(record.homeId), 'home.json');
    writeFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
}

function parse(folder: string): HomeRecord | null {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(join(folder, 'home.json'), 'utf8')));
  } catch {
    return null;
  }
}

function sizeOf(path: string): number {
  try {
    return statSync(path).blocks * 512;
  } catch {
    return 0;
  }
}
