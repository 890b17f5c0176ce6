import type { Condition, Machine, MachineCounts, Pool, PoolCreate } from '@shared/pool';
import type { Session } from '@shared/session';
import { age, clock, settingSpan } from '../../lib/clock';
import type { Role } from '../../lib/roles';
import { count } from '../../lib/words';

export const machineTotal = (counts: MachineCounts) =>
  counts.creating + counts.starting + counts.ready + counts.leased + counts.resetting + counts.quarantined;

/** "8 leased, 4 ready, 1 starting"; states with none are left out, but the first two. */
export function countWords(counts: MachineCounts): string {
  const words = [`${counts.leased} leased`, `${counts.ready} ready`];
  const starting = counts.creating + counts.starting;
  if (starting > 0) words.push(`${starting} starting`);
  if (counts.resetting > 0) words.push(`${counts.resetting} resetting`);
  if (counts.quarantined > 0) words.push(`${counts.quarantined} quarantined`);
  return words.join(', ');
}

export type ConditionTone = 'fine' | 'moving' | 'warn' | 'bad' | 'paused';

export function conditionTone(condition: Condition): ConditionTone {
  switch (condition.reason) {
    case 'Healthy':
      return 'fine';
    case 'Replenishing':
    case 'ImageBuilding':
    case 'Preparing':
      return 'moving';
    case 'Paused':
      return 'paused';
    case 'AtCapacity':
    case 'MachineQuarantined':
      return 'warn';
    default:
      return condition.status === 'True' ? 'fine' : 'bad';
  }
}

/** A condition's title in words; its own message says what to do. */
export function conditionTitle(condition: Condition): string {
  switch (condition.reason) {
    case 'Healthy':
      return {
        Ready: 'Ready to hand out',
        Warm: 'Warm as wanted',
        Backend: 'The backend answers',
        Image: 'The image is there',
      }[condition.type];
    case 'Replenishing':
      return 'Machines on their way';
    case 'AtCapacity':
      return 'All machines are in use';
    case 'ImageMissing':
      return 'The image is missing';
    case 'ImageBuilding':
      return 'The image is being built';
    case 'BackendUnreachable':
      return 'The backend does not answer';
    case 'BackendUnsupported':
      return 'This backend is not here';
    case 'IsolationUnavailable':
      return 'Isolation can’t be promised';
    case 'MachineQuarantined':
      return 'A machine needs a look';
    case 'CreateFailed':
      return 'Machines can’t be made';
    case 'Preparing':
      return 'The clean desktop is being saved';
    case 'Paused':
      return 'Paused: hands out nothing';
  }
}

/** Conditions with each cause told once: an engine that is away, or a pause, is the reason of several. */
export function conditionsToShow(conditions: readonly Condition[]): Condition[] {
  const away = conditions.some(({ reason }) => reason === 'BackendUnreachable' || reason === 'BackendUnsupported');
  return conditions.filter(
    (condition, index) =>
      !(away && condition.reason === 'Replenishing') &&
      (condition.reason === 'Healthy' || conditions.findIndex(({ reason }) => reason === condition.reason) === index),
  );
}

const rank: Record<ConditionTone, number> = { bad: 0, paused: 1, warn: 2, moving: 3, fine: 4 };

/** The one line of the list: the worst that is known, in words. */
export function poolLine(pool: Pool): { tone: ConditionTone; text: string } {
  if (pool.paused) return { tone: 'paused', text: 'Paused: hands out nothing' };
  const worst = pool.observed.conditions.toSorted((a, b) => rank[conditionTone(a)] - rank[conditionTone(b)])[0];
  if (!worst) return { tone: 'moving', text: 'Being looked at' };
  const tone = conditionTone(worst);
  if (tone === 'fine') return { tone, text: 'Works' };
  if (worst.reason === 'MachineQuarantined')
    return {
      tone,
      text: `Works. ${count(pool.observed.machines.quarantined, 'machine')} ${pool.observed.machines.quarantined === 1 ? 'needs' : 'need'} a look`,
    };
  return { tone, text: conditionTitle(worst) };
}

export interface ConfigRow {
  name: string;
  desired: string;
  observed: string;
  verdict: 'as desired' | 'catching up' | 'not met' | null;
}

