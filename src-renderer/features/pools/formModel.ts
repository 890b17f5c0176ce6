import type { Diagnostics } from '@shared/diagnostics';
import type { Token } from '@shared/ipc';
import type { BackendKind, Pool, PoolCreate } from '@shared/pool';

/** The form of a pool: text as typed, checked on every key. */
export interface PoolForm {
  displayName: string;
  description: string;
  cpus: string;
  memoryMiB: string;
  width: string;
  height: string;
  minimum: string;
  maximum: string;
  idleMinutes: string;
  backend: BackendKind;
  image: string;
  beforeTakeover: boolean;
  beforeCommands: boolean;
  keep: string;
  isolationRequired: boolean;
  /** Empty: no limit. */
  sessionsPerToken: string;
  /** Names of tokens; empty: every agent token. */
  assignments: readonly string[];
}

/** What is typed as text, and so checked as one types. */
export type TextName = { [K in keyof PoolForm]: string extends PoolForm[K] ? K : never }[keyof PoolForm];

/** What a new pool starts from: the contract's defaults, written out so that its schemas stay out of the page. */
export const newPool: PoolForm = {
  displayName: '',
  description: '',
  cpus: '2',
  memoryMiB: '2048',
  width: '1280',
  height: '800',
  minimum: '2',
  maximum: '8',
  idleMinutes: '30',
  backend: 'docker',
  image: 'desktop',
  beforeTakeover: false,
  beforeCommands: false,
  keep: '6',
  isolationRequired: false,
  sessionsPerToken: '',
  assignments: [],
};

type Formed = Pick<
  Pool,
  | 'displayName'
  | 'description'
  | 'size'
  | 'warm'
  | 'idle'
  | 'backend'
  | 'image'
  | 'checkpoints'
  | 'isolationRequired'
  | 'assignments'
  | 'limits'
>;

export function formOf(pool: Formed | null): PoolForm {
  if (!pool) return newPool;
  return {
    displayName: pool.displayName,
    description: pool.description,
    cpus: String(pool.size.cpus),
    memoryMiB: String(pool.size.memoryMiB),
    width: String(pool.size.width),
    height: String(pool.size.height),
    minimum: String(pool.warm.minimum),
    maximum: String(pool.warm.maximum),
    idleMinutes: String(pool.idle.afterSeconds / 60),
    backend: pool.backend,
    image: pool.image,
    beforeTakeover: pool.checkpoints.beforeTakeover,
    beforeCommands: pool.checkpoints.beforeCommands,
    keep: String(pool.checkpoints.keep),
    isolationRequired: pool.isolationRequired,
    sessionsPerToken: String(pool.limits.sessionsPerToken ?? ''),
    assignments: pool.assignments,
  };
}

export type FormErrors = Partial<Record<keyof PoolForm, string>>;

function range(text: string, low: number, high: number, whole = true): string | undefined {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) return 'A number is needed';
  if (whole && !Number.isInteger(value)) return 'A whole number is needed';
  return value < low || value > high ? `Between ${low} and ${high}` : undefined;
}

/** The same bounds as the contract's (src-shared/pool.ts), said in words while one types. */
export function checkForm(form: PoolForm, otherNames: readonly string[]): FormErrors {
  const name = form.displayName.trim();
  const errors: FormErrors = {
    displayName:
      name === ''
        ? 'A name is needed'
        : name.length > 60
          ? 'At most 60 characters'
          : otherNames.includes(name)
            ? 'Another pool is called that'
            : undefined,
    description: form.description.length > 512 ? 'At most 512 characters' : undefined,
    cpus: range(form.cpus, 0.25, 64, false),
    memoryMiB: range(form.memoryMiB, 256, 262_144),
    width: range(form.width, 640, 3840),
    height: range(form.height, 480, 2160),
    minimum: range(form.minimum, 0, 200),
    maximum: range(form.maximum, 1, 200),
    idleMinutes: range(form.idleMinutes, 1, 44_640, false),
    keep: form.backend === 'docker' ? undefined : range(form.keep, 1, 20),
    sessionsPerToken: form.sessionsPerToken.trim() === '' ? undefined : range(form.sessionsPerToken, 1, 200),
  };
  if (!errors.minimum && !errors.maximum && Number(form.minimum) > Number(form.maximum))
    errors.minimum = 'Not more than at most';
  return Object.fromEntries(Object.entries(errors).filter(([, message]) => message !== undefined));
}

