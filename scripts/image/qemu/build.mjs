// Makes a QEMU machine's image: `node scripts/image/qemu/build.mjs [--json] [--force] [--from docker|packages]`.
// With --json every event is one line, as of ../build.mjs. What it makes: docs/decisions/010-qemu-image.md.
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { withLock } from '../../lib/lock.mjs';
import { cacheDir } from '../../lib/paths.mjs';
import { tryRun } from '../../lib/run.mjs';
import { buildImage } from '../build.mjs';
import { ensureNode } from '../node.mjs';
import { createProgress } from '../progress.mjs';
import { stepsOf } from '../recipe.mjs';
import { createReporter } from '../report.mjs';
import { stage } from '../stage.mjs';
import { diskBytes, makeDisk, removeTree } from './disk.mjs';
import { makeInitrd } from './initrd.mjs';
import { fetchKernel } from './kernel.mjs';
import { isThere, makeManifest, qemuDir, readMachineRecipe } from './manifest.mjs';
import { loadOrder, moduleReader } from './modules.mjs';
import { removeOutdatedImages } from './outdated.mjs';
import { treeFromEngine, treeFromPackages } from './rootTree.mjs';

const kernelStep = { name: 'Kernel', seconds: 6 };
const diskStep = { name: 'Disk', seconds: 40 };
const sumStep = { name: 'Checksums', seconds: 8 };
const engineStep = { name: 'Root file system from the Docker image', seconds: 30 };

const engineAnswers = async () =>
  (await tryRun('docker', ['version', '--format', '{{.Server.Version}}'], { seconds: 10 })) !== null;

const putKernel = async (folder, guest, options) => {
  const packages = join(folder, 'packages');
  mkdirSync(packages);
  const { version, vmlinuz, modulesFolder, busybox } = await fetchKernel(packages, options);
  const modules = loadOrder(JSON.parse(guest['modules.json'].toString()), moduleReader(modulesFolder));
  writeFileSync(join(folder, 'vmlinuz'), vmlinuz);
  writeFileSync(join(folder, 'initrd'), makeInitrd({ busybox, modules, init: guest.init, guest: guest['guest.py'] }));
  rmSync(packages, { recursive: true });
  return version;
};

/** The root file system by the recipe's own steps, each of which is told as it begins. */
const putPackages = async (folder, { files, dockerfile }, { steps, progress, report, signal }) => {
  const context = stage(files, await ensureNode(report.log, signal));
  const onLine = (line) => {
    report.log(line);
    const number = Number(/^Step (\d+)\/\d+ :/.exec(line)?.[1] ?? 0);
    const step = steps.find(({ first, last }) => number >= first && number <= last);
    const before = progress.running();
    if (!step || step.name === before) return;
    if (before) report.finish(before);
    report.start(step.name);
  };
  try {
    report.start('Debian base');
    await treeFromPackages(folder, context, dockerfile, { onLine, signal });
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
  const last = progress.running();
  if (last) report.finish(last);
};

/**
 * Makes the image when it is not there yet. Resolves with its tag and folder.
 * @param {{ json?: boolean, quiet?: boolean, force?: boolean, from?: 'docker' | 'packages', signal?: AbortSignal }} options
 */
export const buildMachineImage = async ({ json = false, quiet = false, force = false, from, signal } = {}) => {
  const { desktop, guest, tag } = readMachineRecipe();
  const started = Date.now();
  const target = join(qemuDir, tag);
  const source = from ?? ((await engineAnswers()) ? 'docker' : 'packages');
  const recipeSteps = stepsOf(desktop.dockerfile);
  const rootSteps = source === 'docker' ? [engineStep] : [{ name: 'Debian base', seconds: 30 }, ...recipeSteps];
  const all = [kernelStep, ...rootSteps, diskStep, sumStep];
  const progress = createProgress(all, Date.now);
  const report = createReporter({ json, quiet, what: 'machine image', progress });
  if (!force && isThere(tag)) {
    report.done(`wheelhouse/desktop:${tag}`, false, started);
    report.close();
    return { tag, folder: target, built: false };
  }
  report.begin(`wheelhouse/desktop:${tag}`, all);
  mkdirSync(qemuDir, { recursive: true });
  const folder = mkdtempSync(join(qemuDir, '.making-'));
  const options = { onLine: report.log, signal };
  const step = async ({ name }, work) => {
    report.start(name);
    const result = await work();
    report.finish(name);
    return result;
  };
  try {
    const kernel = await step(kernelStep, () => putKernel(folder, guest, options));
    if (source === 'docker') {
      const image = (await buildImage({ quiet: true, signal })).tag;
      await step(engineStep, () => treeFromEngine(folder, image, options));
    } else await putPackages(folder, desktop, { steps: recipeSteps, progress, report, signal });
    await step(diskStep, () => makeDisk(folder, options));
    const manifest = await step(sumStep, () => makeManifest(folder, { tag, kernel, source, diskBytes }));
    rmSync(join(folder, 'steps.sh'), { force: true });
    writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    rmSync(target, { recursive: true, force: true });
    renameSync(folder, target);
    await removeOutdatedImages(report.log);
    report.done(manifest.name, true, started);
    return { tag, folder: target, built: true };
  } catch (error) {
    await removeTree(folder).catch(() => {});
    report.failed(error);
    throw error;
  } finally {
    report.close();
  }
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => stop.abort());
  const at = process.argv.indexOf('--from');
  const options = {
    json: process.argv.includes('--json'),
    force: process.argv.includes('--force'),
    from: at < 0 ? undefined : process.argv[at + 1],
    signal: stop.signal,
  };
  withLock(join(cacheDir, 'image.lock'), () => buildMachineImage(options), { signal: stop.signal }).catch((error) => {
    if (!options.json) console.error(error.message);
    process.exitCode = 1;
  });
}
