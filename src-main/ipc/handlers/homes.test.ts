import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { WheelhouseError } from '../../base/errors';
import { silentLogger } from '../../base/logger';
import { fakeServices } from '../../server/testing/fakeServices';
import { homeHandlers } from './homes';

const begin = (place: boolean) => {
  const { services, homes } = fakeServices();
  const saved: { name: string; kind: string; text: string }[] = [];
  const handlers = homeHandlers(
    { broker: services.broker, operator: { name: 'ann', admin: true }, logger: silentLogger },
    {
      async saveStream({ name, kind, open }) {
        if (!place) return false;
        const parts: Buffer[] = [];
        for await (const part of await open()) parts.push(part as Buffer);
        saved.push({ name, kind, text: Buffer.concat(parts).toString() });
        return true;
      },
    },
  );
  return { handlers, homes, saved };
};

it('saves a home where the person says, under the name of what it is', async () => {
  const { handlers, homes, saved } = begin(true);
  const tar = homes.add('h_files001', { caller: 'one' }, () =>
    Readable.from([Buffer.from('all '), Buffer.from('of it')]),
  );
  const disk = homes.add('h_disk0001', { backend: 'qemu' }, () => Readable.from([Buffer.from('QFI')]));
  expect(handlers['homes.list']().map(({ homeId }) => homeId)).toEqual([tar.homeId, disk.homeId]);
  expect(await handlers['homes.download']({ homeId: tar.homeId })).toEqual({ saved: true });
  expect(await handlers['homes.download']({ homeId: disk.homeId })).toEqual({ saved: true });
  expect(saved).toEqual([
    { name: 'h_files001.tar', kind: 'tar', text: 'all of it' },
    { name: 'h_disk0001.qcow2', kind: 'qcow2', text: 'QFI' },
  ]);
  await expect(handlers['homes.download']({ homeId: 'h_none0001' })).rejects.toMatchObject({ code: 'not_found' });
});

it('opens nothing before there is a place for it', async () => {
  const { handlers, homes } = begin(false);
  homes.add('h_files001', {}, () => {
    throw new WheelhouseError('internal', 'opened');
  });
  expect(await handlers['homes.download']({ homeId: 'h_files001' })).toEqual({ saved: false });
  expect(await handlers['homes.remove']({ homeId: 'h_files001' })).toBeNull();
  expect(handlers['homes.list']()).toEqual([]);
});
