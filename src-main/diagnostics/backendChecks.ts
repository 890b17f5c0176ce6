import type { Diagnostic, Diagnostics } from '@shared/diagnostics';
import { bounded } from '../base/bounded';
import { asWheelhouseError } from '../base/errors';
import type { BackendStatus, SandboxBackend } from '../sandbox/backend';
import { lookMs, withoutAdvice } from './diagnostic';
import { describeDocker } from './dockerCheck';
import { acceleratorWords, installCommand, isolationWords, missingPrograms } from './qemuCheck';

type BackendFacts = Diagnostics['backends'][number];
export type RealKind = 'docker' | 'qemu';

/** One backend as it was found: status, the desktop image's tag, more facts. */
export interface BackendLook {
  kind: RealKind;
  status: BackendStatus;
  image: string | null;
  facts: { name: string; words: string }[];
  machines: number;
}

const names: Record<RealKind, string> = { docker: 'Docker', qemu: 'QEMU' };
const imageCommands: Record<RealKind, string> = { docker: 'npm run image', qemu: 'npm run setup -- --qemu' };
/** Whether desktops can come from it now. */
export const isUsable = (look: Pick<BackendLook, 'status' | 'image'>): boolean =>
  look.status.reachable && look.image !== null;

/** Asks a backend everything that Diagnostics shows. Never rejects: what it does not answer is said. */
export async function lookAtBackend(backend: SandboxBackend, kind: RealKind): Promise<BackendLook> {
  const ask = <T>(what: string, work: (signal: AbortSignal) => Promise<T>) => bounded(what, lookMs, undefined, work);
  const status = await ask(`Asking ${names[kind]}`, (signal) => backend.probe(signal)).catch(
    (error: unknown): BackendStatus => ({
      reachable: false,
      version: null,
      message: asWheelhouseError(error).message,
      isolation: 'none',
    }),
  );
  if (!status.reachable) return { kind, status, image: null, facts: [], machines: 0 };
  const [image, facts, machines] = await Promise.all([
    ask('Looking for the image', (signal) => backend.resolveImage('desktop', signal)).catch(() => null),
    ask('Asking for facts', async (signal) => (await backend.facts?.(signal)) ?? []).catch((error: unknown) => [
      { name: 'Facts', words: `They could not be had: ${asWheelhouseError(error).message}` },
    ]),
    ask('Counting machines', (signal) => backend.list(signal)).then(
      (list) => list.length,
      () => 0,
    ),
  ]);
  return { kind, status, image, facts, machines };
}

/** Pure: a backend that is not there is a failure only when nothing else makes desktops. */
export function backendDiagnostics(
  look: BackendLook,
  others: readonly BackendLook[],
  fix: string | null,
): Diagnostic[] {
  const { kind, status, image } = look;
  const spared = others.some(isUsable);
  const id = kind;
  if (!status.reachable) {
    const found = withoutAdvice(status.message, fix);
    const words = spared ? `${found} Not needed: desktops come from elsewhere.` : found;
    return [{ id, name: names[kind], state: spared ? 'off' : 'failed', words, fix }];
  }
  const words = kind === 'qemu' ? `QEMU ${status.version ?? ''}. ${acceleratorWords(status)}` : status.message;
  const engine: Diagnostic = {
    id,
    name: names[kind],
    state: status.isolation === 'emulated' ? 'warning' : 'ok',
    words,
    fix: null,
  };
  const imageName = `Desktop image for ${names[kind]}`;
  if (image !== null) return [engine, { id: `${id}.image`, name: imageName, state: 'ok', words: image, fix: null }];
  return [
    engine,
    {
      id: `${id}.image`,
      name: imageName,
      state: spared ? 'off' : 'failed',
      words: 'It has not been made yet. The first-run page makes it, too.',
      fix: imageCommands[kind],
    },
  ];
}

/** The command that mends a backend that is not there. */
export function backendFix(look: BackendLook): string | null {
  if (look.status.reachable) return null;
  if (look.kind === 'qemu') return installCommand(missingPrograms(), process.platform);
  const machine = { platform: process.platform, cpus: 0, memoryBytes: 0, diskFreeBytes: 0 };
  return describeDocker(look.status, machine).fix;
}

/** Pure: the facts as Diagnostics lists them, the common ones first. */
export function backendFacts({ kind, status, image, facts, machines }: BackendLook): BackendFacts {
  const known = new Set(facts.map(({ name }) => name));
  const common = [
    { name: 'Isolation', words: status.reachable ? isolationWords(status.isolation) : '' },
    { name: 'Image', words: image ?? (status.reachable ? 'Not made yet.' : '') },
  ].filter(({ name, words }) => words !== '' && !known.has(name));
  return {
    kind,
    reachable: status.reachable,
    version: status.version,
    isolation: status.isolation,
    message: status.message,
    facts: [...common, ...facts],
    machines,
  };
}
