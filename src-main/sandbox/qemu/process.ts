import { execFile, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { getPriority, setPriority } from 'node:os';
import { promisify } from 'node:util';
import { sleep } from '../../base/deadline';
import { WheelhouseError } from '../../base/errors';

const run = promisify(execFile);

/** Below the programs of this computer, above what is called idle work: see nice(2). */
const machineNice = 5;

export interface QemuProcess {
  pid: number;
  /** Why it could not start or how it ended; null while it runs. */
  ended: () => string | null;
}

/** As which number a started QEMU finds the file that it was given. */
export const givenFile = 5;

/**
 * Starts QEMU apart from this process, so that machines outlive the broker. Its own words go to `logFile`; an open file
 * may be given to it. Throws backend_unreachable when there is no such program.
 */
export async function startQemu(
  binary: string,
  args: readonly string[],
  logFile: string,
  given?: number,
): Promise<QemuProcess> {
  const log = openSync(logFile, 'a', 0o600);
  let ended: string | null = null;
  try {
    const stdio = ['ignore', log, log, ...beyondStdio(log, given)] as const;
    const child = spawn(binary, args, { detached: true, stdio: [...stdio], env: quietEnvironment() });
    child.once('exit', (code, signal) => (ended = signal ? `ended by ${signal}` : `exited with code ${code ?? '?'}`));
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) =>
        reject(new WheelhouseError('backend_unreachable', `${binary} can't be started.`, {}, { cause: error })),
      );
    });
    child.unref();
    const { pid = 0 } = child;
    try {
      setPriority(pid, Math.max(machineNice, getPriority()));
    } catch {
      // It ended at once, or runs nicer than we already; its log or its own end says so.
    }
    return { pid, ended: () => ended };
  } finally {
    closeSync(log);
  }
}

/**
 * What a machine gets as 3 and up. It outlives us: what whoever started us gave us as 3 and 4 (an inspector's pipes), and
 * what Chromium opened to be passed on (its sockets, pipes and shared memory), would be held open by it and be in reach
 * of whoever breaks out of the guest. Another file takes their places: what is only ignored is passed on.
 */
function beyondStdio(log: number, given: number | undefined): (number | 'ignore')[] {
  const leaks = new Set([3, 4, ...passedOn()]);
  const last = Math.max(...leaks, given === undefined ? 0 : givenFile);
  return Array.from({ length: last - 2 }, (_, index) => {
    const place = index + 3;
    if (place === givenFile && given !== undefined) return given;
    return leaks.has(place) ? log : 'ignore';
  });
}

/** Linux: our open files without the mark that closes them in a started program (proc(5)). Elsewhere libuv sees to it. */
function passedOn(): number[] {
  const closesOnExec = 0o2000000;
  const isPassedOn = (fd: number): boolean => {
    try {
      const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
      return flags !== undefined && (Number.parseInt(flags, 8) & closesOnExec) === 0;
    } catch {
      return false;
    }
  };
  try {
    return readdirSync('/proc/self/fd')
      .map(Number)
      .filter((fd) => fd > 2 && isPassedOn(fd));
  } catch {
    return [];
  }
}

/** Nothing of the broker's environment is QEMU's business. */
const quietEnvironment = (): NodeJS.ProcessEnv => ({ PATH: process.env['PATH'] ?? '', LC_ALL: 'C' });

/**
 * What /proc says of a process, read in another thread: whoever reads while the process ends may be the one who has to
 * clear its memory away, which takes a tenth of a second for half a gigabyte.
 */
const factOf = (pid: number, name: string): Promise<string> => readFile(`/proc/${pid}/${name}`, 'latin1');

/** The command line of a process, its words apart by NUL where the system keeps them so; null when it is gone. */
async function commandLine(pid: number): Promise<string | null> {
  try {
    return (await factOf(pid, 'cmdline')) || null;
  } catch {
    if (process.platform === 'linux') return null;
  }
  try {
    return (await run('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { timeout: 3000 })).stdout;
  } catch {
    return null;
  }
}

/** Whether this process is the QEMU of that name: a number alone may belong to another program by now. */
export async function isMachine(pid: number, name: string): Promise<boolean> {
  const line = await commandLine(pid);
  return line !== null && line.split(/[\0 ]/).includes(`guest=${name}`);
}

/** The number in a pid file, or null. */
export function readPid(file: string): number | null {
  try {
    const pid = Number(readFileSync(file, 'utf8').trim());
    return Number.isSafeInteger(pid) && pid > 1 ? pid : null;
  } catch {
    return null;
  }
}

/**
 * Whether a process that was killed may still hold files: its command line goes first, its files and their locks after
 * it, and then it is a zombie (Z) until its parent looks, or nothing. `startedAt` tells it from a later one of the same
 * number (fields 3 and 22 of /proc/PID/stat, proc(5)). Null where the system does not tell.
 */
export async function lifeOf(pid: number): Promise<{ startedAt: string; over: boolean } | null> {
  try {
    const stat = await factOf(pid, 'stat');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { startedAt: fields[19] ?? '', over: fields[0] === 'Z' || fields[0] === 'X' };
  } catch {
    return null;
  }
}

/** Ends a machine's process and waits until it is gone, with its hold on its files. Throws timeout when the system does not let go of it. */
export async function endMachine(pid: number, name: string, signal: AbortSignal, ms = 10_000): Promise<void> {
  const before = (await isMachine(pid, name)) ? await lifeOf(pid) : null;
  const holds = async (): Promise<boolean> => {
    const now = before && (await lifeOf(pid));
    return now !== null && now.startedAt === before?.startedAt && !now.over;
  };
  for (
    const giveUpAt = performance.now() + ms;
    (await isMachine(pid, name)) || (await holds());
    await sleep(5, signal)
  ) {
    if (performance.now() > giveUpAt) {
      throw new WheelhouseError('timeout', `The process ${pid} of ${name} does not end.`, { pid });
    }
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** Runs a short program to its end; throws guest_failed with what it said. */
export async function runTool(program: string, args: readonly string[], signal: AbortSignal): Promise<string> {
  try {
    return (await run(program, args, { signal, timeout: 60_000 })).stdout;
  } catch (error) {
    signal.throwIfAborted();
    const { code, stderr = '' } = error as NodeJS.ErrnoException & { stderr?: string };
    if (code === 'ENOENT') {
      throw new WheelhouseError(
        'backend_unreachable',
        `There is no ${program} on this computer.`,
        {},
        { cause: error },
      );
    }
    throw new WheelhouseError('guest_failed', `${program}: ${stderr.trim().slice(0, 400)}`, {}, { cause: error });
  }
}
