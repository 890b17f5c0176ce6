import type { Home } from '@shared/home';
import { refuse, type Handlers, type MockWorld } from './mockCheckpoints';
import { ago } from './mockData';

const day = 86_400;
const home = (homeId: string, caller: string, patch: Partial<Home>): Home => ({
  homeId,
  poolId: 'night-shift',
  backend: 'docker',
  caller,
  keep: true,
  state: 'kept',
  sessionId: null,
  machineId: null,
  bytes: 214 * 1024 ** 2,
  quotaMiB: 2048,
  quotaEnforced: false,
  overQuota: false,
  createdAt: ago(12 * day),
  lastUsedAt: ago(2 * day),
  expiresAt: ago(-28 * day),
  reason: null,
  ...patch,
});

export const homes: Home[] = [
  home('home-price-list', 'Claude Code, laptop', {
    state: 'attached',
    sessionId: 'price-list',
    lastUsedAt: ago(2700),
    expiresAt: null,
  }),
  home('home-archive', 'Heron', {
    state: 'attached',
    sessionId: 'archive-scan',
    machineId: 'night-shift-44',
    lastUsedAt: ago(3),
    expiresAt: null,
    bytes: 2.3 * 1024 ** 3,
    overQuota: true,
  }),
  home('home-invoices-2026', 'Claude Code, laptop', {}),
  home('home-week-46', 'Nightly checks', { bytes: null, lastUsedAt: ago(27 * day), expiresAt: ago(-3 * day) }),
  home('home-trial', 'Heron', { state: 'deleting', reason: 'Its volume is still in use', expiresAt: null }),
];

/** Homes as development's main process keeps them; `?homes=none` has none. */
export const homeHandlers = ({ wish, push }: MockWorld) =>
  ({
    'homes.list': () => (wish.get('homes') === 'none' ? [] : homes.map((each) => ({ ...each }))),
    'homes.remove': ({ homeId }) => {
      const at = homes.findIndex((each) => each.homeId === homeId);
      const found = homes[at];
      if (!found) throw refuse('not_found', 'No home has this id.');
      if (found.sessionId) throw refuse('conflict', 'A session has this home. End the session first.');
      push('event', { event: 'home', data: { ...found, state: 'deleting' } });
      homes.splice(at, 1);
      setTimeout(() => push('event', { event: 'home_removed', data: { homeId } }), 600);
      return null;
    },
    'homes.download': ({ homeId }) => {
      const found = homes.find((each) => each.homeId === homeId);
      if (found?.machineId) throw refuse('conflict', 'A machine has this home now. Suspend or end its session first.');
      return { saved: true };
    },
  }) satisfies Partial<Handlers>;
