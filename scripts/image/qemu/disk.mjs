import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../lib/run.mjs';
import { asRoot } from './asRoot.mjs';

/** Bytes that a machine's disk can hold; the file takes what is in it. */
export const diskBytes = 8 * 1024 ** 3;

/**
 * No journal: a machine's disk is thrown away with it, and one that is rewound comes back with the memory that belongs
 * to it. Tables are filled in by use, or each machine would write 130 MB after its start.
 */
const ext4 = ['-q', '-t', 'ext4', '-b', '4096', '-m', '0', '-O', '^has_journal', '-E', 'lazy_itable_init=1,nodiscard'];

/**
 * Makes `disk.qcow2` in the folder from the tree `root` in it, which is removed.
 * @param {string} folder @param {{ onLine?: (line: string) => void, signal?: AbortSignal }} options
 */
export const makeDisk = async (folder, { onLine, signal }) => {
  const options = { seconds: 1200, onLine, signal, cwd: folder };
  const raw = join(folder, 'disk.raw');
  const [command, ...args] = asRoot(['mke2fs', ...ext4, '-d', 'root', raw, `${diskBytes / 1024}k`]);
  await run(command, args, { ...options, env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } });
  await removeTree(join(folder, 'root'));
  const qcow2 = join(folder, 'disk.qcow2');
  await run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, qcow2], options);
  rmSync(raw);
  chmodSync(qcow2, 0o444);
};

/** Removes a tree whose files may belong to this user's other numbers. */
export const removeTree = async (path) => {
  const [command, ...args] = asRoot(['rm', '-rf', '--one-file-system', path]);
  await run(command, args, { seconds: 300 });
};
