import { run, tryRun } from '../lib/run.mjs';
import { isTerminal, SetupFailed } from './terminal.mjs';

/**
 * A way to run commands as the administrator: directly as root, with sudo otherwise; sudo may ask for the password at
 * a terminal. Rejects, naming the command to run by hand, where neither can be had.
 * @param {string} byHand what a person would run with sudo
 * @returns {Promise<(command: string[], options: object) => Promise<string>>}
 */
export const privileged = async (byHand) => {
  if (process.getuid?.() === 0) return ([program, ...args], options) => run(program, args, options);
  const fix = `sudo ${byHand}`;
  if ((await tryRun('sudo', ['-n', 'true'], { seconds: 10 })) === null) {
    if (!isTerminal())
      throw new SetupFailed(
        'This needs the administrator’s rights, and there is no terminal to ask for the password',
        fix,
      );
    return ([program, ...args], options) => run('sudo', [program, ...args], { ...options, atTerminal: true });
  }
  return ([program, ...args], options) => run('sudo', ['-n', program, ...args], options);
};
