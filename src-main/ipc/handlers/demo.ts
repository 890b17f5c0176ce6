import type { Handlers } from '../router';
import type { Demo } from '../rooms';

export const demoHandlers = (demo: Demo) =>
  ({
    'demo.status': () => demo.status(),
    'demo.start': ({ backend }) => demo.start(backend),
    'demo.stop': () => demo.stop(),
  }) satisfies Partial<Handlers>;
