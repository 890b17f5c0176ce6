import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { root } from '../lib/paths.mjs';

export const recipeDir = join(root, 'resources/images/desktop');
export const agentBundle = join(root, 'out/guest/agent.cjs');

/** Every file under a folder, as paths with forward slashes, sorted. */
export const filesUnder = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      relative(folder, join(entry.parentPath ?? entry.path, entry.name))
        .split(sep)
        .join('/'),
    )
    .sort();

/**
 * The first 12 hexadecimal digits of a SHA-256 over names, executable bits and contents.
 * @param {{ name: string, executable: boolean, data: Buffer }[]} files in a fixed order
 */
export const hashFiles = (files) => {
  const hash = createHash('sha256');
  for (const { name, executable, data } of files) {
    hash.update(`${name}\0${executable ? 'x' : '-'}\0${data.length}\0`);
    hash.update(data);
  }
  return hash.digest('hex').slice(0, 12);
};

/** What the image is made of: the recipe's folder, and the bundled in-guest agent when it has been built. */
export const readRecipe = () => {
  const files = filesUnder(recipeDir).map((name) => {
    const path = join(recipeDir, name);
    return { name, executable: (statSync(path).mode & 0o111) !== 0, data: readFileSync(path) };
  });
  if (existsSync(agentBundle))
    files.push({ name: 'agent/agent.cjs', executable: false, data: readFileSync(agentBundle) });
  return {
    files,
    tag: `wheelhouse/desktop:${hashFiles(files)}`,
    dockerfile: readFileSync(join(recipeDir, 'Dockerfile'), 'utf8'),
  };
};

/**
 * The named steps of a Dockerfile. A comment `#: Name (seconds)` starts one; every instruction after it belongs to it.
 * Instructions are counted as Docker's classic builder counts them ("Step 3/19"), from 1.
 * @param {string} dockerfile
 * @returns {{ name: string, seconds: number, first: number, last: number }[]}
 */
export const stepsOf = (dockerfile) => {
  const steps = [];
  let instruction = 0;
  let continued = false;
  for (const line of dockerfile.split('\n')) {
    const header = /^#:\s*(.+?)\s*\((\d+)\)\s*$/.exec(line);
    if (header) steps.push({ name: header[1], seconds: Number(header[2]), first: instruction + 1, last: instruction });
    if (/^\s*(#|$)/.test(line)) continue;
    if (!continued) instruction += 1;
    continued = /\\\s*$/.test(line);
    const step = steps.at(-1);
    if (step) step.last = instruction;
  }
  return steps;
};
