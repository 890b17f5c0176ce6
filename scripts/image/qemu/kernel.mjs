import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, tryRun } from '../../lib/run.mjs';

const kernelPackage = 'linux-image-cloud-amd64';

/** Apt with package lists of its own, for a computer whose lists were never fetched or need root. */
const ownLists = async (folder, options) => {
  for (const name of ['state/lists/partial', 'cache/archives/partial'])
    mkdirSync(join(folder, name), { recursive: true });
  const apt = [
    '-o',
    `Dir::State=${folder}/state`,
    '-o',
    `Dir::Cache=${folder}/cache`,
    '-o',
    'Dir::State::status=/var/lib/dpkg/status',
  ];
  await run('apt-get', [...apt, 'update'], options);
  return apt;
};

/**
 * Debian's kernel for virtual machines and a static busybox, downloaded and unpacked below `folder`, not installed.
 * @param {string} folder @param {{ onLine?: (line: string) => void, signal?: AbortSignal }} options
 * @returns {Promise<{ version: string, vmlinuz: Buffer, modulesFolder: string, busybox: Buffer }>}
 */
export const fetchKernel = async (folder, { onLine, signal }) => {
  const options = { seconds: 600, silentSeconds: 120, onLine, signal, cwd: folder };
  mkdirSync(join(folder, 'root'), { recursive: true });
  const find = (apt) => tryRun('apt-cache', [...apt, 'depends', kernelPackage], { seconds: 60, signal });
  let apt = [];
  let depends = await find(apt);
  if (!depends?.includes('Depends:')) {
    apt = await ownLists(join(folder, 'apt'), options);
    depends = await find(apt);
  }
  const kernel = /Depends: (linux-image-\S+)/.exec(depends ?? '')?.[1];
  if (!kernel) {
    const error = new Error(`This system’s package lists have no ${kernelPackage}`);
    error.fix = 'make the image on Debian 12, or add Debian’s main repository';
    throw error;
  }
  await run('apt-get', [...apt, 'download', kernel, 'busybox-static'], options);
  for (const name of readdirSync(folder).filter((one) => one.endsWith('.deb')))
    await run('dpkg', ['-x', join(folder, name), join(folder, 'root')], options);
  const version = kernel.replace('linux-image-', '');
  return {
    version,
    vmlinuz: readFileSync(join(folder, 'root/boot', `vmlinuz-${version}`)),
    modulesFolder: join(folder, 'root/lib/modules', version),
    busybox: readFileSync(join(folder, 'root/bin/busybox')),
  };
};
