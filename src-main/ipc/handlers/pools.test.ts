import { expect, it } from 'vitest';
import { fakeServices } from '../../server/testing/fakeServices';
import { poolHandlers } from './pools';

const begin = () => {
  const { services, pools } = fakeServices();
  const saved: { name: string; kind: string; text: string }[] = [];
  let chosen: { name: string; text: string } | null = null;
  const handlers = poolHandlers(
    { broker: services.broker, url: 'http://127.0.0.1:7317' },
    { saveText: async (file) => saved.push(file) > 0, openText: async () => chosen },
  );
  return { handlers, pools, saved, choose: (file: typeof chosen) => void (chosen = file) };
};

it('saves a pool as a file, shows what a file would change, and then does it', async () => {
  const { handlers, pools, saved, choose } = begin();
  expect(await handlers['pools.export']({ id: 'desktop' })).toEqual({ saved: true });
  expect(saved).toMatchObject([{ name: 'desktop.yaml', kind: 'yaml' }]);
  expect(await handlers['pools.openImport']()).toBeNull();
  const text = saved[0]!.text.replace('minimum: 2', 'minimum: 1');
  choose({ name: 'mine.yaml', text });
  expect(await handlers['pools.openImport']()).toMatchObject({
    file: 'mine.yaml',
    preview: { applied: false, pools: [{ action: 'update', changes: [{ path: 'warm.minimum', from: 2, to: 1 }] }] },
  });
  expect(pools.get('desktop')?.warm.minimum).toBe(2);
  expect(handlers['pools.import']({ text })).toMatchObject({ applied: true });
  expect(pools.get('desktop')?.warm.minimum).toBe(1);
  choose({ name: 'bad.yaml', text: 'pools: 3' });
  await expect(handlers['pools.openImport']()).rejects.toMatchObject({ code: 'bad_request' });
});

it('makes a name of a pool that is a name of a file', async () => {
  const { handlers, pools, saved } = begin();
  pools.get('desktop')!.displayName = '../..\u0000/Übung 1';
  await handlers['pools.export']({ id: 'desktop' });
  expect(saved[0]?.name).toBe('Übung-1.yaml');
});
