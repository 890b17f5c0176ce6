import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { filesUnder } from '../recipe.mjs';

const nameOf = (path) => basename(path, '.ko').replaceAll('-', '_');

/** The modules that a module says it needs: the field `depends` of its section .modinfo. @param {Buffer} module */
export const needsOf = (module) => {
  const start = module.indexOf('\0depends=');
  if (start < 0) return [];
  const text = module.toString('latin1', start + 9, module.indexOf(0, start + 9));
  return text.split(',').filter(Boolean);
};

/**
 * The wanted modules and all they need, in the order in which they can be loaded.
 * @param {string[]} wanted names @param {(name: string) => Buffer} read throws when the kernel has no such module
 * @returns {{ name: string, data: Buffer }[]}
 */
export const loadOrder = (wanted, read) => {
  const ordered = new Map();
  const add = (given) => {
    const name = given.replaceAll('-', '_');
    if (ordered.has(name)) return;
    const data = read(name);
    for (const need of needsOf(data)) add(need);
    ordered.set(name, { name, data });
  };
  for (const name of wanted) add(name);
  return [...ordered.values()];
};

/** Reads modules of an unpacked kernel package by name. @param {string} folder its lib/modules/VERSION */
export const moduleReader = (folder) => {
  const paths = new Map();
  for (const path of filesUnder(folder)) if (path.endsWith('.ko')) paths.set(nameOf(path), join(folder, path));
  return (name) => {
    const path = paths.get(name);
    if (!path) throw new Error(`the kernel package has no module ${name}`);
    return readFileSync(path);
  };
};
