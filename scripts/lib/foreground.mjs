import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { constants } from 'node:os';

/** A second signal this soon is the same one come by another way; a later one is a person's who lost patience. */
const sameSignalMs = 2000;

/**
 * Runs a program in the foreground: its output is ours, and its exit code comes back (128 + n for a signal, as shells
 * say it). It has a process group of its own and gets each signal from us, once: Ctrl+C reaches a whole group, npm
 * passes it on as well, and a second SIGINT would cut off a program that is ending in order.
 * @param {string} command @param {string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, cwd?: string, dropErrors?: (line: string) => boolean }} [options] `dropErrors`: which
 *   lines of its standard error are left out
 * @returns {Promise<number>}
 */
export const foreground = (command, args, { dropErrors, ...options } = {}) =>
  new Promise((resolve, reject) => {
    const detached = process.platform !== 'win32';
    const stdio = ['inherit', 'inherit', dropErrors ? 'pipe' : 'inherit'];
    const child = spawn(command, args, { stdio, detached, ...options });
    if (child.stderr)
      createInterface({ input: child.stderr }).on('line', (line) => {
        if (!dropErrors(line)) process.stderr.write(`${line}\n`);
      });
    let passedAt = -Infinity;
    const pass = (signal) => {
      const now = performance.now();
      if (now - passedAt < sameSignalMs) return;
      passedAt = now;
      child.kill(signal);
    };
    const kill = () => child.kill('SIGKILL');
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, pass);
    process.on('exit', kill);
    const release = () => {
      for (const signal of signals) process.off(signal, pass);
      process.off('exit', kill);
    };
    child.on('error', (error) => {
      release();
      reject(error);
    });
    child.on('exit', (code, signal) => {
      release();
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
