import { randomUUID } from 'node:crypto';
import { copyFile } from 'node:fs/promises';
import { WheelhouseError } from '../../../base/errors';
import type { Memory } from '../arguments';
import type { IdentityLine } from '../bootLine';
import { lastWords, type Launched } from '../launch';
import type { MachineFiles } from '../layout';
import { endMachine, startQemu } from '../process';
import { Qmp } from '../qmp';
import { ownArguments, type OwnHardware } from './arguments';
import { screenSocket, varsFile } from './ownFiles';

/** Nobody inside hears who they are: the start has a name of its own, which the backend keeps. */
export const noIdentity: IdentityLine = { introduce: async () => randomUUID(), close() {} };

export interface OwnParts {
  binary: string;
  hardware: OwnHardware;
  files: MachineFiles;
  memory: Memory;
  /** The machine's own overlay, or null where the guest has a disc alone. */
  disk: string | null;
  /** Variables of UEFI to copy for this machine. */
  uefiVars: string | null;
  incoming: boolean;
}

/** Starts QEMU for a guest of somebody's own. Nothing is left of it after a failure: guest_failed with its last words. */
export async function launchOwn(parts: OwnParts, signal: AbortSignal): Promise<Launched> {
  const { hardware, files, memory, disk, incoming } = parts;
  const { name, pidFile, qemuLog } = files;
  const sockets = { qmp: files.sockets.qmp, console: files.sockets.console, screen: screenSocket(files) };
  const uefiVars = parts.uefiVars === null ? null : varsFile(files);
  if (parts.uefiVars !== null && uefiVars !== null) await copyFile(parts.uefiVars, uefiVars);
  const args = ownArguments(hardware, { name, memory, disk, uefiVars, sockets, pidFile, incoming });
  const started = await startQemu(parts.binary, args, qemuLog);
  try {
    const qmp = await Qmp.open(sockets.qmp, signal, () => started.ended() === null);
    return { process: started, qmp, boot: noIdentity, linkPort: null };
  } catch (error) {
    await endMachine(started.pid, name, AbortSignal.timeout(10_000));
    signal.throwIfAborted();
    const words = lastWords(qemuLog);
    if (started.ended() === null || words === '') throw error;
    throw new WheelhouseError('guest_failed', `QEMU ${started.ended()}: ${words}`, {}, { cause: error });
  }
}
