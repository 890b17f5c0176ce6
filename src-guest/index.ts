/**
 * One file, two lives: by itself the in-guest agent (its own user, the machine's door), with `--session` the supervisor
 * of the session (the session's user). Each loads only what it needs.
 */
const fail = (error: unknown): void => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
};
if (process.argv.includes('--session')) import('./session/main').then(({ runSession }) => runSession()).catch(fail);
else import('./agent/main').then(({ runAgent }) => runAgent()).catch(fail);
