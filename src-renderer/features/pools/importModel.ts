import type { PoolImport } from '@shared/poolFile';
import { count } from '../../lib/words';

/** Fields as the dialog of a pool names them. */
const names: Record<string, string> = {
  displayName: 'Name',
  description: 'What it is for',
  backend: 'Backend',
  image: 'Image',
  'size.cpus': 'Processors',
  'size.memoryMiB': 'Memory, MiB',
  'size.width': 'Screen width',
  'size.height': 'Screen height',
  'warm.minimum': 'Kept warm',
  'warm.maximum': 'At most',
  'warm.freeze': 'Warm machines stand still',
  'idle.policy': 'When idle',
  'idle.keeps': 'What a suspended session keeps',
  'idle.afterSeconds': 'Idle for, seconds',
  'home.policy': 'Homes',
  'home.quotaMiB': 'A home’s quota, MiB',
  'home.expiresAfterDays': 'A home goes after, days',
  'acquire.screen': 'A request chooses its screen',
  'acquire.idleSeconds': 'A request chooses its idle time',
  'acquire.idleSeconds.minimum': 'Idle time of a request, at least, seconds',
  'acquire.idleSeconds.maximum': 'Idle time of a request, at most, seconds',
  'network.policy': 'Network',
  'network.allow': 'Allowed addresses',
  'checkpoints.beforeTakeover': 'Checkpoint before a take-over',
  'checkpoints.beforeCommands': 'Checkpoint before commands',
  'checkpoints.keep': 'Checkpoints kept',
  'limits.sessionsPerToken': 'Sessions of one token',
  assignments: 'Who may acquire',
  isolationRequired: 'Isolation is required',
  paused: 'Paused',
};

export const fieldWords = (path: string): string => names[path] ?? path;

export function valueWords(path: string, value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (value === null || value === undefined) return path === 'acquire.idleSeconds' ? 'no' : 'no limit';
  if (Array.isArray(value)) return value.length > 0 ? value.join(', ') : path === 'assignments' ? 'everyone' : 'none';
  if (typeof value === 'string') return value === '' ? 'empty' : value;
  return typeof value === 'number' ? String(value) : JSON.stringify(value);
}

/** "1 pool changes, 1 is new": null when nothing would change. */
export function importWords({ pools }: PoolImport): string | null {
  const changed = pools.filter(({ action }) => action === 'update').length;
  const made = pools.filter(({ action }) => action === 'create').length;
  if (changed === 0 && made === 0) return null;
  return [
    ...(changed > 0 ? [`${count(changed, 'pool')} ${changed === 1 ? 'changes' : 'change'}`] : []),
    ...(made > 0 ? [`${changed > 0 ? made : count(made, 'pool')} ${made === 1 ? 'is' : 'are'} new`] : []),
  ].join(', ');
}
