import type { Handlers } from '../router';
import type { Rooms } from '../rooms';

export const poolHandlers = ({ broker }: Rooms) =>
  ({
    'pools.list': () => broker.pools.list(),
    'pools.create': (input) => broker.pools.create(input),
    'pools.update': ({ id, patch }) => broker.pools.update(id, patch),
    'pools.delete': async ({ id, force }) => {
      await broker.pools.delete(id, { force });
      return null;
    },
    'pools.machines': ({ id }) => broker.pools.machines(id),
    'pools.destroyMachine': async ({ machineId }) => {
      await broker.pools.destroyMachine(machineId);
      return null;
    },
  }) satisfies Partial<Handlers>;
