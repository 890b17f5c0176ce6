import { readdir, readFile } from 'node:fs/promises';

export interface Process {
  pid: number;
  parent: number;
}

/** What the end of a session needs of the system. */
export interface Programs {
  /** The session's programs, this one not among them. */
  list(): Promise<Process[]>;
  /** No error when it is gone. */
  signal(pid: number, name: 'SIGTERM'): void;
  /** Ends all that `list` gives and what they start meanwhile, whether they like it or not. */
  killAll(): void;
}

const stepMs = 10;
/** What was killed is gone within this, or hangs in the kernel. */
const killMs = 1_000;
/** The part of the time after which the desktop's own programs end too, whatever still runs on them. */
const appsShare = 0.7;

/**
 * Ends a session's programs: each is asked to (SIGTERM), the whole takes at most `ms` milliseconds, then what is left is
 * ended. A program's children are left to it: a browser that lost its helpers could not write what they know. When it
 * ends without them they are asked in their turn. The desktop's own programs (`kept`) come last.
 */
export async function endPrograms(
  programs: Programs,
  options: { ms: number; kept: (pid: number) => boolean },
): Promise<{ ended: number; killed: number }> {
  const startedAt = performance.now();
  const passed = () => performance.now() - startedAt;
  const asked = new Set<number>();
  let all = await programs.list();
  const seen = new Set(all.map(({ pid }) => pid));
  for (; all.length > 0 && passed() < options.ms; all = await programs.list()) {
    for (const { pid } of all) seen.add(pid);
    for (const pid of toAsk(all, { asked, kept: options.kept, all: passed() > options.ms * appsShare })) {
      asked.add(pid);
      programs.signal(pid, 'SIGTERM');
    }
    await pause(Math.min(stepMs, Math.max(0, options.ms - passed())));
  }
  const killed = all.length;
  for (const giveUpAt = passed() + killMs; all.length > 0 && passed() < giveUpAt; all = await programs.list()) {
    programs.killAll();
    await pause(stepMs);
  }
  return { ended: Math.max(0, seen.size - killed), killed };
}

/** Whose turn it is: programs that no other program of the session looks after, the desktop's own when they are alone. */
export function toAsk(
  all: readonly Process[],
  { asked, kept, all: everybody }: { asked: ReadonlySet<number>; kept: (pid: number) => boolean; all: boolean },
): number[] {
  const pids = new Set(all.map(({ pid }) => pid));
  const heads = all.filter(({ parent }) => !pids.has(parent)).map(({ pid }) => pid);
  const apps = heads.filter((pid) => !kept(pid));
  const turn = everybody || apps.length === 0 ? heads : apps;
  return turn.filter((pid) => !asked.has(pid));
}

/**
 * The programs of this process's own user in this machine (proc(5)), who has them all to itself. Throws for the system's
 * administrator, who has not.
 */
export function ownPrograms(proc = '/proc'): Programs {
  const user = process.getuid?.();
  if (!user) throw new Error('a session is not run by the administrator');
  return {
    async list() {
      const pids = (await readdir(proc)).filter((name) => /^\d+$/.test(name)).map(Number);
      const found = await Promise.all(pids.map((pid) => look(proc, pid, user)));
      return found.filter((one) => one !== null && one.pid !== process.pid).filter((one) => one !== null);
    },
    signal(pid, name) {
      try {
        process.kill(pid, name);
      } catch {
        // It ended while we looked.
      }
    },
    killAll() {
      try {
        // Every process that this user may signal but the caller: kill(2). None of them can start another meanwhile.
        process.kill(-1, 'SIGKILL');
      } catch {
        // There was none.
      }
    },
  };
}

async function look(proc: string, pid: number, user: number): Promise<Process | null> {
  try {
    const status = await readFile(`${proc}/${pid}/status`, 'utf8');
    const field = (name: string): string => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1] ?? '';
    // What has ended and waits for its parent to look holds nothing any more.
    if (Number(field('Uid')) !== user || 'ZX'.includes(field('State'))) return null;
    return { pid, parent: Number(field('PPid')) };
  } catch {
    return null;
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
