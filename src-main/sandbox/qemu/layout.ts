import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
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
});
export type MachineRecord = z.infer<typeof recordSchema>;

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** Where the files of one machine lie. */
export interface MachineFiles {
  name: string;
  folder: string;
  record: string;
  overlay: string;
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
  private readonly machines: string;
  private readonly runtime: RuntimeFolder;

  constructor(
    dataDir: string,
    private readonly installationId: string,
  ) {
    this.machines = join(dataDir, 'qemu', 'machines');
    this.runtime = new RuntimeFolder(join(dataDir, 'qemu'));
  }

  files(machineId: string): MachineFiles {
    const folder = join(this.machines, digest(machineId));
    const socketFolder = this.runtime.machine(machineId);
    return {
      name: `wheelhouse-${digest(this.installationId)}-${digest(machineId)}`,
      folder,
      socketFolder,
      record: join(folder, 'machine.json'),
      overlay: join(folder, 'disk.qcow2'),
      qemuLog: join(folder, 'qemu.log'),
      consoleLog: join(folder, 'console.log'),
      pidFile: join(socketFolder, 'pid'),
      sockets: {
        qmp: join(socketFolder, 'qmp'),
        console: join(socketFolder, 'con'),
        boot: join(socketFolder, 'boot'),
      },
      incoming: join(socketFolder, 'in'),
    };
  }
  /** Makes the folders of a machine, empty. Throws backend_unreachable when the place for sockets is not ours. */
  prepare(machineId: string): MachineFiles {
    const files = this.files(machineId);
    this.runtime.ensure();
    for (const folder of [files.folder, files.socketFolder]) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    }
    return files;
  }
  write(record: MachineRecord): void {
    const { record: path } = this.files(record.machineId);
    writeFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
  /** Null when there is none, or it is not of this installation. */
  read(machineId: string): MachineRecord | null {
    return this.parse(this.files(machineId).record);
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
    rmSync(this.files(machineId).folder, { recursive: true, force: true });
    this.runtime.remove(machineId);
  }
  /** A whole record of another installation, which two that share a data folder could meet. */
  isForeign(machineId: string): boolean {
    const record = parseRecord(this.files(machineId).record);
    return record !== null && record.installationId !== this.installationId;
  }

  private parse(path: string): MachineRecord | null {
    const record = parseRecord(path);
    return record?.installationId === this.installationId ? record : null;
  }
}

function parseRecord(path: string): MachineRecord | null {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return null;
  }
}