/** Desired and observed side by side; `observed` says only what was really seen. `machines`: undefined until they are read. */
export function configRows(
  pool: Pool,
  machines: readonly Machine[] | undefined,
  sessions: readonly Session[],
  now: number,
): ConfigRow[] {
  const { machines: counts } = pool.observed;
  const coming = counts.creating + counts.starting + counts.resetting;
  const total = machineTotal(counts);
  const images = new Map<string, number>();
  for (const { image } of (machines ?? []).map((machine) => ({ image: shortImage(machine.image) })))
    images.set(image, (images.get(image) ?? 0) + 1);
  const imageWords =
    machines === undefined
      ? ''
      : images.size === 0
        ? 'No machine yet'
        : [...images].map(([image, n]) => (images.size === 1 ? `${image} on all` : `${n} on ${image}`)).join(', ');
  const met = counts.ready >= pool.warm.minimum || total >= pool.warm.maximum;
  return [
    {
      name: 'Warm machines',
      desired: `${pool.warm.minimum}, at most ${pool.warm.maximum} in all`,
      observed: `${counts.ready} ready${coming > 0 ? `, ${coming} on the way` : ''}`,
      verdict: pool.paused ? null : met ? 'as desired' : coming > 0 ? 'catching up' : 'not met',
    },
    {
      name: 'Image',
      desired: pool.image,
      observed: imageWords,
      verdict: images.size > 1 ? 'catching up' : images.size === 1 ? 'as desired' : null,
    },
    {
      name: 'Size',
      desired: `${pool.size.cpus} CPU, ${memoryWords(pool.size.memoryMiB)}, ${pool.size.width} × ${pool.size.height}`,
      observed: memorySeen(machines ?? []),
      verdict: null,
    },
    {
      name: 'Idle',
      desired: `${pool.idle.policy === 'release' ? 'Release' : 'Suspend'} after ${settingSpan(pool.idle.afterSeconds)}`,
      observed: longestIdle(sessions, now),
      verdict: null,
    },
    { name: 'Network', desired: networkWords(pool), observed: '', verdict: null },
    {
      name: 'Who may acquire',
      desired: pool.assignments.length === 0 ? 'Every agent token' : pool.assignments.join(', '),
      observed: callersNow(sessions),
      verdict: null,
    },
  ];
}

/** An image without the registry or project before its name. */
export const shortImage = (image: string) => image.slice(image.lastIndexOf('/') + 1);

/** A held session is not idle. */
function longestIdle(sessions: readonly Session[], now: number): string {
  const idle = sessions
    .filter((session) => session.control.kind !== 'human')
    .map((session) => now - Date.parse(session.lastActivityAt));
  return idle.length === 0 ? 'None now' : `Longest now: ${clock(Math.max(...idle))}`;
}

function callersNow(sessions: readonly Session[]): string {
  const callers = [...new Set(sessions.map((session) => session.caller))];
  if (callers.length === 0) return 'Nobody now';
  return callers.length > 2 ? `${callers.length} hold sessions now` : `Now: ${callers.join(', ')}`;
}

function memorySeen(machines: readonly Machine[]): string {
  const seen = machines.map((machine) => machine.memoryBytes).filter((bytes): bytes is number => bytes !== null);
  if (seen.length === 0) return '';
  return `Up to ${memoryWords(Math.max(...seen) / 1024 ** 2)} in use`;
}

export const memoryWords = (mib: number) =>
  mib >= 1024 ? `${Number((mib / 1024).toFixed(1))} GB` : `${Math.round(mib)} MB`;
const networkWords = (pool: Pool) =>
  ({ none: 'None', open: 'Open', allowlist: count(pool.network.allow.length, 'address', 'addresses') })[
    pool.network.policy
  ];

export const machineRoles: Record<Machine['state'], Role> = {
  creating: 'nobody',
  starting: 'nobody',
  ready: 'fine',
  leased: 'agent',
  resetting: 'nobody',
  quarantined: 'trouble',
  destroying: 'nobody',
  gone: 'nobody',
};
export const machineOrder: readonly Machine['state'][] = [
  'quarantined',
  'creating',
  'starting',
  'resetting',
  'leased',
  'ready',
  'destroying',
  'gone',
];

export const sortMachines = (machines: readonly Machine[]) =>
  machines.toSorted(
    (a, b) => machineOrder.indexOf(a.state) - machineOrder.indexOf(b.state) || a.machineId.localeCompare(b.machineId),
  );

export const inState = (machine: Machine, now: number) => age(now - Date.parse(machine.since));

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
}

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
};

export function formOf(pool: Pick<Pool, 'displayName' | 'description' | 'size' | 'warm' | 'idle'> | null): PoolForm {
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
  };
}
