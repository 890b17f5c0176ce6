// The set-up: `node scripts/setup/index.mjs [--qemu | --backend qemu] [--no-docker]`. Node's built-ins only, since it runs before anything is installed.
import { pathToFileURL } from 'node:url';
import { ensureBuild } from './build.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { ensureDocker } from './docker.mjs';
import { ensureElectron, evaluationNotice } from './electron.mjs';
import { ensureImage, ensureMachineImage } from './image.mjs';
import { ensureDockerPackage, ensurePackages, ensureQemuPackages } from './packages.mjs';
import { createTerminal, SetupFailed } from './terminal.mjs';
import { wantsOf } from './wants.mjs';

export const hasDisplay = (env = process.env, platform = process.platform) =>
  platform !== 'linux' || Boolean(env.DISPLAY || env.WAYLAND_DISPLAY);

const ensureNode = () => {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return null;
  throw new SetupFailed(
    `Node ${process.versions.node} is too old: 20.19 or newer is needed`,
    'install a current Node from https://nodejs.org',
  );
};

/** Says nothing about a step that had nothing to do, unless it took its time. */
const runStep = async (terminal, name, work) => {
  const started = Date.now();
  let announced = false;
  const announce = () => {
    if (!announced) terminal.begin(name);
    announced = true;
  };
  const timer = setTimeout(announce, 700);
  const tail = [];
  const log = (line) => {
    tail.push(line);
    if (tail.length > 40) tail.shift();
  };
  try {
    const result = await work({ log });
    if (announced || typeof result === 'string')
      terminal.done(name, started, typeof result === 'string' ? result : undefined);
    return result;
  } catch (error) {
    if (error.tail === undefined || error.tail.length === 0) error.tail = tail;
    terminal.failed(name, started, error);
    throw error;
  } finally {
    clearTimeout(timer);
  }
};

/** Docker Engine, or why it can't be used here. It is tried where it is not needed, and only a need makes it a failure. */
const prepareDocker = async (terminal, docker) => {
  const work = async (context) => {
    if (docker !== 'if-there') {
      const installed = await ensureDockerPackage(context);
      return (await ensureDocker(context)) ?? installed;
    }
    // Nobody is asked for a password for what is not needed.
    return ensureDocker(context, { start: process.getuid?.() === 0 });
  };
  switch (docker) {
    case 'no':
      return 'it was not asked for';
    case 'needed':
      await runStep(terminal, 'Docker Engine', work);
      return null;
    default:
      return runStep(terminal, 'Docker Engine', (context) =>
        work(context).catch((error) => ({ refusal: error.message, fix: error.fix })),
      ).then((result) => (result?.refusal ? withFix(result) : null));
  }
};
const withFix = ({ refusal, fix }) => (fix ? `${refusal} (to mend it: ${fix})` : refusal);

/**
 * Runs the steps in order; each looks first and does nothing when nothing is missing.
 * @param {{ electron?: boolean, docker?: import('./wants.mjs').Docker, qemu?: boolean, build?: boolean }} [wants] what the caller goes on to use
 * @returns {Promise<{ electron: { folder: string, unofficial: boolean } | null, display: boolean, docker: boolean, qemu: boolean }>}
 */
export const setUp = async ({ electron = true, docker = 'needed', qemu = false, build = true } = {}) => {
  const terminal = createTerminal();
  const started = Date.now();
  const display = hasDisplay();
  let runtime = null;
  await runStep(terminal, 'Node', ensureNode);
  await runStep(terminal, 'System packages', ({ log }) => ensurePackages({ log, display }));
  await runStep(terminal, 'Dependencies', ensureDependencies);
  if (electron) {
    await runStep(terminal, 'Electron runtime', async ({ log }) => {
      runtime = await ensureElectron({ log });
      return null;
    });
    if (runtime.unofficial) terminal.note(evaluationNotice);
  }
  const refusal = await prepareDocker(terminal, docker);
  const hasDocker = refusal === null;
  const hasQemu = qemu || (docker === 'or-qemu' && !hasDocker);
  if (docker === 'or-qemu' && !hasDocker) terminal.note(`Docker Engine can’t be used here: ${refusal}. Using QEMU.`);
  if (hasQemu) await runStep(terminal, 'QEMU', ensureQemuPackages);
  if (build) await runStep(terminal, 'Build', ensureBuild);
  if (hasDocker) await runStep(terminal, 'Desktop image', ensureImage);
  if (hasQemu) await runStep(terminal, 'Machine image', ({ log }) => ensureMachineImage({ log, docker: hasDocker }));
  terminal.say(`Set up in ${terminal.took(started)}`);
  return { electron: runtime, display, docker: hasDocker, qemu: hasQemu };
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  setUp(wantsOf(process.argv.slice(2)).wants).catch((error) => {
    if (!(error instanceof SetupFailed) && process.env.DEBUG) console.error(error);
    process.exitCode = 1;
  });
}
