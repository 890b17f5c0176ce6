// The set-up: `node scripts/setup/index.mjs [--qemu] [--no-docker]`. Node's built-ins only, since it runs before anything is installed.
import { pathToFileURL } from 'node:url';
import { ensureBuild } from './build.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { ensureDocker } from './docker.mjs';
import { ensureElectron, evaluationNotice } from './electron.mjs';
import { ensureImage, ensureMachineImage } from './image.mjs';
import { ensurePackages } from './packages.mjs';
import { createTerminal, SetupFailed } from './terminal.mjs';

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

/**
 * Runs the steps in order; each looks first and does nothing when nothing is missing.
 * @param {{ electron?: boolean, docker?: boolean, qemu?: boolean, build?: boolean }} [wants] what the caller goes on to use
 * @returns {Promise<{ electron: { folder: string, unofficial: boolean } | null, display: boolean }>}
 */
export const setUp = async ({ electron = true, docker = true, qemu = false, build = true } = {}) => {
  const terminal = createTerminal();
  const started = Date.now();
  const display = hasDisplay();
  let runtime = null;
  await runStep(terminal, 'Node', ensureNode);
  await runStep(terminal, 'System packages', ({ log }) => ensurePackages({ log, display, docker, qemu }));
  await runStep(terminal, 'Dependencies', ensureDependencies);
  if (electron) {
    await runStep(terminal, 'Electron runtime', async ({ log }) => {
      runtime = await ensureElectron({ log });
      return null;
    });
    if (runtime.unofficial) terminal.note(evaluationNotice);
  }
  if (docker) await runStep(terminal, 'Docker Engine', ensureDocker);
  if (build) await runStep(terminal, 'Build', ensureBuild);
  if (docker) await runStep(terminal, 'Desktop image', ensureImage);
  if (qemu) await runStep(terminal, 'Machine image', ensureMachineImage);
  terminal.say(`Set up in ${terminal.took(started)}`);
  return { electron: runtime, display };
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  setUp({ qemu: process.argv.includes('--qemu'), docker: !process.argv.includes('--no-docker') }).catch((error) => {
    if (!(error instanceof SetupFailed) && process.env.DEBUG) console.error(error);
    process.exitCode = 1;
  });
}
