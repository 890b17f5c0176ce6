import { poolFileBytes } from '@shared/poolFile';
import { readPoolFile, writePoolFile } from '../../broker/poolFile';
import type { Handlers } from '../router';
import type { Rooms, Shell } from '../rooms';

export const poolHandlers = (
  { broker, url }: Pick<Rooms, 'broker' | 'url'>,
  shell: Pick<Shell, 'saveText' | 'openText'>,
) =>
  ({
    'pools.list': () => broker.pools.list(),
    'pools.create': (input) => broker.pools.create(input),
    'pools.update': ({ id, patch }) => broker.pools.update(id, patch),
    'pools.delete': async ({ id, force }) => {
      await broker.pools.delete(id, { force });
      return null;
    },
    'pools.machines': ({ id }) => broker.pools.machines(id),
    'pools.export': async ({ id }) => {
      const pool = broker.pools.get(id);
      const name = pool.displayName.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[.-]+/, '') || 'pool';
      return { saved: await shell.saveText({ name: `${name}.yaml`, kind: 'yaml', text: writePoolFile([pool], url) }) };
    },
    'pools.openImport': async () => {
      const chosen = await shell.openText({ kinds: ['yaml', 'yml', 'json'], bytes: poolFileBytes });
      if (chosen === null) return null;
      const preview = broker.pools.import(readPoolFile(chosen.text).pools, { dryRun: true });
      return { file: chosen.name, text: chosen.text, preview };
    },
    'pools.import': ({ text }) => broker.pools.import(readPoolFile(text).pools, { dryRun: false }),
    'pools.destroyMachine': async ({ machineId }) => {
      await broker.pools.destroyMachine(machineId);
      return null;
    },
    'pools.retry': ({ id }) => broker.pools.retry(id),
  }) satisfies Partial<Handlers>;
