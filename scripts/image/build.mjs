// Makes the desktop image: `node scripts/image/build.mjs [--json] [--force] [--picture FILE]`.
// With --json every event is one line: start, step, progress, log, done, failed. SIGTERM stops it cleanly.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { withLock } from '../lib/lock.mjs';
import { cacheDir } from '../lib/paths.mjs';
import { run, tryRun } from '../lib/run.mjs';
import { ensureBase } from './base.mjs';
import { lookAt } from './look.mjs';
import { ensureNode } from './node.mjs';
import { removeOutdated } from './outdated.mjs';
import { createProgress } from './progress.mjs';
import { readRecipe, stepsOf } from './recipe.mjs';
import { createReporter } from './report.mjs';
import { stage } from './stage.mjs';

const baseStep = { name: 'Debian base', seconds: 25 };
const nodeStep = { name: 'Node for the guest', seconds: 8 };
const lookStep = { name: 'Start once and look at the screen', seconds: 3 };

const buildLayers = async ({ tag, files, steps, base, node, progress, report, signal }) => {
  const folder = stage(files, node);
  const enter = (number) => {
    const step = steps.find((candidate) => number >= candidate.first && number <= candidate.last);
    const before = progress.running();
    if (!step || step.name === before) return;
    if (before) report.finish(before);
    report.start(step.name);
  };
  const proxies = ['http_proxy', 'https_proxy', 'no_proxy'].filter((name) => process.env[name]);
  try {
    await run(
      'docker',
      [
        'build',
        ...['--build-arg', `BASE=${base}`],
        ...proxies.flatMap((name) => ['--build-arg', name]),
        ...['--label', 'dev.wheelhouse.image=desktop', '--label', `dev.wheelhouse.recipe=${tag.split(':')[1]}`],
        ...['--tag', tag, folder],
      ],
      {
        seconds: 3600,
        silentSeconds: 300,
        // The classic builder works with every engine and with a base that exists on this engine alone.
        env: { ...process.env, DOCKER_BUILDKIT: '0' },
        signal,
        onLine: (line) => {
          const step = /^Step (\d+)\/\d+ :/.exec(line);
          if (step) enter(Number(step[1]));
          report.log(line);
        },
      },
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const last = progress.running();
  if (last) report.finish(last);
  for (const step of steps) report.finish(step.name);
};

/**
 * Builds the image when it is not there yet and looks at the desktop it gives. Resolves with its tag.
 * @param {{ json?: boolean, quiet?: boolean, force?: boolean, picture?: string, signal?: AbortSignal }} options
 */
export const buildImage = async ({ json = false, quiet = false, force = false, picture, signal } = {}) => {
  const { files, tag, dockerfile } = readRecipe();
  const started = Date.now();
  const inspect = () => tryRun('docker', ['image', 'inspect', '--format', '{{.Id}}', tag], { seconds: 20, signal });
  const steps = stepsOf(dockerfile);
  const all = [baseStep, nodeStep, ...steps, lookStep];
  const progress = createProgress(all, Date.now);
  const report = createReporter({ json, quiet, progress });
  if (!force && (await inspect())) {
    report.done(tag, false, started);
    return { tag, built: false };
  }
  report.begin(tag, all);
  try {
    report.start(baseStep.name);
    const base = await ensureBase(report.log, signal);
    report.finish(baseStep.name);
    report.start(nodeStep.name);
    const node = await ensureNode(report.log, signal);
    report.finish(nodeStep.name);
    await buildLayers({ tag, files, steps, base, node, progress, report, signal });
    report.start(lookStep.name);
    try {
      await lookAt(tag, { onLine: report.log, picture, signal });
    } catch (error) {
      await tryRun('docker', ['rmi', tag], { seconds: 60 });
      throw error;
    }
    report.finish(lookStep.name);
    await removeOutdated(tag, report.log);
    report.done(tag, true, started);
    return { tag, built: true };
  } catch (error) {
    report.failed(error);
    throw error;
  } finally {
    report.close();
  }
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const argument = (name) => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : undefined);
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => stop.abort());
  const options = {
    json: process.argv.includes('--json'),
    force: process.argv.includes('--force'),
    picture: argument('--picture'),
    signal: stop.signal,
  };
  withLock(join(cacheDir, 'image.lock'), () => buildImage(options), { signal: stop.signal }).catch((error) => {
    if (!options.json) console.error(error.message);
    process.exitCode = 1;
  });
}
