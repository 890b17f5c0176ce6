import { z } from 'zod';
import { rootTool } from './rootTool';

export const listPools = rootTool({
  name: 'list_pools',
  title: 'List pools',
  description: 'The pools you may get a desktop from, with the size of their screens and how many desktops wait ready.',
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
    }));
    return { structured: { pools } };
  },
});
