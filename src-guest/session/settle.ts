import { readdirSync, readFileSync } from 'node:fs';

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
export function ownPrograms(proc = '/proc', user = process.getuid?.() ?? 0): Programs {
  if (user === 0) throw new Error('a session is not run by the administrator');
  let others = new Set<number>();
  return {
    async list() {
      const pids = readdirSync(proc)
        .filter((name) => /^\d+$/.test(name))
        .map(Number);
      // Looked at once: there are many of the system's own, and every look takes its time on an emulated processor.
      const known = new Set(pids.filter((pid) => others.has(pid)));
      const found: Process[] = [];
      for (const pid of pids) {
        if (pid === process.pid || known.has(pid)) continue;
        const seen = look(proc, pid);
        if (seen && seen.user !== user) known.add(pid);
        else if (seen && !seen.over) found.push({ pid, parent: seen.parent });
      }
      others = known;
      return found;
    },
    signal(pid, name) {
      try {
        process.kill(pid, name);
      } catch {
        // It ended while we looked.
      }
    },
    killAll() {
      // By number alone it is everybody else's too, for whoever may end everybody's.
      if (process.getuid?.() !== user) throw new Error('not this user’s programs');
      try {
        // Every process that this user may signal but the caller: kill(2). None of them can start another meanwhile.
        process.kill(-1, 'SIGKILL');
      } catch {
        // There was none.
      }
    },
  };
}

/** `over`: it has ended and waits for its parent to look; it holds nothing any more. Null: it is gone. */
function look(proc: string, pid: number): { user: number; parent: number; over: boolean } | null {
  let status: string;
  try {
    status = readFileSync(`${proc}/${pid}/status`, 'latin1');
  } catch {
    return null;
  }
  const field = (name: string): string => {
    const at = status.indexOf(`\n${name}:\t`) + name.length + 3;
    return status.slice(at, at + 12);
  };
  return {
    user: Number.parseInt(field('Uid'), 10),
    parent: Number.parseInt(field('PPid'), 10),
    over: 'ZX'.includes(field('State').charAt(0)),
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
