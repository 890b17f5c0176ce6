import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { idleAfterSeconds, idleSchema, poolDefaults, type Pool, type PoolPatch, type PoolSpec } from '@shared/pool';
import { common, type CommonOptions } from '../context';
import { UsageError } from '../errors';
import { number, numberOrNone, pair } from '../values';

export interface PoolOptions extends CommonOptions {
  name?: string;
  description?: string;
  backend?: string;
  image?: string;
  cpus?: string;
  memory?: string;
  screen?: string;
  warm?: string;
  warmMin?: string;
  warmMax?: string;
  idle?: string;
  idleMinutes?: string;
  idlePolicy?: string;
  idleKeeps?: string;
  freeze?: boolean;
  acquireScreen?: boolean;
  acquireIdle?: string;
  home?: string;
  homeQuota?: string;
  homeDays?: string;
  network?: string;
  allow?: string;
  checkpointsBeforeTakeover?: boolean;
  checkpointsBeforeCommands?: boolean;
  checkpointsKeep?: string;
  sessionsPerToken?: string;
  assign?: string;
  isolationRequired?: boolean;
  paused?: boolean;
  file?: string;
}

/** One flag for each field of a pool; the server checks the values. */
export const withSpec = (command: Command): Command =>
  common(command)
    .option('--description <text>')
    .option('--backend <kind>', 'docker or qemu')
    .option('--image <name>')
    .option('--cpus <n>', 'cores')
    .option('--memory <MiB>')
    .option('--screen <WxH>', 'pixels')
    .option('--warm <min:max>', 'machines kept ready, and the most there may be')
    .option('--warm-min <n>', 'machines kept ready')
    .option('--warm-max <n>', 'the most there may be, leased ones included')
    .option(
      '--freeze',
      'stop the processors of ready ones until they are handed out, where the backend lets one choose',
    )
    .option('--no-freeze')
    .option('--idle <seconds>', 'without activity until a session ends, or is suspended')
    .option('--idle-minutes <n>', 'the same in minutes')
    .option('--idle-policy <policy>', 'what happens then: release (after 30 min unless said) or suspend (15 min)')
    .option('--idle-keeps <what>', 'of a suspended session: home, or the whole machine where the backend can save one')
    .option('--home <policy>', 'when a session ends, its home goes (none) or stays (keep)')
    .option('--home-quota <MiB>', 'the most that a home may hold; 0 for no bound')
    .option('--home-days <n>', 'days until a home, or a suspended session, that nobody uses goes')
    .option('--acquire-screen', 'a request may choose its screen')
    .option('--no-acquire-screen')
    .option(
      '--acquire-idle <min:max>',
      'a request may choose its idle time, in seconds between these; "none": it may not',
    )
    .option('--network <policy>', 'none, allowlist or open')
    .option('--allow <hosts>', 'of an allowlist, with commas between')
    .option('--checkpoints-before-takeover', 'save before a person takes control')
    .option('--no-checkpoints-before-takeover')
    .option('--checkpoints-before-commands', 'save before an agent runs a shell command')
    .option('--no-checkpoints-before-commands')
    .option('--checkpoints-keep <n>', 'the most of these that a session may have')
    .option('--sessions-per-token <n>', 'the most sessions that one agent token may have at once; "none" for no limit')
    .option('--assign <names>', 'names of the agent tokens that may acquire, with commas between; "" for all')
    .option('--isolation-required', 'hand out nothing where isolation can’t be promised')
    .option('--no-isolation-required')
    .option('--paused', 'hand out nothing')
    .option('--no-paused', 'hand out again')
    .option('--file <file>', 'further fields as JSON; "-" reads standard input');

/** What was asked for, over `now` where a part of an object changes. The server checks it. */
export function patchOf(options: PoolOptions, now: Pool | null): PoolPatch {
  const patch: Record<string, unknown> = options.file ? fromFile(options.file) : {};
  const base: Omit<PoolSpec, 'displayName'> = now ?? poolDefaults;
  const merge = (
    name: 'size' | 'warm' | 'idle' | 'home' | 'network' | 'checkpoints' | 'limits' | 'acquire',
    given: object,
  ): void => {
    const said = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    if (Object.keys(said).length > 0) patch[name] = { ...base[name], ...(patch[name] as object | undefined), ...said };
  };
  const [width, height] = pair('screen', options.screen, 'x');
  const [minimum, maximum] = pair('warm', options.warm, ':');
  merge('size', { cpus: number('cpus', options.cpus), memoryMiB: number('memory', options.memory), width, height });
  merge('warm', {
    minimum: number('warm-min', options.warmMin) ?? minimum,
    maximum: number('warm-max', options.warmMax) ?? maximum,
    freeze: options.freeze,
  });
  const minutes = number('idle-minutes', options.idleMinutes);
  merge('idle', {
    policy: options.idlePolicy,
    keeps: options.idleKeeps,
    afterSeconds:
      (minutes === undefined ? number('idle', options.idle) : Math.round(minutes * 60)) ?? usualIdle(options, base),
  });
  merge('home', {
    policy: options.home,
    quotaMiB: number('home-quota', options.homeQuota),
    expiresAfterDays: number('home-days', options.homeDays),
  });
  merge('network', { policy: options.network, allow: list(options.allow) });
  merge('checkpoints', {
    beforeTakeover: options.checkpointsBeforeTakeover,
    beforeCommands: options.checkpointsBeforeCommands,
    keep: number('checkpoints-keep', options.checkpointsKeep),
  });
  merge('limits', { sessionsPerToken: numberOrNone('sessions-per-token', options.sessionsPerToken) });
  merge('acquire', { screen: options.acquireScreen, idleSeconds: idleBounds(options.acquireIdle) });
  if (options.assign !== undefined) patch.assignments = list(options.assign);
  if (options.name !== undefined) patch.displayName = options.name;
  for (const field of ['description', 'backend', 'image', 'isolationRequired', 'paused'] as const) {
    if (options[field] !== undefined) patch[field] = options[field];
  }
  return patch as PoolPatch;
}

/** Of a policy that is another from now on, where no time was given; undefined: as it was. */
function usualIdle({ idlePolicy }: PoolOptions, { idle }: Pick<PoolSpec, 'idle'>): number | undefined {
  const policy = idleSchema.shape.policy.safeParse(idlePolicy).data;
  return policy === undefined || policy === idle.policy ? undefined : idleAfterSeconds[policy];
}
function idleBounds(text: string | undefined): { minimum?: number; maximum?: number } | null | undefined {
  if (text === undefined || text === 'none') return text === undefined ? undefined : null;
  const [minimum, maximum] = pair('acquire-idle', text, ':');
  return { minimum, maximum };
}
const list = (text: string | undefined): string[] | undefined =>
  text
    ?.split(',')
    .map((part) => part.trim())
    .filter(Boolean);

function fromFile(file: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(file === '-' ? 0 : file, 'utf8')) as Record<string, unknown>;
  } catch (error) {
    throw new UsageError(`--file ${file}: ${error instanceof Error ? error.message : 'not readable'}`);
  }
}
