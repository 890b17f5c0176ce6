import type { Handlers } from '../router';
import type { Rooms } from '../rooms';

export const settingsHandlers = ({ people }: Pick<Rooms, 'people'>) =>
  ({
    'settings.get': () => people.get(),
    'settings.change': (patch) => people.change(patch),
  }) satisfies Partial<Handlers>;
