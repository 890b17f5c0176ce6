import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { idSchema } from '@shared/ids';
import { sizeSchema } from '@shared/pool';
import { RuntimeFolder } from '../runtimeFolder';

/** How a machine came up: said in Diagnostics. */
export const ways = ['mapped', 'streamed', 'booted'] as const;
export type Way = (typeof ways)[number];

/** What is kept of a machine beside the broker's own store, so that a restarted broker finds it again. No secret. */
const recordSchema = z.object({
  version: z.literal(1),
  installationId: z.string(),
  machineId: idSchema,
  poolId: z.string(),
  image: z.string(),
  size: sizeSchema,
  /** Null until QEMU runs and has told it. */
  linkPort: z.int().min(1).max(65_535).nullable(),
  way: z.enum(ways).nullable(),
  /** Which of a machine's processes, one after the other, counts: a restore starts the next beside it, then writes this. */
  seat: z.int().min(0).default(0),
  /** The second disk; without an id it belongs to this machine alone and goes with it. */
  home: z
    .object({ homeId: z.string().nullable(), quotaMiB: z.int().min(1) })
    .nullable()
    .default(null),
  /** The saved desktop that it was made from, where its files could not be given second names: see base.ts. */
  from: z.object({ folder: z.string(), madeAt: z.string() }).nullable().default(null),
  /** It ran, and was stopped for a moment while it was saved or restored. */
  holding: z.boolean().default(false),
});
export type MachineRecord = z.infer<typeof recordSchema>;

export const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** Where the files of one machine lie; of those that a process has open, each seat has its own. */
export interface MachineFiles {
  name: string;
  seat: number;
  folder: string;
  record: string;
  /** The seat's own folder. */
  place: string;
  overlay: string;
  home: string;
  /** What the machine was made from, kept for as long as it is there: see base.ts. */
  base: { disk: string; memory: string; state: string };
  /** QEMU's own words, and the serial console's. */
  qemuLog: string;
  consoleLog: string;
  socketFolder: string;
  pidFile: string;
  sockets: { qmp: string; console: string; boot: string };
  incoming: string;
}

/** Folders of the machines of one installation: files below the data folder, sockets where their paths are short. */
export class Layout {
  /** Of this data folder. */
  readonly root: string;
  private readonly machines: string;
  private readonly seats = new Map<string, number>();
  private readonly runtime: RuntimeFolder;

  constructor(
    dataDir: string,
    private readonly installationId: string,
  ) {
    this.root = join(dataDir, 'qemu');
    this.machines = join(this.root, 'machines');
    this.runtime = new RuntimeFolder(this.root);
  }

  /** Of the process that counts, or of another seat. */
  files(machineId: string, seat = this.seatOf(machineId)): MachineFiles {
    const folder = this.folder(machineId);
    const socketFolder = this.runtime.machine(machineId);
    const [suffix, place] = seat === 0 ? ['', folder] : [String(seat), join(folder, `seat-${seat}`)];
    const name = `wheelhouse-${digest(this.installationId)}-${digest(machineId)}`;
    return {
      name: seat === 0 ? name : `${name}-${seat}`,
      seat,
      folder,
      socketFolder,
      record: recordIn(folder),
      place,
      overlay: join(place, 'disk.qcow2'),
      home: join(place, 'home.qcow2'),
      base: {
        disk: join(place, 'base-disk.qcow2'),
        memory: join(place, 'base-memory'),
        state: join(place, 'base-state'),
      },
      qemuLog: join(folder, 'qemu.log'),
      consoleLog: join(folder, 'console.log'),
      pidFile: join(socketFolder, `pid${suffix}`),
      sockets: {
        qmp: join(socketFolder, `qmp${suffix}`),
        console: join(socketFolder, `con${suffix}`),
        boot: join(socketFolder, `boot${suffix}`),
      },
      incoming: join(socketFolder, `in${suffix}`),
    };
  }
  private folder(machineId: string): string {
    return join(this.machines, digest(machineId));
  }
  private seatOf(machineId: string): number {
    const known = this.seats.get(machineId);
    if (known !== undefined) return known;
    const seat = parseRecord(recordIn(this.folder(machineId)))?.seat ?? 0;
    this.seats.set(machineId, seat);
    return seat;
  }
  /** Makes the folders of a machine, empty. Throws backend_unreachable when the place for sockets is not ours. */
  prepare(machineId: string): MachineFiles {
    this.seats.delete(machineId);
    const files = this.files(machineId, 0);
    this.runtime.ensure();
    for (const folder of [files.folder, files.socketFolder]) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    }
    return files;
  }
  /** Room for a machine's next process, beside the one that counts. */
  async prepareSeat(machineId: string, seat: number): Promise<MachineFiles> {
    const files = this.files(machineId, seat);
    await this.clearSeat(files);
    mkdirSync(files.place, { recursive: true, mode: 0o700 });
    return files;
  }
  /** What a process had open, once it is gone. */
  async clearSeat(files: MachineFiles): Promise<void> {
    const { sockets, pidFile, incoming, overlay, home, base, place, folder } = files;
    const own = place === folder ? [overlay, home, ...Object.values(base)] : [place];
    const paths = [...Object.values(sockets), pidFile, incoming, ...own];
    await Promise.all(paths.map((path) => rm(path, { recursive: true, force: true })));
  }
  write(record: MachineRecord): void {
    const path = recordIn(this.folder(record.machineId));
    writeFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
    renameSync(`${path}.new`, path);
    this.seats.set(record.machineId, record.seat);
  }
  /** Null when there is none, or it is not of this installation. */
  read(machineId: string): MachineRecord | null {
    return this.parse(recordIn(this.folder(machineId)));
  }
  /** Machines of this installation, whether they run or not. */
  all(): MachineRecord[] {
    let names: string[];
    try {
      names = readdirSync(this.machines);
    } catch {
      return [];
    }
    return names.map((name) => this.parse(join(this.machines, name, 'machine.json'))).filter((one) => one !== null);
  }
  remove(machineId: string): void {
    rmSync(this.folder(machineId), { recursive: true, force: true });
    this.runtime.remove(machineId);
    this.seats.delete(machineId);
  }
  /** A whole record of another installation, which two that share a data folder could meet. */
  isForeign(machineId: string): boolean {
    const record = parseRecord(recordIn(this.folder(machineId)));
    return record !== null && record.installationId !== this.installationId;
  }

  private parse(path: string): MachineRecord | null {
    const record = parseRecord(path);
    return record?.installationId === this.installationId ? record : null;
  }
}

const recordIn = (folder: string): string => join(folder, 'machine.json');

function parseRecord(path: string): MachineRecord | null {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return null;
  }
}
