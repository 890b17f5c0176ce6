import type { Handlers } from '../router';
import type { Rooms, Shell } from '../rooms';

export const homeHandlers = (
  { broker, operator, logger }: Pick<Rooms, 'broker' | 'operator' | 'logger'>,
  shell: Pick<Shell, 'saveStream'>,
) =>
  ({
    'homes.list': () => broker.homes.list(),
    'homes.remove': async ({ homeId }) => {
      await broker.homes.remove(homeId, operator.name);
      return null;
    },
    async 'homes.download'({ homeId }) {
      const { backend } = broker.homes.get(homeId);
      const kind = backend === 'qemu' ? 'qcow2' : 'tar';
      // Opened once there is a place: a person may think about it for long, and the home's reader would wait open.
      const open = async () => {
        logger.info({ homeId, by: operator.name }, 'a home is being downloaded');
        return (await broker.homes.read(homeId, new AbortController().signal)).stream;
      };
      return { saved: await shell.saveStream({ name: `${homeId}.${kind}`, kind, open }) };
    },
  }) satisfies Partial<Handlers>;
