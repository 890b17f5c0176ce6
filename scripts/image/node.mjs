import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { cacheDir } from '../lib/paths.mjs';
import { run } from '../lib/run.mjs';
import { recipeDir } from './recipe.mjs';

/** The text that npm calls a file's integrity. @param {string} path */
export const integrityOf = async (path) => {
  const hash = createHash('sha512');
  await pipeline(createReadStream(path), hash);
  return `sha512-${hash.digest('base64')}`;
};

/**
 * The path of the Node executable that the guest runs, from the package registry, pinned by version and hash in the
 * recipe's node.json; kept in the cache. Debian's own Node is not used: it is built without a snapshot of its start, which
 * costs each of a machine's two Node programs 60 ms of CPU before its first line.
 * @param {(line: string) => void} log @param {AbortSignal} [signal] @param {string} [arch]
 */
export const ensureNode = async (log, signal, arch = process.arch) => {
  const { version, integrity } = JSON.parse(readFileSync(join(recipeDir, 'node.json'), 'utf8'));
  const expected = integrity[arch];
  if (!expected) throw new Error(`There is no desktop image for computers with ${arch} processors.`);
  const kept = join(cacheDir, `node-${version}-linux-${arch}`);
  if (existsSync(kept)) return kept;
  mkdirSync(cacheDir, { recursive: true });
  const folder = mkdtempSync(join(cacheDir, 'node-'));
  try {
    const name = `node-linux-${arch}`;
    const npm = ['pack', `${name}@${version}`, '--silent', '--pack-destination', folder];
    await run('npm', npm, { seconds: 300, onLine: log, signal, cwd: folder });
    const archive = join(folder, `${name}-${version}.tgz`);
    const found = await integrityOf(archive);
    if (found !== expected) throw new Error(`${name} ${version} is not the one that was pinned: ${found}`);
    await run('tar', ['-xzf', archive, '-C', folder, 'package/bin/node'], { seconds: 120, onLine: log, signal });
    renameSync(join(folder, 'package/bin/node'), kept);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return kept;
};
