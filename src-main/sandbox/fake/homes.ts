import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { WheelhouseError } from '../../base/errors';
import { homeLost, type MachineHome, type MachineHomes } from '../backend';

const stored = z.object({ quotaMiB: z.int(), files: z.array(z.tuple([z.string(), z.string()])) });

/** Fake homes as files, so that they outlive their machines, the backend and the broker, as real ones do. */
export class FakeHomes {
  private readonly folder: string;

  constructor(
    dataDir: string,
    /** The machine that has the home now, or null. */
    private readonly holder: (homeId: string) => string | null,
  ) {
    this.folder = join(dataDir, 'fake-homes');
  }

  /** The home's files, made empty when there is none. Throws conflict while another machine has it. */
  take(machineId: string, { homeId, quotaMiB, mustExist = false }: MachineHome): Map<string, Buffer> {
    const holder = this.holder(homeId);
    if (holder !== null && holder !== machineId) throw this.inUse(homeId);
    if (mustExist && this.bytes(homeId) === null) throw homeLost(homeId);
    if (this.bytes(homeId) === null) this.write(homeId, quotaMiB, []);
    const { files } = this.read(homeId);
    return new Map(files.map(([path, data]) => [path, Buffer.from(data, 'base64')]));
  }
  save(homeId: string, files: [path: string, data: Buffer][]): void {
    // A machine that ends may still write when its home has been removed by force.
    if (this.bytes(homeId) === null) return;
    const texts = files.map(([path, data]): [string, string] => [path, data.toString('base64')]);
    this.write(homeId, this.read(homeId).quotaMiB, texts);
  }

  list(): Awaited<ReturnType<MachineHomes['list']>> {
    return this.names().map((homeId) => ({ homeId, bytes: this.bytes(homeId), machineId: this.holder(homeId) }));
  }
  /** Throws conflict. */
  remove(homeId: string): void {
    if (this.holder(homeId) !== null) throw this.inUse(homeId);
    rmSync(this.file(homeId), { force: true });
  }
  /** A file can be read beside a machine that has it. Throws not_found. */
  content(homeId: string): Awaited<ReturnType<MachineHomes['read']>> {
    const bytes = this.bytes(homeId);
    if (bytes === null) throw new WheelhouseError('not_found', `There is no home ${homeId}.`, { homeId });
    return { format: 'tar', bytes, stream: Readable.from([readFileSync(this.file(homeId))]) };
  }

  private inUse(homeId: string): WheelhouseError {
    return new WheelhouseError('conflict', `The home ${homeId} is in use.`, { homeId });
  }
  private file(homeId: string): string {
    if (!/^[\w-]+$/.test(homeId)) throw new WheelhouseError('bad_request', `${homeId} is no id.`);
    return join(this.folder, `${homeId}.json`);
  }
  private bytes(homeId: string): number | null {
    return statSync(this.file(homeId), { throwIfNoEntry: false })?.size ?? null;
  }
  private read(homeId: string): z.infer<typeof stored> {
    return stored.parse(JSON.parse(readFileSync(this.file(homeId), 'utf8')));
  }
  private write(homeId: string, quotaMiB: number, files: [string, string][]): void {
    mkdirSync(this.folder, { recursive: true });
    const path = this.file(homeId);
    writeFileSync(`${path}.new`, JSON.stringify({ quotaMiB, files }));
    renameSync(`${path}.new`, path);
  }
  private names(): string[] {
    try {
      const names = readdirSync(this.folder).filter((name) => name.endsWith('.json'));
      return names.map((name) => name.replace(/\.json$/, ''));
    } catch {
      return [];
    }
  }
}
