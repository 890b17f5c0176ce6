import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const programSchema = z.object({
  name: z.string(),
  command: z.array(z.string()).min(1),
  /** Started again when it ends; otherwise it runs once. */
  restart: z.boolean(),
  /** Started once the screen shows a desktop. */
  late: z.boolean().optional(),
});
const sessionSchema = z.object({ environment: z.record(z.string(), z.string()), programs: z.array(programSchema) });
export type SessionFile = z.infer<typeof sessionSchema>;
type Program = z.infer<typeof programSchema>;

/** The image's own description of its session. Throws when it is missing or wrong. */
export const readSessionFile = (path: string): SessionFile =>
  sessionSchema.parse(JSON.parse(readFileSync(path, 'utf8')));

/** Milliseconds before a program that ended is started again; grows while it keeps ending, up to the last. */
const restartMs = [100, 500, 2_000, 10_000];
/** A program that ran this long is believed to work. */
const settledMs = 30_000;

export interface Surroundings {
  environment: Record<string, string>;
  home: string;
  log(message: string): void;
  /** Once it is aborted nothing is started any more. */
  over: AbortSignal;
  /** The kept programs that run. */
  pids: Set<number>;
}

/** Starts a program and keeps it. Resolves once: when a program that runs once has ended, or a kept one has been started. */
export function keep(program: Program, surroundings: Surroundings, attempt = 0): Promise<void> {
  const { environment, home: cwd, log, over, pids } = surroundings;
  return new Promise((resolve) => {
    if (over.aborted) return resolve();
    const [file = '', ...args] = program.command;
    const startedAt = performance.now();
    const child = spawn(file, args, { cwd, env: environment, stdio: 'ignore', detached: true });
    const { pid } = child;
    if (pid !== undefined) pids.add(pid);
    let ended = false;
    const end = (why: string) => {
      if (ended) return;
      ended = true;
      if (pid !== undefined) pids.delete(pid);
      resolve();
      if (!program.restart || over.aborted) return;
      log(`${program.name} ended (${why})`);
      const next = performance.now() - startedAt > settledMs ? 0 : attempt + 1;
      const delay = restartMs[Math.min(next, restartMs.length - 1)];
      setTimeout(() => void keep(program, surroundings, next), delay);
    };
    child.on('error', (error) => end(error.message));
    child.on('exit', (code, signal) => end(String(signal ?? code)));
    if (program.restart) child.on('spawn', resolve);
  });
}
