'use strict';
/**
 * The in-guest agent's one file. It has two lives: by itself the agent (its own user, the machine's door), with
 * `--session` the supervisor of the session (the session's user). Each is a bundle of its own, kept as text, so that one
 * life does not load what only the other needs. `--compile`, run while the image is made, keeps what V8 compiled beside
 * this file: it halves the time until a machine answers. V8 refuses what another version compiled, which costs only time.
 */
const { readFileSync, writeFileSync } = require('node:fs');
const { setFlagsFromString } = require('node:v8');
const { Script } = require('node:vm');
/** Put in by build.mjs: { agent: string, session: string }. */
const bodies = __BODIES__;

/**
 * Where the processor is emulated, each instruction is translated where it is first run: the interpreter, which machines
 * that wake from one saved memory have in common, is ahead of code that would be made for each function and again for the
 * ones in use. And what was compiled is kept, since a machine is saved long after it was last used.
 */
if (Number(process.env.WHEELHOUSE_PATIENCE) > 1) {
  for (const flag of ['--no-opt', '--no-maglev', '--no-sparkplug', '--no-flush-bytecode']) setFlagsFromString(flag);
}

const cachePath = (life) => `${__dirname}/${life}.v8`;

function load(life) {
  let cachedData;
  try {
    cachedData = readFileSync(cachePath(life));
  } catch {
    // Not compiled ahead: slower, nothing else.
  }
  const source = `(function (exports, require) {${bodies[life]}\n})`;
  const script = new Script(source, { filename: `${life}.cjs`, cachedData });
  const loaded = {};
  script.runInThisContext()(loaded, require);
  return { script, loaded };
}

if (process.argv.includes('--compile')) {
  for (const life of Object.keys(bodies)) writeFileSync(cachePath(life), load(life).script.createCachedData());
} else {
  const life = process.argv.includes('--session') ? 'session' : 'agent';
  load(life)
    .loaded.run()
    .catch((error) => {
      console.error(error.message);
      process.exit(1);
    });
}
