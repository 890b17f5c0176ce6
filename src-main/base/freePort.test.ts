import { createServer, type AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { mustBeFree } from './freePort';

it('tells a taken port from a free one, and leaves both as they were', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', () => resolve()));
  const { port } = server.address() as AddressInfo;
  await expect(mustBeFree(port)).rejects.toMatchObject({ code: 'conflict', data: { port, taken: true } });
  await new Promise((resolve) => server.close(resolve));
  await mustBeFree(port);
  await mustBeFree(port);
  await mustBeFree(0);
});
