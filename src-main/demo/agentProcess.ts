import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Clock } from '../base/clock';
import type { Logger } from '../base/logger';

export interface AgentProcess {
  /** Asks it to end, insists after 2 s; resolves when it has ended. */
  stop(): Promise<void>;
}

/** What it is told, on one line: where the server is, its token, the pool to use, how patient to be. */
export interface AgentOrder {
  url: string;
  token: string;
  pool: string;
  patience: number;
}

/**
 * Runs the demo agent as a process of its own. Inside Electron its executable becomes plain Node. The address and the
 * token go over standard input, so that no other process can read them from its arguments or environment.
 */
export function startAgentProcess(options: {
  execPath: string;
  script: string;
  order: AgentOrder;
  clock: Clock;
  logger: Logger;
  onLine(line: string): void;
  /** Once, when it has ended, for whatever reason; the last words of its standard error with it. */
  onEnd(reason: string): void;
}): AgentProcess {
  const { clock, logger, onLine, onEnd } = options;
  const child: ChildProcess = spawn(options.execPath, [options.script], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ELECTRON_RUN_AS_NODE: '1' },
  });
  let said = '';
  let ended = false;
  const gone = new Promise<void>((resolve) => {
    const end = (reason: string) => {
      if (ended) return;
      ended = true;
      onEnd(said.trim() ? `${reason}: ${said.trim().split('\n').at(-1) ?? ''}` : reason);
      resolve();
    };
    child.on('error', (error) => end(`the demo agent could not be started (${error.message})`));
    child.on('close', (code, signal) => end(`the demo agent ended with ${signal ?? code ?? 'no code'}`));
  });
  if (child.stdout) createInterface({ input: child.stdout }).on('line', onLine);
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(-2000);
    logger.debug({ text: text.slice(0, 500) }, 'demo agent');
  });
  child.stdin?.on('error', () => {});
  child.stdin?.end(`${JSON.stringify(options.order)}\n`);
  return {
    async stop() {
      if (ended) return;
      child.kill('SIGTERM');
      const cancel = clock.after(2000, () => void child.kill('SIGKILL'));
      await gone;
      cancel();
    },
  };
}
