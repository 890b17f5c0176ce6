import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { removeTree } from './disk.mjs';
import { qemuDir } from './manifest.mjs';

/** How many images stay whether somebody needs them or not. */
const kept = 2;
/** The data folders of brokers that ran with this cache: a file each, with the folder's path in it. */
const foldersDir = join(qemuDir, 'data-folders');

/**
 * Which images may go: all but the newest two and those that somebody needs. Pure.
 * @param {{ tag: string, madeAt: number }[]} images @param {(tag: string) => boolean} isNeeded
 * @returns {string[]}
 */
export const outdatedTags = (images, isNeeded) =>
  images
    .toSorted((a, b) => b.madeAt - a.madeAt)
    .slice(kept)
    .map(({ tag }) => tag)
    .filter((tag) => !isNeeded(tag));

const namesIn = (folder) => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};
const textOf = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

const listImages = () =>
  namesIn(qemuDir)
    .filter((tag) => /^[0-9a-f]{12}$/.test(tag))
    .flatMap((tag) => {
      const stat = statSync(join(qemuDir, tag, 'manifest.json'), { throwIfNoEntry: false });
      return stat ? [{ tag, madeAt: stat.mtimeMs }] : [];
    });

/** What the machines and checkpoints of a data folder say of themselves. */
const recordsBelow = (folder) => {
  try {
    return readdirSync(folder, { recursive: true })
      .filter((name) => name.endsWith('.json'))
      .map((name) => textOf(join(folder, name)));
  } catch {
    return [];
  }
};

/** Every text in which a tag that is still needed would stand: running processes, and data folders' records. */
const readUses = () => {
  const running = namesIn('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => textOf(`/proc/${pid}/cmdline`));
  const records = namesIn(foldersDir).flatMap((name) => {
    const path = textOf(join(foldersDir, name)).trim();
    if (path !== '' && statSync(path, { throwIfNoEntry: false })) return recordsBelow(join(path, 'qemu'));
    // That data folder is gone.
    rmSync(join(foldersDir, name), { force: true });
    return [];
  });
  return [...running, ...records];
};

/** Removes earlier images that nobody needs, and what killed builds left. Failing to is no failure of the build. */
export const removeOutdatedImages = async (log) => {
  const uses = readUses();
  const isNeeded = (tag) => uses.some((text) => text.includes(tag));
  const leftovers = namesIn(qemuDir).filter((name) => name.startsWith('.making-'));
  for (const name of [...outdatedTags(listImages(), isNeeded), ...leftovers]) {
    await removeTree(join(qemuDir, name)).then(
      () => log(`Removed ${name}`),
      () => {},
    );
  }
};
