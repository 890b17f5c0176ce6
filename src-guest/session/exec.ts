import { spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { resolve as resolvePath } from 'node:path';
import { linkLimits, type LinkArgs, type LinkResult } from '@shared/link';
import { GuestError } from '../guestError';
import { BoundedOutput } from './bounded';

/** Milliseconds between asking a command to end and ending it; then until it is given up. */
const killMs = 500;
const giveUpMs = 2_000;
/** What a background child left in the pipes is waited for this long after the command's own end. */
const drainMs = 50;

export interface ExecOptions {
  home: string;
  environment: Readonly<Record<string, string>>;
}

/**
 * Runs `bash -lc command` in its own process group with no input. At the time limit or an abort the whole group is
 * ended; each output stream is kept up to 32 KiB. What a command left running in the background stays.
 * Throws bad_request (folder), guest_failed (no process can be made).
 */
export async function exec(
  call: LinkArgs<'exec'>,
  options: ExecOptions,
  signal: AbortSignal,
): Promise<LinkResult<'exec'>> {
  const cwd = resolvePath(options.home, call.cwd ?? '.');
  const isFolder = await stat(cwd).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
  if (!isFolder) throw new GuestError('bad_request', `${cwd} is not a folder.`);
  signal.throwIfAborted();

  return new Promise((resolve, reject) => {
    const out = new BoundedOutput(linkLimits.outputBytes);
    const err = new BoundedOutput(linkLimits.outputBytes);
    const child = spawn('/bin/bash', ['-lc', call.command], {
      cwd,
      env: options.environment,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    for (const pipe of [child.stdout, child.stderr]) pipe.on('error', () => {});

    let timedOut = false;
    const timers: NodeJS.Timeout[] = [];
    const killGroup = (name: NodeJS.Signals) => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, name);
      } catch {
        // The group is gone already.
      }
    };
    const stop = () => {
      killGroup('SIGTERM');
      timers.push(setTimeout(() => killGroup('SIGKILL'), killMs));
      timers.push(setTimeout(() => finish(null), giveUpMs));
    };
    timers.push(
      setTimeout(() => {
        timedOut = true;
        stop();
      }, call.timeoutMs),
    );
    signal.addEventListener('abort', stop, { once: true });

    const finish = (exitCode: number | null) => {
      if (timedOut || signal.aborted) killGroup('SIGKILL');
      for (const timer of timers) clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({
        stdout: out.text(),
        stderr: err.text(),
        exitCode: timedOut ? null : exitCode,
        success: !timedOut && exitCode === 0,
        timedOut,
        truncated: out.cut || err.cut,
      });
    };
    child.on('error', (error) => {
      for (const timer of timers) clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      reject(new GuestError('guest_failed', `The command could not be started: ${error.message}`));
    });
    child.on('exit', (code) => {
      const timer = setTimeout(() => finish(code), drainMs);
      child.on('close', () => {
        clearTimeout(timer);
        finish(code);
      });
    });
  });
}