export function specOf(form: PoolForm, idlePolicy: 'release' | 'suspend' = 'release'): PoolCreate {
  return {
    displayName: form.displayName.trim(),
    description: form.description.trim(),
    size: {
      cpus: Number(form.cpus),
      memoryMiB: Number(form.memoryMiB),
      width: Number(form.width),
      height: Number(form.height),
    },
    warm: { minimum: Number(form.minimum), maximum: Number(form.maximum) },
    idle: { policy: idlePolicy, afterSeconds: Math.round(Number(form.idleMinutes) * 60) },
    backend: form.backend,
    image: form.image,
    checkpoints: {
      beforeTakeover: form.beforeTakeover,
      beforeCommands: form.beforeCommands,
      // What a hidden field holds was not checked.
      keep: range(form.keep, 1, 20) === undefined ? Number(form.keep) : Number(newPool.keep),
    },
    isolationRequired: form.isolationRequired,
    limits: { sessionsPerToken: form.sessionsPerToken.trim() === '' ? null : Number(form.sessionsPerToken) },
    assignments: [...form.assignments],
  };
}

/** An image of one backend says nothing to another; the one that the pool has comes back with its backend. */
export function withBackend(
  form: PoolForm,
  backend: BackendKind,
  pool: Pick<Pool, 'backend' | 'image'> | null,
): PoolForm {
  if (backend === form.backend) return form;
  return { ...form, backend, image: pool?.backend === backend ? pool.image : 'desktop' };
}

type Found = Diagnostics['backends'][number];

/** What a backend is good for, whatever this computer has. */
export const backendPurpose: Record<BackendKind, string> = {
  docker:
    'Fast and dense: a desktop in a fraction of a second, many on one computer. They share its kernel and can’t be rewound.',
  qemu: 'A machine with a kernel of its own: checkpoints, rewind and branches. It takes more memory.',
  fake: 'Made-up machines for trying things out.',
};

/** What speaks against a backend on this computer; null when nothing does, or when it was not looked at yet. */
export function backendTrouble(
  kind: BackendKind,
  found: readonly Found[] | undefined,
): { bad: boolean; words: string } | null {
  const here = found?.find((each) => each.kind === kind);
  if (!found) return null;
  const name = kind === 'docker' ? 'Docker' : kind === 'qemu' ? 'QEMU' : 'This backend';
  if (!here?.reachable)
    return {
      bad: true,
      words: `${name} is not there now. ${here?.message ?? ''} The pool waits until it is.`.replace(/ {2}/g, ' '),
    };
  if (here.isolation === 'emulated')
    return {
      bad: false,
      words: 'The processor is emulated here: machines work, but slowly, and emulation is not isolation.',
    };
  return null;
}

/** Why a pool that requires isolation would hand out nothing here; null when it is met or not known. */
export function isolationTrouble(
  form: Pick<PoolForm, 'backend' | 'isolationRequired'>,
  found: readonly Found[] | undefined,
): string | null {
  const here = found?.find((each) => each.kind === form.backend);
  if (!form.isolationRequired || !here?.reachable || here.isolation === 'vm' || here.isolation === 'container')
    return null;
  return here.isolation === 'emulated'
    ? 'An emulated processor never satisfies it: with this backend the pool would hand out nothing here.'
    : 'This backend does not isolate machines here: the pool would hand out nothing.';
}

/** What saving changes about machines that are there. */
export function changeWords(form: PoolForm, pool: Pool): string | null {
  if (form.backend !== pool.backend || form.image !== pool.image)
    return 'Warm machines are replaced one by one. Running sessions stay on the machine they have until they end.';
  return null;
}

/** Who can be chosen: names of agent tokens, and those chosen before whose token is gone. */
export function assignable(tokens: readonly Token[], chosen: readonly string[]): { name: string; gone: boolean }[] {
  const names = new Set(tokens.filter((token) => token.role === 'agent').map((token) => token.name));
  return [...new Set([...names, ...chosen])]
    .toSorted((a, b) => a.localeCompare(b))
    .map((name) => ({ name, gone: !names.has(name) }));
}
