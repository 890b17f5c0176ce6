import { readFileSync } from 'node:fs';
import { tryRun } from '../lib/run.mjs';
import { privileged } from './privileged.mjs';
import { SetupFailed } from './terminal.mjs';

/**
 * What this computer must have, by the first of each group's names that its packages know: Debian 13 and Ubuntu 24.04
 * renamed some libraries. Pure.
 * @param {{ display: boolean, qemu?: boolean }} facts `qemu`: machines of QEMU are to be made here
 */
export const wantedPackages = ({ display, qemu = false }) => [
  ...['libgtk-3-0t64|libgtk-3-0', 'libnss3', 'libasound2t64|libasound2', 'libgbm1'],
  ...(display ? [] : ['xvfb', 'xauth']),
  'mmdebstrap',
  ...(qemu ? qemuPackages : []),
];

/** uidmap: without root, the disk's files belong to numbers of /etc/subuid. */
export const qemuPackages = ['qemu-system-x86', 'qemu-utils', 'e2fsprogs', 'uidmap'];

/** @param {string} osRelease the text of /etc/os-release */
export const isDebianLike = (osRelease) =>
  osRelease
    .split('\n')
    .filter((line) => /^ID(_LIKE)?=/.test(line))
    .some((line) => /\b(debian|ubuntu)\b/.test(line));

/** The groups of which no name is among the installed packages. Pure. */
export const missingGroups = (groups, installed) =>
  groups.filter((group) => !group.split('|').some((name) => installed.has(name)));

const readOsRelease = () => {
  try {
    return readFileSync('/etc/os-release', 'utf8');
  } catch {
    return '';
  }
};

/** Installed packages, from dpkg's own list. */
const installedPackages = async () => {
  const list = await tryRun('dpkg-query', ['-W', '-f', '${db:Status-Abbrev}${Package}\n'], { seconds: 30 });
  return new Set(
    (list ?? '')
      .split('\n')
      .filter((line) => line.startsWith('ii'))
      .map((line) => line.slice(3).trim()),
  );
};

/** The one name of a group that can be installed here. */
const chooseName = async (group) => {
  for (const name of group.split('|')) {
    const policy = await tryRun('apt-cache', ['policy', name], { seconds: 30 });
    if (policy && /Candidate: (?!\(none\))/.test(policy)) return name;
  }
  throw new SetupFailed(
    `None of the packages ${group.replaceAll('|', ', ')} is known here`,
    'sudo apt-get update, or enable Debian’s main repository',
  );
};

/** Whether a program is on the PATH. */
export const hasProgram = async (name) => (await tryRun('sh', ['-c', `command -v ${name}`], { seconds: 5 })) !== null;

const elsewhere = {
  darwin: 'Install Docker Desktop or Colima (brew install colima docker && colima start), then start again.',
  win32: 'Install Docker Desktop (winget install Docker.DockerDesktop), then start again.',
};

/**
 * What is missing on a system whose packages this set-up does not know, as words, or null.
 * @param {{ platform: string, docker: boolean, xvfb: boolean, display: boolean, qemu?: boolean }} facts `docker`, `xvfb`:
 *   what is there; `qemu`: machines of QEMU are wanted, whose image only Debian's tools make
 */
export const missingElsewhere = ({ platform, docker, xvfb, display, qemu = false }) => {
  if (!docker)
    return (
      elsewhere[platform] ??
      'Install Docker Engine with this system’s package manager (dnf install moby-engine, pacman -S docker, …), then start again.'
    );
  if (platform === 'linux' && !display && !xvfb)
    return 'There is no display. Install Xvfb (dnf install xorg-x11-server-Xvfb, pacman -S xorg-server-xvfb, …), then start again.';
  if (qemu)
    return 'The image of a QEMU machine is made with Debian’s tools: make it on Debian or Ubuntu, or use Docker.';
  return null;
};

let listsAreFresh = false;

/** Installs the groups of which nothing is there yet; resolves with the names, or null when there was nothing to do. */
const installMissing = async (wanted, log) => {
  const groups = missingGroups(wanted, await installedPackages());
  if (groups.length === 0) return null;
  const admin = await privileged(`apt-get install ${groups.map((group) => group.split('|').at(-1)).join(' ')}`);
  const options = {
    seconds: 1800,
    silentSeconds: 600,
    onLine: log,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  };
  const apt = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-o', 'DPkg::Lock::Timeout=300'];
  if (!listsAreFresh) await admin([...apt, 'update'], options);
  listsAreFresh = true;
  const names = [];
  for (const group of groups) names.push(await chooseName(group));
  // Newer releases keep the command in a package of its own.
  if (names.includes('docker.io') && (await tryRun('apt-cache', ['show', 'docker-cli']))) names.push('docker-cli');
  await admin([...apt, 'install', '-y', '--no-install-recommends', ...names], options);
  return names.join(', ');
};

const refuse = (missing) => {
  if (missing) throw new SetupFailed('Something is missing that this set-up can’t install on this system', missing);
  return null;
};

const knowsPackages = () => process.platform === 'linux' && isDebianLike(readOsRelease());

/**
 * Installs what is missing on Debian and Ubuntu; says what is missing elsewhere. Docker is apart: ensureDockerPackage.
 * @param {{ log: (line: string) => void, display: boolean }} context
 * @returns {Promise<string | null>} what was installed
 */
export const ensurePackages = async ({ log, display }) => {
  if (knowsPackages()) return installMissing(wantedPackages({ display }), log);
  const xvfb = await hasProgram('Xvfb');
  return refuse(missingElsewhere({ platform: process.platform, docker: true, xvfb, display }));
};

/** Docker's command and engine, unless there is one. @param {{ log: (line: string) => void }} context */
export const ensureDockerPackage = async ({ log }) => {
  if (await hasProgram('docker')) return null;
  if (knowsPackages()) return installMissing(['docker.io'], log);
  return refuse(missingElsewhere({ platform: process.platform, docker: false, xvfb: true, display: true }));
};

/** What QEMU and the making of its image need. @param {{ log: (line: string) => void }} context */
export const ensureQemuPackages = async ({ log }) => {
  if (knowsPackages()) return installMissing(qemuPackages, log);
  return refuse(missingElsewhere({ platform: process.platform, docker: true, xvfb: true, display: true, qemu: true }));
};
