import type { BackendKind } from '@shared/pool';
import type { Diagnostics } from '@shared/diagnostics';
import type { SandboxBackend } from '../../sandbox/backend';
import type { Handlers } from '../router';

const imagesDeadlineMs = 10_000;

/** Where a backend does not list its images there is one name, whatever its tag is now. */
const desktopAlone = [{ name: 'desktop', words: 'The desktop that Wheelhouse builds', guestAgent: true }];

export const diagnosticsHandlers = (deps: {
  look(): Promise<Diagnostics>;
  backends: ReadonlyMap<BackendKind, SandboxBackend>;
}) =>
  ({
    'diagnostics.look': () => deps.look(),
    'images.list': ({ backend: kind }) =>
      deps.backends.get(kind)?.images?.(AbortSignal.timeout(imagesDeadlineMs)) ?? desktopAlone,
  }) satisfies Partial<Handlers>;
