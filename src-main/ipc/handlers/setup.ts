import type { Handlers } from '../router';
import type { Setup } from '../rooms';

export const setupHandlers = (setup: Setup) =>
  ({
    'setup.status': () => setup.status(),
    'setup.look': () => setup.look(),
    'setup.buildImage': async ({ backend }) => {
      await setup.buildImage(backend);
      return null;
    },
    'setup.cancelBuild': () => {
      setup.cancelBuild();
      return null;
    },
  }) satisfies Partial<Handlers>;
