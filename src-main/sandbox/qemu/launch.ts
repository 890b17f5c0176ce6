import { readFileSync } from 'node:fs';
import { WheelhouseError } from '../../base/errors';
import { BootLine, type IdentityLine } from './bootLine';
import { qemuArguments, type Hardware, type Memory } from './arguments';
import type { MachineFiles } from './layout';
import { endMachine, startQemu, type QemuProcess } from './process';
import { Qmp } from './qmp';

export interface Launched {
  process: QemuProcess;
  qmp: Qmp;
  boot: IdentityLine;
  /** Of 127.0.0.1; leads to the in-guest agent. Null: there is none. */
  linkPort: number | null;
}

/** The port that the kernel chose for the link, from QEMU's table of its user network (`info usernet`). */
export function forwardedPort(table: string, guestPort: number): number {
  for (const line of table.split('\n')) {
    const fields = line.trim().split(/\s+/);
    if (fields[0] !== 'TCP[HOST_FORWARD]' || Number(fields[5]) !== guestPort) continue;
    const port = Number(fields[3]);
    if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  }
  throw new WheelhouseError('guest_failed', 'QEMU does not say where the link to the machine is.');
}

/** QEMU's own last words, for an error's text. */
export const lastWords = (logFile: string): string => {
  try {
    return readFileSync(logFile, 'utf8').trim().split('\n').at(-1)?.slice(0, 300) ?? '';
  } catch {
    return '';
  }
};

/** Starts QEMU and speaks to it. Nothing is left of it after a failure: guest_failed with its last words. */
export async function launch(
  options: {
    binary: string;
    hardware: Hardware;
    files: MachineFiles;
    memory: Memory;
    disk: string;
    backing?: string | undefined;
    home?: string | undefined;
    incoming: boolean;
    /** An open file, which QEMU reads a state from by itself: see `givenFile`. */
    state?: number;
  },
  signal: AbortSignal,
): Promise<Launched> {
  const { hardware, files, memory, disk, backing, home, incoming } = options;
  const { name, sockets, pidFile } = files;
  const args = qemuArguments(hardware, { name, memory, disk, backing, home, sockets, pidFile, incoming });
  const started = await startQemu(options.binary, args, files.qemuLog, options.state);
  let qmp: Qmp | null = null;
  let boot: BootLine | null = null;
  try {
    qmp = await Qmp.open(sockets.qmp, signal, () => started.ended() === null);
    // Before a state is loaded: the machine was saved with somebody at this line, and wakes to find it so.
    boot = new BootLine(sockets.boot);
    const table = await qmp.run('human-monitor-command', { 'command-line': 'info usernet' });
    return { process: started, qmp, boot, linkPort: forwardedPort(String(table), hardware.guest.port) };
  } catch (error) {
    boot?.close();
    qmp?.close();
    await endMachine(started.pid, name, AbortSignal.timeout(10_000));
    signal.throwIfAborted();
    const words = lastWords(files.qemuLog);
    if (started.ended() === null || words === '') throw error;
    throw new WheelhouseError('guest_failed', `QEMU ${started.ended()}: ${words}`, {}, { cause: error });
  }
}
