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
  /** Warm machines stand still until they are handed out. */
  freeze: boolean;
  idlePolicy: 'release' | 'suspend';
  idleKeeps: 'home' | 'machine';
  idleMinutes: string;
  homePolicy: 'none' | 'keep';
  quotaMiB: string;
  expiresAfterDays: string;
  /** What a request may choose: another screen, its own idle time between two bounds (minutes). */
  ownScreen: boolean;
  ownIdle: boolean;
  ownIdleMinimum: string;
  ownIdleMaximum: string;
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
  freeze: false,
  idlePolicy: 'release',
  idleKeeps: 'home',
  idleMinutes: '30',
  homePolicy: 'none',
  quotaMiB: '1024',
  expiresAfterDays: '30',
  ownScreen: false,
  ownIdle: false,
  ownIdleMinimum: '5',
  ownIdleMaximum: '240',
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
  | 'home'
  | 'acquire'
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
    freeze: pool.warm.freeze ?? false,
    idlePolicy: pool.idle.policy,
    idleKeeps: pool.idle.keeps ?? 'home',
    idleMinutes: inMinutes(pool.idle.afterSeconds),
    homePolicy: pool.home.policy,
    quotaMiB: String(pool.home.quotaMiB),
    expiresAfterDays: String(pool.home.expiresAfterDays),
    ownScreen: pool.acquire.screen,
    ownIdle: pool.acquire.idleSeconds !== null,
    ownIdleMinimum: pool.acquire.idleSeconds ? inMinutes(pool.acquire.idleSeconds.minimum) : newPool.ownIdleMinimum,
    ownIdleMaximum: pool.acquire.idleSeconds ? inMinutes(pool.acquire.idleSeconds.maximum) : newPool.ownIdleMaximum,
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

/** Seconds as the form shows them: "0.17" for 10, which reads back as 10. */
const inMinutes = (seconds: number) => String(Number((seconds / 60).toFixed(2)));
const inSeconds = (minutes: string) => Math.max(10, Math.round(Number(minutes) * 60));

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
    idleMinutes: range(form.idleMinutes, 0.17, 44_640, false),
    ...(hasHomes(form)
      ? { quotaMiB: range(form.quotaMiB, 1, 1_048_576), expiresAfterDays: range(form.expiresAfterDays, 1, 3650) }
      : {}),
    ...(form.ownIdle
      ? {
          ownIdleMinimum: range(form.ownIdleMinimum, 0.17, 44_640, false),
          ownIdleMaximum: range(form.ownIdleMaximum, 0.17, 44_640, false),
        }
      : {}),
    keep: form.backend === 'docker' ? undefined : range(form.keep, 1, 20),
    sessionsPerToken: form.sessionsPerToken.trim() === '' ? undefined : range(form.sessionsPerToken, 1, 200),
  };
  if (!errors.minimum && !errors.maximum && Number(form.minimum) > Number(form.maximum))
    errors.minimum = 'Not more than at most';
  if (
    form.ownIdle &&
    !errors.ownIdleMinimum &&
    !errors.ownIdleMaximum &&
    Number(form.ownIdleMinimum) > Number(form.ownIdleMaximum)
  )
    errors.ownIdleMinimum = 'Not more than at most';
  return Object.fromEntries(Object.entries(errors).filter(([, message]) => message !== undefined));
}

/** Whether its sessions get a home beyond their machines. */
export const hasHomes = (form: Pick<PoolForm, 'idlePolicy' | 'homePolicy'>) =>
  form.idlePolicy === 'suspend' || form.homePolicy === 'keep';

/** What a hidden field holds was not checked: then what a new pool has. */
const checked = (text: string, low: number, high: number, otherwise: string) =>
  Number(range(text, low, high) === undefined ? text : otherwise);

export function specOf(form: PoolForm): PoolCreate {
  return {
    displayName: form.displayName.trim(),
    description: form.description.trim(),
    size: {
      cpus: Number(form.cpus),
      memoryMiB: Number(form.memoryMiB),
      width: Number(form.width),
      height: Number(form.height),
    },
    warm: {
      minimum: Number(form.minimum),
      maximum: Number(form.maximum),
      // Of another backend it is no choice.
      ...(form.freeze && form.backend === 'docker' ? { freeze: true } : {}),
    },
    idle: {
      policy: form.idlePolicy,
      ...(keepsMachine(form) ? { keeps: 'machine' as const } : {}),
      afterSeconds: inSeconds(form.idleMinutes),
    },
    home: {
      policy: form.homePolicy,
      quotaMiB: checked(form.quotaMiB, 0, 1_048_576, newPool.quotaMiB),
      expiresAfterDays: checked(form.expiresAfterDays, 1, 3650, newPool.expiresAfterDays),
    },
    acquire: {
      screen: form.ownScreen,
      idleSeconds: form.ownIdle
        ? { minimum: inSeconds(form.ownIdleMinimum), maximum: inSeconds(form.ownIdleMaximum) }
        : null,
    },
    backend: form.backend,
    image: form.image,
    checkpoints: {
      beforeTakeover: form.beforeTakeover,
      beforeCommands: form.beforeCommands,
      keep: checked(form.keep, 1, 20, newPool.keep),
    },
    isolationRequired: form.isolationRequired,
    limits: { sessionsPerToken: form.sessionsPerToken.trim() === '' ? null : Number(form.sessionsPerToken) },
    assignments: [...form.assignments],
  };
}

/** Whether a suspended session's machine is saved whole; containers can't be. */
export const keepsMachine = (form: Pick<PoolForm, 'backend' | 'idlePolicy' | 'idleKeeps'>) =>
  form.idlePolicy === 'suspend' && form.idleKeeps === 'machine' && form.backend === 'qemu';

/** Another policy brings its own time, unless somebody typed one. */
export function withIdlePolicy(form: PoolForm, idlePolicy: PoolForm['idlePolicy'], touched: boolean): PoolForm {
  if (idlePolicy === form.idlePolicy) return form;
  return { ...form, idlePolicy, ...(touched ? {} : { idleMinutes: idlePolicy === 'suspend' ? '15' : '30' }) };
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
