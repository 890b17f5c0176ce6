import type { Condition, Machine, MachineCounts, Pool } from '@shared/pool';
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
    case 'HostAtCapacity':
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
    case 'HostAtCapacity':
      return 'This computer’s limit is reached';
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
      return 'The first desktop is being prepared';
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
  const preparing = pool.observed.conditions.some(({ reason }) => reason === 'Preparing');
  // Failed ones take a place and are nobody's wish.
  const met = counts.ready >= pool.warm.minimum || total - counts.quarantined >= pool.warm.maximum;
  return [
    {
      name: 'Warm machines',
      desired: `${pool.warm.minimum}, at most ${pool.warm.maximum} in all${pool.warm.freeze ? ', standing still' : ''}`,
      observed: `${counts.ready} ready${coming > 0 ? `, ${coming} on the way` : ''}`,
      verdict: pool.paused ? null : met ? 'as desired' : coming > 0 || preparing ? 'catching up' : 'not met',
    },
    { name: 'Backend', desired: backendWords[pool.backend], observed: isolationSeen(pool), verdict: null },
    {
      name: 'Image',
      desired: pool.image,
      observed: imageWords,
      verdict: images.size > 1 ? 'catching up' : images.size === 1 ? 'as desired' : null,
    },
    {
      name: 'Size',
      desired: `${pool.size.cpus} CPU, ${memoryWords(pool.size.memoryMiB)}, ${pool.size.width}\u00a0×\u00a0${pool.size.height}`,
      observed: memorySeen(machines ?? []),
      verdict: null,
    },
    {
      name: 'Idle',
      desired: `${pool.idle.policy === 'release' ? 'Release' : 'Suspend'} after ${settingSpan(pool.idle.afterSeconds)}${pool.idle.policy === 'suspend' && pool.idle.keeps === 'machine' ? ', machines are saved whole' : ''}`,
      observed: idleSeen(sessions, now),
      verdict: null,
    },
    { name: 'Homes', desired: homesWanted(pool), observed: '', verdict: null },
    ...(pool.acquire.screen || pool.acquire.idleSeconds
      ? [{ name: 'A request may choose', desired: mayChoose(pool), observed: '', verdict: null }]
      : []),
    { name: 'Checkpoints', desired: checkpointWords(pool), observed: '', verdict: null },
    { name: 'Network', desired: networkWords(pool), observed: '', verdict: null },
    {
      name: 'Who may acquire',
      desired: pool.assignments.length === 0 ? 'Every agent token' : pool.assignments.join(', '),
      observed: callersNow(sessions),
      verdict: null,
    },
    {
      name: 'Sessions of one token',
      desired: pool.limits.sessionsPerToken === null ? 'No limit' : `At most ${pool.limits.sessionsPerToken}`,
      observed: '',
      verdict: null,
    },
  ];
}

export const backendWords: Record<Pool['backend'], string> = {
  docker: 'Docker containers',
  qemu: 'QEMU machines',
  fake: 'Made-up machines',
};

function isolationSeen(pool: Pool): string {
  const emulated = pool.observed.conditions.some((each) => each.type === 'Backend' && /emulat/i.test(each.message));
  if (pool.backend === 'docker') return 'They share this computer’s kernel';
  if (pool.backend === 'qemu') return emulated ? 'A kernel each, the processor is emulated' : 'A kernel each';
  return '';
}

/** When checkpoints are made by themselves, and how many a session keeps. */
export function checkpointWords({ backend, checkpoints }: Pick<Pool, 'backend' | 'checkpoints'>): string {
  if (backend === 'docker') return 'None: containers keep none';
  const by = [
    ...(checkpoints.beforeTakeover ? ['before control is taken'] : []),
    ...(checkpoints.beforeCommands ? ['before commands'] : []),
  ];
  return `${by.length === 0 ? 'When asked for' : `When asked for, ${by.join(' and ')}`}; at most ${checkpoints.keep}`;
}

/** An image without the registry or project before its name. */
export const shortImage = (image: string) => image.slice(image.lastIndexOf('/') + 1);

/** A held session is not idle, nor is one that is suspended: those are counted. */
function idleSeen(sessions: readonly Session[], now: number): string {
  const suspended = sessions.filter((session) => session.status === 'idle').length;
  const idle = sessions
    .filter((session) => session.status === 'active' && session.control.kind !== 'human')
    .map((session) => now - Date.parse(session.lastActivityAt));
  return [
    idle.length === 0 ? 'None now' : `Longest now: ${clock(Math.max(...idle))}`,
    ...(suspended > 0 ? [`${suspended} suspended`] : []),
  ].join(', ');
}

function homesWanted({ home, idle }: Pool): string {
  const quota = memoryWords(home.quotaMiB);
  const days = home.expiresAfterDays === 1 ? '1 day' : `${home.expiresAfterDays} days`;
  if (home.policy === 'keep') return `Kept up to ${days} unused, ${quota} each`;
  return idle.policy === 'suspend' ? `Kept while suspended, up to ${days}, ${quota} each` : 'Go with their session';
}

function mayChoose({ acquire }: Pool): string {
  const { idleSeconds: idle } = acquire;
  return [
    ...(acquire.screen ? ['Its screen'] : []),
    ...(idle ? [`Idle time, ${settingSpan(idle.minimum)} to ${settingSpan(idle.maximum)}`] : []),
  ].join('; ');
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
/** A machine with trouble wears its colour, whoever has it. */
export const machineRole = ({ state, trouble }: Machine): Role => (trouble ? 'trouble' : machineRoles[state]);
export const inState = (machine: Machine, now: number) => age(now - Date.parse(machine.since));
