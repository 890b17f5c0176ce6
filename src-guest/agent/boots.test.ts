import { connect } from 'node:net';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { linkCrypto } from '../linkCrypto';
import { EpochFence } from '../epochFence';
import { LinkServer } from '../linkServer';
import { becomeByLines, linkPlace, type Identity } from './boots';

const secret = 's'.repeat(43);

describe('a machine that wakes as another one', () => {
  it('answers each line in its turn, and a wrong one without repeating it', async () => {
    const input = new PassThrough();
    const output = new PassThrough();
    const became: Identity[] = [];
    const done = becomeByLines(
      async (identity) => {
        if (identity.machineId === 'm_c') throw Object.assign(new Error('taken'), { code: 'EADDRINUSE' });
        became.push(identity);
      },
      input,
      output,
    );
    input.write(`m_a b_1 ${secret}\n${secret}\nm_c b`);
    input.end(`_2 ${secret}\nm_b b_3 ${secret}\n`);
    await done;
    output.end();
    expect(await text(output)).toBe('ok\nEINVAL\nEADDRINUSE\nok\n');
    expect(became).toEqual([
      { machineId: 'm_a', bootId: 'b_1', secret },
      { machineId: 'm_b', bootId: 'b_3', secret },
    ]);
  });

  it('listens in its private folder, or where it is told', () => {
    expect(linkPlace(undefined)).toEqual({ path: '/run/wheelhouse/private/link/link.sock' });
    expect(linkPlace('10.0.2.15 4100 10.0.2.2')).toEqual({ host: '10.0.2.15', port: 4100, from: '10.0.2.2' });
    expect(() => linkPlace('10.0.2.15 4100')).toThrow();
    expect(() => linkPlace('10.0.2.15 x 10.0.2.2')).toThrow();
  });
});

describe('a link that is told another identity', () => {
  it('cuts the connections under the one before', async () => {
    const of = (machineId: string) => ({ machineId, secret, bootId: machineId, fence: new EpochFence(), handlers: {} });
    const server = new LinkServer({
      ...of('m_aaaaaaaaaaaaaaaa'),
      crypto: linkCrypto,
      openRfb: () => Promise.reject(new Error('no screen')),
    });
    onTestFinished(() => server.close());
    await server.listen({ host: '127.0.0.1', port: 0, from: '127.0.0.1' });
    const socket = connect((server.server.address() as { port: number }).port, '127.0.0.1');
    socket.on('error', () => {});
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await new Promise((resolve) => server.server.once('connection', resolve));
    server.renew(of('m_bbbbbbbbbbbbbbbb'));
    await closed;
  });
});

describe('a link with an address', () => {
  const serve = async (from: string) => {
    const server = new LinkServer({
      machineId: 'm_aaaaaaaaaaaaaaaa',
      secret,
      bootId: 'b',
      crypto: linkCrypto,
      handlers: {},
      openRfb: () => Promise.reject(new Error('no screen')),
    });
    onTestFinished(() => server.close());
    await server.listen({ host: '127.0.0.1', port: 0, from });
    return (server.server.address() as { port: number }).port;
  };
  /** What a visitor who says nothing that makes sense gets to hear, up to the end. */
  const knock = async (port: number, says: Buffer) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(says);
    let heard = 0;
    socket.on('data', (data: Buffer) => (heard += data.length));
    await new Promise((resolve) => socket.once('close', resolve));
    return heard;
  };
  const hello = Buffer.from(
    JSON.stringify({
      kind: 'hello',
      version: 99,
      purpose: 'calls',
      machineId: 'm_aaaaaaaaaaaaaaaa',
      nonce: 'n'.repeat(43),
    }),
  );
  const frame = Buffer.concat([Buffer.from([0, 0, 0, hello.length]), hello]);

  it('takes connections from its one peer', async () => {
    expect(await knock(await serve('127.0.0.1'), frame)).toBeGreaterThan(0);
  });

  it('closes all others without a word', async () => {
    expect(await knock(await serve('10.0.2.2'), frame)).toBe(0);
  });
});
