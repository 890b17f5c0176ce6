import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fchmodSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmdirSync,
  rmSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootFileName, linkSocketName, type Boot } from '@shared/link';
import { WheelhouseError } from '../base/errors';

const short = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** Linux: sun_path holds 108 bytes, the ending NUL included (unix(7)). */
const longestSocketPath = 107;

/**
 * Where machines' links live on this computer: one folder an installation, one folder a machine in it. Socket paths are
 * short by nature, so this is not below the data folder; its name is a pure function of the data folder, so that a
 * restarted broker finds its machines again. The outer folder is ours alone (0700, owner checked: anybody may create
 * names in /tmp); the inner one is open to all, because the guest's user has another number and nobody else gets here.
 */
export class RuntimeFolder {
  readonly path: string;

  constructor(dataDir: string, environment: Readonly<Record<string, string | undefined>> = process.env) {
    const uid = process.getuid?.() ?? 0;
    const own = environment['XDG_RUNTIME_DIR'];
    const inRuntime = own ? join(own, `wheelhouse-${short(dataDir)}`) : '';
    const fits =
      inRuntime &&
      isOurs(own as string, uid) &&
      `${inRuntime}/${short('')}/${linkSocketName}`.length <= longestSocketPath;
    this.path = fits ? inRuntime : join(tmpdir().length > 40 ? '/tmp' : tmpdir(), `wh-${uid}-${short(dataDir)}`);
  }

  /** The folder of one machine. Its name says nothing of the id's length or letters. */
  machine(machineId: string): string {
    return join(this.path, short(machineId));
  }
  socket(machineId: string): string {
    return join(this.machine(machineId), linkSocketName);
  }

  /** Throws backend_unreachable when the folder is not ours to use. */
  ensure(): void {
    try {
      mkdirSync(this.path, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new WheelhouseError('backend_unreachable', `The folder ${this.path} can't be made.`, {}, { cause: error });
    }
    const facts = lstatSync(this.path);
    const uid = process.getuid?.() ?? facts.uid;
    if (!facts.isDirectory() || facts.uid !== uid || (facts.mode & 0o077) !== 0) {
      throw new WheelhouseError(
        'backend_unreachable',
        `The folder ${this.path} is not a private folder of this user. Remove it, then try again.`,
      );
    }
  }

  /** Makes the machine's folder and puts its secret where its agent looks. */
  prepare(boot: Boot): void {
    this.ensure();
    const folder = this.machine(boot.machineId);
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o1777);
    const file = join(folder, bootFileName);
    rmSync(file, { force: true });
    // By its descriptor to the end: a machine that runs already (a create that a crash cut short) can put another file,
    // or a link to one of this computer's, in its place.
    const descriptor = openSync(file, 'wx', 0o644);
    try {
      fchmodSync(descriptor, 0o644);
      writeSync(descriptor, JSON.stringify(boot));
    } finally {
      closeSync(descriptor);
    }
  }
  /** Takes the secret away again; no error when it is gone. */
  forgetSecret(machineId: string): void {
    try {
      unlinkSync(join(this.machine(machineId), bootFileName));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  /** The machine's folder goes, and the outer one with the last of them. */
  remove(machineId: string): void {
    rmSync(this.machine(machineId), { recursive: true, force: true });
    try {
      rmdirSync(this.path);
    } catch {
      // Others are in it, or it never was.
    }
  }
}

function isOurs(folder: string, uid: number): boolean {
  try {
    const facts = lstatSync(folder);
    return facts.isDirectory() && facts.uid === uid;
  } catch {
    return false;
  }
}
