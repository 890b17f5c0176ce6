import type { Diagnostic, Diagnostics } from '@shared/diagnostics';
import type { BackendKind } from '@shared/pool';
import { iso, type Clock } from '../base/clock';
import type { SandboxBackend } from '../sandbox/backend';
import { appChecks, type AppFacts } from './appChecks';
import { backendDiagnostics, backendFacts, backendFix, isUsable, lookAtBackend, type RealKind } from './backendChecks';
import { computerChecks } from './computerChecks';
import { runCheck } from './diagnostic';
import { savedDesktopsCheck } from './savedDesktops';
import { storeChecks } from './storeChecks';

export interface DiagnosticsDeps {
  app: AppFacts;
  dataDir: string;
  storeFile: string;
  /** Where images and saved desktops lie. */
  cacheDir: string;
  backends: ReadonlyMap<BackendKind, SandboxBackend>;
  clock: Clock;
}

const real: readonly RealKind[] = ['docker', 'qemu'];

/** Looks at everything this computer has for Wheelhouse, anew. Never rejects; takes at most some 30 s, mostly under one. */
export async function lookAtEverything(deps: DiagnosticsDeps): Promise<Diagnostics> {
  const { app, dataDir, cacheDir, backends } = deps;
  const [looks, own, computer, store, saved] = await Promise.all([
    Promise.all(
      real.flatMap((kind) => {
        const backend = backends.get(kind);
        return backend ? [lookAtBackend(backend, kind)] : [];
      }),
    ),
    Promise.all(appChecks(app).map((check) => runCheck(check))),
    Promise.all(computerChecks({ dataDir, cacheDir }).map((check) => runCheck(check))),
    Promise.all(storeChecks({ storeFile: deps.storeFile, logFile: app.logFile }).map((check) => runCheck(check))),
    runCheck(savedDesktopsCheck(cacheDir)),
  ]);
  const found = looks.flatMap((look) =>
    backendDiagnostics(
      look,
      looks.filter((other) => other !== look),
      backendFix(look),
    ),
  );
  return {
    at: iso(deps.clock.now()),
    checks: [desktops(looks.some(isUsable)), ...found, saved, ...own, ...computer, ...store],
    backends: looks.map(backendFacts),
  };
}

/** The one answer that the rest explains. */
function desktops(usable: boolean): Diagnostic {
  const words = usable
    ? 'They can be made on this computer.'
    : 'None can be made: neither Docker nor QEMU has all it needs. See below for what is missing.';
  return { id: 'desktops', name: 'Making desktops', state: usable ? 'ok' : 'failed', words, fix: null };
}
