import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { cacheDir, root } from '../../lib/paths.mjs';
import { filesUnder, hashFiles, readRecipe } from '../recipe.mjs';

export const guestDir = join(root, 'resources/images/qemu');
export const qemuDir = join(cacheDir, 'qemu');

/** Panics and errors of the kernel are said on the serial console and end the machine. */
export const commandLine =
  'console=ttyS0 loglevel=4 panic=-1 oops=panic net.ifnames=0 audit=0 transparent_hugepage=never random.trust_cpu=on i8042.nopnp i8042.noaux';
/**
 * Where the processor is emulated, what defends against its flaws only costs; and everything takes longer. Emulated code
 * is translated anew for each address that it is found at: programs lie where they always lie (norandmaps), so that a
 * second process of a program, or another program with the same libraries, finds it translated.
 */
export const commandLineEmulated = 'mitigations=off no_timer_check norandmaps psi=0 wheelhouse.patience=6';

/** The recipe of the desktop with what makes it a machine, under a tag of its own. */
export const readMachineRecipe = () => {
  const desktop = readRecipe();
  const guest = filesUnder(guestDir).map((name) => ({
    name: `qemu/${name}`,
    executable: false,
    data: readFileSync(join(guestDir, name)),
  }));
  const settings = {
    name: 'qemu/command-line',
    executable: false,
    data: Buffer.from(`${commandLine}\n${commandLineEmulated}`),
  };
  return {
    desktop,
    guest: Object.fromEntries(guest.map(({ name, data }) => [name.slice(5), data])),
    tag: hashFiles([...desktop.files, ...guest, settings]),
  };
};

const describe = async (path) => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return { bytes: statSync(path).size, sha256: hash.digest('hex') };
};

/** What the backend reads: docs/decisions/010-qemu-image.md. */
export const makeManifest = async (folder, { tag, kernel, source, diskBytes }) => ({
  version: 1,
  tag,
  name: `wheelhouse/desktop:${tag}`,
  kernel,
  source,
  commandLine,
  commandLineEmulated,
  diskBytes,
  files: Object.fromEntries(
    await Promise.all(
      ['disk.qcow2', 'vmlinuz', 'initrd'].map(async (name) => [name, await describe(join(folder, name))]),
    ),
  ),
  guest: { address: '10.0.2.15', gateway: '10.0.2.2', port: 4100, bootPort: 'wheelhouse.boot', homeSerial: 'home' },
});

/** Whether the image of this tag is whole: sizes are looked at, contents when it is used. */
export const isThere = (tag) => {
  try {
    const { files } = JSON.parse(readFileSync(join(qemuDir, tag, 'manifest.json'), 'utf8'));
    return Object.entries(files).every(([name, { bytes }]) => {
      const path = join(qemuDir, tag, name);
      return existsSync(path) && statSync(path).size === bytes;
    });
  } catch {
    return false;
  }
};
