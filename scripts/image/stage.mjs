import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Copies the recipe into a folder of its own with fixed modes, so that the builder's cache does not see a umask. */
export const stage = (files, node) => {
  const folder = mkdtempSync(join(tmpdir(), 'wheelhouse-image-'));
  mkdirSync(join(folder, 'agent'));
  for (const { name, executable, data } of files) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    writeFileSync(path, data);
    chmodSync(path, executable ? 0o755 : 0o644);
  }
  mkdirSync(join(folder, 'node'));
  copyFileSync(node, join(folder, 'node/node'));
  chmodSync(join(folder, 'node/node'), 0o755);
  return folder;
};
