import type { Handlers } from '../router';
import type { Rooms } from '../rooms';

export const capacityHandlers = ({ broker }: Pick<Rooms, 'broker'>) =>
  ({
    'capacity.get': () => broker.capacity.get(),
    'capacity.set': (limits) => broker.capacity.set(limits),
  }) satisfies Partial<Handlers>;
