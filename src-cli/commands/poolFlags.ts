import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { poolDefaults, type Pool, type PoolPatch, type PoolSpec } from '@shared/pool';
import { common, type CommonOptions } from '../context';
import { UsageError } from '../errors';

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
    .option('--idle <seconds>', 'without activity until a session ends')
    .option('--idle-minutes <n>', 'the same in minutes')
    .option('--idle-policy <policy>', 'what happens then: release or suspend')
    .option('--home <policy>', 'none or keep')
    .option('--home-quota <MiB>')
    .option('--home-days <n>', 'days until a home that nobody uses goes')
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
    name: 'size' | 'warm' | 'idle' | 'home' | 'network' | 'checkpoints' | 'limits',
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
  });
  const minutes = number('idle-minutes', options.idleMinutes);
  merge('idle', {
    policy: options.idlePolicy,
    afterSeconds: minutes === undefined ? number('idle', options.idle) : Math.round(minutes * 60),
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
  const { sessionsPerToken } = options;
  merge('limits', {
    sessionsPerToken: sessionsPerToken === 'none' ? null : number('sessions-per-token', sessionsPerToken),
  });
  if (options.assign !== undefined) patch.assignments = list(options.assign);
  if (options.name !== undefined) patch.displayName = options.name;
  for (const field of ['description', 'backend', 'image', 'isolationRequired', 'paused'] as const) {
    if (options[field] !== undefined) patch[field] = options[field];
  }
  return patch as PoolPatch;
}

const number = (name: string, text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new UsageError(`--${name} takes a number, not "${text}".`);
  return value;
};
const pair = (name: string, text: string | undefined, separator: string): [number?, number?] => {
  if (text === undefined) return [];
  const [first, second, more] = text.split(separator);
  if (first === undefined || second === undefined || more !== undefined) {
    throw new UsageError(`--${name} takes two numbers with "${separator}" between, not "${text}".`);
  }
  return [number(name, first), number(name, second)];
};
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
