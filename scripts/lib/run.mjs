import { spawn } from 'node:child_process';

/** A command that failed, with the end of what it said. */
export class CommandFailed extends Error {
  /** @param {string} what @param {string[]} tail @param {number | null} code */
  constructor(what, tail, code) {
    super(tail.length > 0 ? `${what}: ${tail.at(-1)}` : what);
    this.tail = tail;
    this.code = code;
  }
}

/** Colours and cursor moves; some tools send them to pipes too. */
const escapes = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*[A-Za-z]`, 'g');

/** Splits a stream's text into lines; carriage returns end a line too, as progress bars use them. */
const lineSplitter = (onLine) => {
  let rest = '';
  return {
    push(text) {
      const lines = (rest + text.replace(escapes, '')).split(/\r?\n|\r/);
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.trim() !== '') onLine(line);
    },
    end() {
      if (rest.trim() !== '') onLine(rest);
      rest = '';
    },
  };
};

/**
 * Runs a command to its end. `seconds` bounds the whole run and `silentSeconds` the time without any output; past
 * either the command and its children are ended and the promise rejects. Resolves with the standard output.
 * @param {string} command @param {string[]} args
 * @param {{ seconds?: number, silentSeconds?: number, onLine?: (line: string) => void, env?: NodeJS.ProcessEnv, cwd?: string, input?: string, signal?: AbortSignal, atTerminal?: boolean }} [options]
 *   `atTerminal`: the command may ask the person something, so it keeps the terminal and has no bound on silence
 * @returns {Promise<string>}
 */
export const run = (command, args, options = {}) =>
  new Promise((resolve, reject) => {
    const { seconds = 60, silentSeconds, onLine = () => {}, env, cwd, input, signal, atTerminal = false } = options;
    const child = spawn(command, args, {
      cwd,
      env: env ?? process.env,
      detached: !atTerminal,
      stdio: [
        atTerminal ? 'inherit' : input === undefined ? 'ignore' : 'pipe',
        'pipe',
        atTerminal ? 'inherit' : 'pipe',
      ],
    });
    const tail = [];
    let output = '';
    let reason = null;
    const end = (why) => {
      reason ??= why;
      if (child.pid === undefined) return;
      // The whole group: a package manager's children hold the pipes open otherwise.
      try {
        process.kill(atTerminal ? child.pid : -child.pid, 'SIGKILL');
      } catch {
        child.kill('SIGKILL');
      }
    };
    const total = setTimeout(() => end(`no end after ${seconds} s`), seconds * 1000);
    let silent = null;
    const heard = () => {
      clearTimeout(silent);
      if (silentSeconds && !atTerminal)
        silent = setTimeout(() => end(`nothing heard for ${silentSeconds} s`), silentSeconds * 1000);
    };
    const abort = () => end('stopped');
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort);
    heard();
    const take = (line) => {
      tail.push(line);
      if (tail.length > 200) tail.shift();
      onLine(line);
    };
    const out = lineSplitter(take);
    const err = lineSplitter(take);
    child.stdout.setEncoding('utf8').on('data', (text) => (heard(), (output += text), out.push(text)));
    child.stderr?.setEncoding('utf8').on('data', (text) => (heard(), err.push(text)));
    if (input !== undefined) child.stdin.on('error', () => {}).end(input);
    const settle = (finish) => {
      clearTimeout(total);
      clearTimeout(silent);
      signal?.removeEventListener('abort', abort);
      finish();
    };
    child.on('error', (error) =>
      settle(() =>
        reject(
          new CommandFailed(
            error.code === 'ENOENT'
              ? `${command} is not installed`
              : `${command} could not be started (${error.message})`,
            [],
            null,
          ),
        ),
      ),
    );
    child.on('close', (code) => {
      out.end();
      err.end();
      settle(() => {
        if (reason) reject(new CommandFailed(`${command} was ended: ${reason}`, tail, code));
        else if (code === 0) resolve(output);
        else reject(new CommandFailed(`${command} ended with ${code}`, tail, code));
      });
    });
  });

/** The output of a command, or null when it can't be run or fails. */
export const tryRun = async (command, args, options) => {
  try {
    return await run(command, args, options);
  } catch {
    return null;
  }
};
