import { cpio } from './cpio.mjs';

/** What init calls; busybox is all of them. */
const applets = 'cat chmod cp hostname ifconfig insmod ln mkdir mount printf sh sleep switch_root'.split(' ');

/**
 * The initial ramdisk: busybox, the modules in their order, init and the guest's supervisor.
 * @param {{ busybox: Buffer, modules: { name: string, data: Buffer }[], init: Buffer, guest: Buffer }} parts
 */
export const makeInitrd = ({ busybox, modules, init, guest }) => {
  const folder = (name) => ({ kind: 'folder', name, mode: 0o755 });
  const file = (name, mode, data) => ({ kind: 'file', name, mode, data });
  return cpio([
    ...['bin', 'dev', 'proc', 'sys', 'root', 'fresh', 'modules'].map(folder),
    // Before init can make devices the kernel opens the console for it.
    { kind: 'device', name: 'dev/console', mode: 0o600, major: 5, minor: 1 },
    file('bin/busybox', 0o755, busybox),
    ...applets.map((name) => ({ kind: 'link', name: `bin/${name}`, mode: 0o777, data: 'busybox' })),
    ...modules.map(({ name, data }, index) =>
      file(`modules/${String(index).padStart(2, '0')}-${name}.ko`, 0o644, data),
    ),
    file('init', 0o755, init),
    file('guest.py', 0o600, guest),
  ]);
};
