import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheDir } from '../lib/paths.mjs';
import { run, tryRun } from '../lib/run.mjs';
import { privileged } from './privileged.mjs';
import { SetupFailed } from './terminal.mjs';

export const dockerLog = join(cacheDir, 'dockerd.log');
const pidFile = '/var/run/docker.pid';

/** What the docker command's failure means. Pure. @param {string} text @returns {'denied' | 'stopped' | 'missing'} */
export const readFailure = (text) => {
  if (/is not installed/.test(text)) return 'missing';
  if (/permission denied/i.test(text)) return 'denied';
  return 'stopped';
};

const askEngine = async () => {
  try {
    const version = (await run('docker', ['version', '--format', '{{.Server.Version}}'], { seconds: 10 })).trim();
    return { state: 'running', version };
  } catch (error) {
    return { state: readFailure([error.message, ...(error.tail ?? [])].join('\n')), version: null };
  }
};

const waitForEngine = async (seconds, hasEnded = () => false) => {
  const deadline = Date.now() + seconds * 1000;
  while (Date.now() < deadline) {
    const engine = await askEngine();
    if (engine.state === 'running') return engine;
    if (hasEnded()) return null;
    await sleep(250);
  }
  return null;
};

/** A pid file whose process is gone, or is not dockerd, keeps a new one from starting. Pure but for the two readers. */
export const pidFileIsStale = (pidText, nameOf) => {
  const pid = Number(pidText.trim());
  if (!Number.isInteger(pid) || pid <= 0) return true;
  return nameOf(pid) !== 'dockerd';
};

const processName = (pid) => {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return null;
  }
};

const startDaemon = async (log) => {
  if (existsSync(pidFile) && pidFileIsStale(readFileSync(pidFile, 'utf8'), processName)) {
    log(`Removing ${pidFile}, whose process is gone`);
    rmSync(pidFile, { force: true });
  }
  mkdirSync(cacheDir, { recursive: true });
  const output = openSync(dockerLog, 'a');
  const daemon = spawn('dockerd', [], { detached: true, stdio: ['ignore', output, output], cwd: '/' });
  closeSync(output);
  let ended = false;
  daemon.on('error', () => (ended = true));
  daemon.on('exit', () => (ended = true));
  daemon.unref();
  const engine = await waitForEngine(60, () => ended);
  if (engine) return engine;
  const tail = existsSync(dockerLog) ? readFileSync(dockerLog, 'utf8').trimEnd().split('\n').slice(-15) : [];
  throw new SetupFailed('dockerd did not start', `read ${dockerLog}`, tail);
};

const startByService = async () => {
  const admin = await privileged('systemctl start docker');
  await admin(['systemctl', 'start', 'docker'], { seconds: 90 });
  const engine = await waitForEngine(30);
  if (!engine)
    throw new SetupFailed('The docker service was started but does not answer', 'sudo journalctl -u docker -n 50');
  return engine;
};

/**
 * Makes sure that a Docker Engine answers, starting it when this computer lets us.
 * @param {{ log: (line: string) => void }} context @param {{ start?: boolean }} [options] `start` false: only an engine that runs will do
 * @returns {Promise<string | null>} what was done, or null when it ran already
 */
export const ensureDocker = async ({ log }, { start = true } = {}) => {
  const engine = await askEngine();
  switch (engine.state) {
    case 'running':
      return null;
    case 'missing':
      throw new SetupFailed(
        'The docker command is missing',
        'install Docker Engine: https://docs.docker.com/engine/install/',
      );
    case 'denied':
      throw new SetupFailed(
        'Docker Engine runs, but you may not use it',
        'sudo usermod -aG docker "$USER", then log out and in again',
      );
  }
  if (!start) throw new SetupFailed('Docker Engine does not run', 'start it');
  if (process.platform !== 'linux')
    throw new SetupFailed(
      'Docker Engine does not run',
      process.platform === 'darwin' ? 'open -a Docker, or colima start' : 'start Docker Desktop',
    );
  if (process.env.DOCKER_HOST)
    throw new SetupFailed(
      `Docker Engine at ${process.env.DOCKER_HOST} does not answer`,
      'start it there, or unset DOCKER_HOST',
    );
  if (existsSync('/run/systemd/system')) return `${(await startByService()).version}, started as a service`;
  if (process.getuid?.() !== 0) throw new SetupFailed('Docker Engine does not run', 'sudo service docker start');
  if ((await tryRun('sh', ['-c', 'command -v dockerd'])) === null)
    throw new SetupFailed('There is a docker command but no Docker Engine', 'sudo apt-get install docker.io');
  return `${(await startDaemon(log)).version}, started here; its log is ${dockerLog}`;
};
