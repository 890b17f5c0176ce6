import { z } from 'zod';
import { rootTool } from './rootTool';

export const listPools = rootTool({
  name: 'list_pools',
  title: 'List pools',
  description:
    'The pools you may get a desktop from, with the size of their screens, how many desktops wait ready, and what start_session may choose.',
  input: z.strictObject({}),
  readOnly: true,
  async run({ caller, choice }) {
    const pools = choice.pools(caller).map((pool) => ({
      id: pool.id,
      displayName: pool.displayName,
      description: pool.description,
      screen: { width: pool.size.width, height: pool.size.height },
      ready: pool.observed.machines.ready,
      paused: pool.paused,
      mayChoose: { screen: pool.acquire.screen, idleSeconds: pool.acquire.idleSeconds },
      keepsHomes: pool.home.policy === 'keep',
    }));
    return { structured: { pools } };
  },
});
