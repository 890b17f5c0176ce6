import type { Home } from '@shared/home';
import { age } from '../../lib/clock';
import type { Role } from '../../lib/roles';

const day = 86_400_000;

/** "212 MB", "2.3 GB": what it takes on disk. */
export function sizeWords(bytes: number): string {
  const mib = bytes / 1024 ** 2;
  if (mib >= 1024) return `${Number((mib / 1024).toFixed(1))} GB`;
  return mib >= 1 ? `${Math.round(mib)} MB` : `${Math.ceil(bytes / 1024)} KB`;
}

/** "212 MB of 2 GB"; "quota 2 GB" of one that was not measured yet. */
export function usedWords({ bytes, quotaMiB }: Home): string {
  const quota = sizeWords(quotaMiB * 1024 ** 2);
  return bytes === null ? `quota ${quota}` : `${sizeWords(bytes)} of ${quota}`;
}

/** Why a home over its quota is marked, and what that does. */
export const overWords = ({ quotaEnforced }: Home) =>
  quotaEnforced
    ? 'Full: nothing more can be written to it'
    : 'Over its quota: nothing stops it, delete what is not needed';

/** Who has it, in a word, and in a colour only where somebody acts. */
export function stateWords(home: Home): { word: string; role: Role } {
  switch (home.state) {
    case 'attached':
      return home.machineId === null ? { word: 'Suspended', role: 'nobody' } : { word: 'In use', role: 'agent' };
    case 'kept':
      return { word: 'Kept', role: 'fine' };
    case 'deleting':
      return { word: 'Deleting', role: 'nobody' };
  }
}

/** When it goes by itself: "in 28 d", "now", "with session"; empty while it is kept for somebody. */
export function goesWords(home: Home, now: number): string {
  if (home.state === 'deleting') return '';
  if (home.expiresAt === null) return home.keep ? '' : 'with session';
  const left = Date.parse(home.expiresAt) - now;
  return left <= 0 ? 'now' : `in ${left >= day ? `${Math.ceil(left / day)} d` : age(left)}`;
}

/** Why it can't be deleted; null when it can. */
export function keepsIt(home: Home): string | null {
  if (home.state === 'deleting') return 'It is being deleted';
  return home.sessionId === null ? null : 'A session has it: end the session first';
}

/** Why it can't be downloaded now; null when it can be tried. A disk is read whole only while no machine writes to it. */
export function notNow(home: Home): string | null {
  if (home.state === 'deleting') return 'It is being deleted';
  return home.machineId !== null && home.backend === 'qemu'
    ? 'A machine has its disk: suspend or end its session first'
    : null;
}

/** Last used first; what is on its way out last. */
export const homesInOrder = (homes: readonly Home[]): Home[] =>
  homes.toSorted(
    (a, b) =>
      Number(a.state === 'deleting') - Number(b.state === 'deleting') ||
      b.lastUsedAt.localeCompare(a.lastUsedAt) ||
      a.homeId.localeCompare(b.homeId),
  );

export function matchesHome(home: Home, poolName: string, query: string): boolean {
  const text = `${home.homeId} ${home.caller} ${poolName}`.toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .filter(Boolean)
    .every((word) => text.includes(word));
}

/** "5 homes, 2.9 GB on disk"; how many alone while none was measured. */
export function totalWords(homes: readonly Home[]): string {
  const measured = homes.map((home) => home.bytes).filter((bytes): bytes is number => bytes !== null);
  const bytes = measured.reduce((sum, each) => sum + each, 0);
  const over = homes.filter((home) => home.overQuota).length;
  return `${homes.length === 1 ? '1 home' : `${homes.length} homes`}${measured.length > 0 ? `, ${sizeWords(bytes)} on disk` : ''}${over > 0 ? `, ${over} over quota` : ''}`;
}
