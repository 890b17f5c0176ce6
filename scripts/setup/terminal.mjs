import { createInterface } from 'node:readline/promises';

const colours = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code, text) => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);

/** A failure that a person can mend; `fix` is the command or the deed that mends it. */
export class SetupFailed extends Error {
  /** @param {string} message @param {string} [fix] @param {string[]} [tail] the last lines that were heard */
  constructor(message, fix, tail = []) {
    super(message);
    this.fix = fix;
    this.tail = tail;
  }
}

/** Says what the set-up does: quiet when there is nothing to do, one line a step when there is. */
export const createTerminal = ({ write = (text) => void process.stdout.write(text), now = Date.now } = {}) => {
  const took = (since) => {
    const seconds = (now() - since) / 1000;
    return seconds >= 60 ? `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s` : `${seconds.toFixed(1)} s`;
  };
  return {
    say: (text) => write(`${text}\n`),
    note: (text) => write(`  ${paint('33', 'note')}  ${text}\n`),
    begin: (name) => write(`  ${paint('2', '…')} ${name}\n`),
    done: (name, since, detail) =>
      write(`  ${paint('32', '✓')} ${name}${detail ? `: ${detail}` : ''} ${paint('2', `(${took(since)})`)}\n`),
    failed(name, since, error) {
      for (const line of error.tail?.slice(-15) ?? []) write(`      ${paint('2', line)}\n`);
      write(`  ${paint('31', '✗')} ${name} failed after ${took(since)}: ${error.message}\n`);
      if (error.fix) write(`    To mend it: ${error.fix}\n`);
    },
    took,
  };
};

export const isTerminal = () => Boolean(process.stdin.isTTY && process.stdout.isTTY && !process.env.CI);

/** Asks a yes-or-no question at a terminal. @param {string} question */
export const askYesNo = async (question) => {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^(y|yes|)$/i.test((await lines.question(`${question} [Y/n] `)).trim());
  } finally {
    lines.close();
  }
};
