import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, tryRun } from '../../lib/run.mjs';
import { asRoot } from './asRoot.mjs';
import { scriptOf } from './dockerfile.mjs';

const quote = (word) => `'${word.replaceAll("'", `'\\''`)}'`;
/** Unpacks what comes on the standard input. Devices and the like come from the machine's own kernel. */
const unpack = (folder) =>
  asRoot(['tar', '-C', join(folder, 'root'), '--numeric-owner', '--exclude=dev/*', '--exclude=./dev/*', '-x'])
    .map(quote)
    .join(' ');

/** Makes `root` in the folder from an image of the engine. */
export const treeFromEngine = async (folder, image, { onLine, signal }) => {
  const options = { seconds: 900, onLine, signal };
  mkdirSync(join(folder, 'root'));
  // A label of its own: nothing that looks for machines takes it for one.
  const container = (
    await run('docker', ['create', '--network=none', '--label', 'dev.wheelhouse.export=1', image], options)
  ).trim();
  try {
    await run('sh', ['-c', `docker export ${quote(container)} | ${unpack(folder)}`], options);
  } finally {
    await tryRun('docker', ['rm', '-f', container], { seconds: 60 });
  }
};

/**
 * Makes `root` in the folder from Debian's packages, by the lines of the same Dockerfile.
 * @param {string} context the staged recipe
 */
export const treeFromPackages = async (folder, context, dockerfile, { onLine, signal }) => {
  mkdirSync(join(folder, 'root'));
  const script = join(folder, 'steps.sh');
  const archive = join(folder, 'root.tar');
  writeFileSync(script, scriptOf(dockerfile));
  const options = { seconds: 3600, silentSeconds: 600, onLine, signal, cwd: folder };
  // Names in a hook are the shell's; mmdebstrap gives the tree as $1 and mounts what programs expect into it.
  const hook = `sh ${quote(script)} "$1" ${quote(context)}`;
  await run(
    'mmdebstrap',
    [
      '--variant=minbase',
      // What it would empty at the end, the recipe has put folders into; /etc/machine-id is a link of ours.
      '--skip=cleanup/run,cleanup/tmp,cleanup/reproducible',
      '--include=ca-certificates',
      `--customize-hook=${hook}`,
      'bookworm',
      archive,
    ],
    options,
  );
  await run('sh', ['-c', `${unpack(folder)} < ${quote(archive)}`], options);
  rmSync(archive);
};
