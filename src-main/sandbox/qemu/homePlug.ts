import { homeDevice, homeNode } from './arguments';
import type { Qmp } from './qmp';

/** Plugs a home's disk into a machine, running or not. Nothing of it is left after a failure: guest_failed. */
export async function plugHome(qmp: Qmp, path: string): Promise<void> {
  const node = homeNode(path);
  await qmp.run('blockdev-add', node);
  try {
    await qmp.run('device_add', homeDevice);
  } catch (error) {
    await qmp.run('blockdev-del', { 'node-name': node['node-name'] }).catch(() => {});
    throw error;
  }
}
