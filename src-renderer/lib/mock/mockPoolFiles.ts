import type { PoolImport } from '@shared/poolFile';
import { refuse, type Handlers } from './mockCheckpoints';
import { pools } from './mockPools';

const preview = (applied: boolean): PoolImport => ({
  applied,
  pools: [
    {
      action: 'update',
      id: pools[0]?.id ?? null,
      displayName: 'office-docker',
      changes: [
        { path: 'warm.minimum', from: 4, to: 6 },
        { path: 'assignments', from: [], to: ['Claude Code, laptop'] },
      ],
    },
    { action: 'create', id: null, displayName: 'night-shift', changes: [{ path: 'displayName', to: 'night-shift' }] },
    { action: 'unchanged', id: 'research', displayName: 'research', changes: [] },
  ],
});

/** `?import=bad` has a file that can't be read, `?import=same` one that changes nothing. */
export const poolFileHandlers = (wish: URLSearchParams) =>
  ({
    'pools.export': () => ({ saved: true }),
    'pools.openImport': () => {
      if (wish.get('import') === 'bad') {
        const { error } = refuse('bad_request', 'This is no file of pools. There are 2 faults in all.');
        throw {
          error: {
            ...error,
            details: [
              { path: 'pools[0].warm.maximum', message: 'line 4: it is missing' },
              { path: 'pools[0].sise', message: 'line 6: there is no such field' },
            ],
          },
        };
      }
      const all = preview(false);
      const same = { ...all, pools: all.pools.filter((each) => each.action === 'unchanged') };
      return { file: 'pools.yaml', text: '', preview: wish.get('import') === 'same' ? same : all };
    },
    'pools.import': () => preview(true),
  }) satisfies Partial<Handlers>;
