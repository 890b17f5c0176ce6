import { WheelhouseError } from '../../../base/errors';
import type { SandboxBackend } from '../../backend';
import { noCheckpoints, noHomes, type OwnGuests } from './index';

const ourDesktop = { name: 'desktop', words: 'The desktop that Wheelhouse builds', guestAgent: true };

type Joined = SandboxBackend & Required<Pick<SandboxBackend, 'prepare'>>;

const refuse = (words: string): Promise<never> => Promise.reject(new WheelhouseError('not_supported', words));

/** One backend of two kinds of machines: our desktops, and guests that people bring. Each call goes where its machine is. */
export function joinOwnGuests<T extends Joined>(desktops: T, own: OwnGuests): T {
  const of = (machineId: string): SandboxBackend | OwnGuests => (own.has(machineId) ? own : desktops);
  const { checkpoints, homes } = desktops;
  const attach = homes?.attach?.bind(homes);
  return {
    ...desktops,
    async probe(signal) {
      const status = await desktops.probe(signal);
      return { ...status, message: [status.message, own.words()].filter(Boolean).join(' ') };
    },
    resolveImage: (name, signal) => (own.means(name) ? own : desktops).resolveImage(name, signal),
    prepare: (image, size, signal) => (own.means(image) ? own : desktops).prepare(image, size, signal),
    create: (spec, signal) => (own.means(spec.image) ? own : desktops).create(spec, signal),
    linkPath: (machineId) => of(machineId).linkPath(machineId),
    afterFirstContact: (machineId, signal) => of(machineId).afterFirstContact(machineId, signal),
    list: async (signal) => (await Promise.all([desktops.list(signal), own.list(signal)])).flat(),
    async destroy(machineId, signal) {
      // One that is being made may be in neither list yet.
      await Promise.all([desktops.destroy(machineId, signal), own.destroy(machineId, signal)]);
    },
    async park(machineId, secret, signal) {
      if (own.has(machineId) || !desktops.park) return of(machineId).pause(machineId, signal);
      return desktops.park(machineId, secret, signal);
    },
    pause: (machineId, signal) => of(machineId).pause(machineId, signal),
    unpause: (machineId, signal) => of(machineId).unpause(machineId, signal),
    stats: (machineId, signal) => of(machineId).stats(machineId, signal),
    logs: (machineId, lines, signal) => of(machineId).logs(machineId, lines, signal),
    onExit(listener) {
      const disposers = [desktops.onExit(listener), own.onExit(listener)];
      return () => disposers.forEach((dispose) => dispose());
    },
    describe: (image) =>
      own.means(image)
        ? { guestAgent: false, consoleLog: true, checkpoints: false, homes: false }
        : (desktops.describe?.(image) ?? { guestAgent: true, consoleLog: true }),
    async images(signal) {
      return [...((await desktops.images?.(signal)) ?? [ourDesktop]), ...own.images()];
    },
    ...(checkpoints && {
      checkpoints: {
        create: (machineId, checkpointId, signal) =>
          own.has(machineId) ? refuse(noCheckpoints) : checkpoints.create(machineId, checkpointId, signal),
        restore: (machineId, checkpointId, secret, signal) =>
          own.has(machineId) ? refuse(noCheckpoints) : checkpoints.restore(machineId, checkpointId, secret, signal),
        remove: (checkpointId, signal) => checkpoints.remove(checkpointId, signal),
        list: (signal) => checkpoints.list(signal),
      },
    }),
    ...(homes && {
      homes: {
        enforcesQuota: homes.enforcesQuota,
        list: (signal) => homes.list(signal),
        ...(attach && {
          attach: (machineId, home, secret, signal) =>
            own.has(machineId) ? refuse(noHomes) : attach(machineId, home, secret, signal),
        }),
        read: (homeId, signal) => homes.read(homeId, signal),
        remove: (homeId, signal) => homes.remove(homeId, signal),
      },
    }),
    async close() {
      await Promise.all([desktops.close(), own.close()]);
    },
  };
}
