import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { DemoStatus } from '@shared/ipc';
import { systemClock } from '../base/clock';
import { WheelhouseError } from '../base/errors';
import { silentLogger } from '../base/logger';
import { readEvent } from './events';
import { createDemo, type DemoOptions } from './service';

const sessionId = 'session-0001';

/** A service around an agent that this test plays, line by line. */
function stage(changes: Partial<DemoOptions> = {}) {
  const written: { path: string; data: Buffer; epoch: number }[] = [];
  const notes: [string, string][] = [];
  const released: string[] = [];
  const seen: DemoStatus[] = [];
  const agent = {
    started: 0,
    stopped: 0,
    withdrawn: 0,
    line: (_: string) => {},
    end: (_: string) => {},
    token: '',
    order: {},
  };
  const guest = {
    writeFile: (call: { epoch: number; path: string; data: Buffer }) => {
      written.push(call);
      return Promise.resolve();
    },
  };
  const demo = createDemo({
    script: '/nowhere/agent.js',
    url: 'http://127.0.0.1:1',
    place: (way) => ({ poolId: way === 'qemu' ? 'machines' : 'desktop', patience: way === 'qemu' ? 8 : 1 }),
    identity: { createEphemeral: () => ({ secret: 'whl_agent_x', withdraw: () => void agent.withdrawn++ }) },
    broker: {
      connect: () => Promise.resolve({ guest } as never),
      release: (id: string) => {
        released.push(id);
        return Promise.resolve();
      },
    },
    control: { state: () => ({ epoch: 7 }) as never },
    attention: { setPersonNote: (id, note) => void notes.push([id, note]) },
    clock: systemClock,
    logger: silentLogger,
    announce: (status) => void seen.push(status),
    makeCode: () => '482913',
    startAgent: (options) => {
      Object.assign(agent, {
        line: options.onLine,
        end: options.onEnd,
        token: options.order.token,
        order: options.order,
      });
      agent.started++;
      return {
        stop: () => {
          agent.stopped++;
          options.onEnd('stopped');
          return Promise.resolve();
        },
      };
    },
    ...changes,
  });
  const say = (event: Record<string, unknown>) => agent.line(JSON.stringify(event));
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { demo, agent, say, settled, written, notes, released, seen };
}

describe('the demo', () => {
  it('gives the guest a hash and people the code', async () => {
    const { demo, say, settled, written, notes } = stage();
    await demo.start();
    say({ event: 'session', sessionId });
    await settled();
    expect(notes).toEqual([[sessionId, 'The code is 482 913']]);
    const text = written[0]?.data.toString() ?? '';
    expect(text).not.toContain('482913');
    const { salt, sha256 } = JSON.parse(text) as { salt: string; sha256: string };
    expect(createHash('sha256').update(Buffer.from(salt, 'hex')).update('482913').digest('hex')).toBe(sha256);
    expect(written[0]).toMatchObject({ path: '/home/session/.shop-floor/code.json', epoch: 7 });
  });

  it('is told its pool and how patient to be there', async () => {
    const { demo, agent } = stage();
    await demo.start('qemu');
    expect(agent.order).toMatchObject({ pool: 'machines', patience: 8 });
  });

  it('has failed, in words, when there is no pool for it', async () => {
    const place = () => Promise.reject(new WheelhouseError('not_supported', 'There is no QEMU here.'));
    const { demo, agent } = stage({ place });
    expect(await demo.start('qemu')).toMatchObject({ state: 'failed', message: 'There is no QEMU here.' });
    expect(agent.started).toBe(0);
    // And can be tried again.
    expect((await demo.start()).state).toBe('failed');
  });

  it('says how far the agent is, and leaves a finished session to be looked at', async () => {
    const { demo, agent, say, settled, seen, released } = stage();
    await demo.start();
    say({ event: 'session', sessionId });
    say({ event: 'step', step: 'Read page 1', state: 'running' });
    say({ event: 'waiting', message: 'Asked for a person' });
    expect(demo.status()).toMatchObject({ state: 'waiting', step: 'Read page 1', sessionId });
    say({ event: 'done', orders: 22, path: '/home/session/report.txt' });
    agent.end('ended with 0');
    await settled();
    expect(seen.map(({ state }) => state)).toEqual(['starting', 'running', 'running', 'waiting', 'done']);
    expect(agent.withdrawn).toBe(1);
    await demo.stop();
    expect(released).toEqual([]);
    expect(demo.status().state).toBe('off');
  });

  it('has failed when its process ends before its time, and says why', async () => {
    const { demo, agent } = stage();
    await demo.start();
    agent.end('the demo agent ended with 1: no route');
    expect(demo.status()).toMatchObject({ state: 'failed', message: 'the demo agent ended with 1: no route' });
    await demo.start();
    expect(agent.started).toBe(2);
  });

  it('runs once, however often it is started', async () => {
    const { demo, agent } = stage();
    await Promise.all([demo.start(), demo.start(), demo.start()]);
    expect(agent.started).toBe(1);
  });

  it('releases the session of a job that was stopped half-way', async () => {
    const { demo, agent, say, released } = stage();
    await demo.start();
    say({ event: 'session', sessionId });
    await demo.stop();
    expect(agent.stopped).toBe(1);
    expect(released).toEqual([sessionId]);
    expect(demo.status().state).toBe('off');
  });

  it('fails, and stops the agent, when the code can’t be set up', async () => {
    const { demo, agent, say, settled } = stage({
      broker: { connect: () => Promise.reject(new Error('the machine is gone')), release: () => Promise.resolve() },
    });
    await demo.start();
    say({ event: 'session', sessionId });
    await settled();
    await settled();
    expect(demo.status().state).toBe('failed');
    expect(agent.stopped).toBe(1);
  });

  it('believes only lines of the agreed form', () => {
    expect(readEvent('not json')).toBeNull();
    expect(readEvent('{"event":"session","sessionId":"../x"}')).toBeNull();
    expect(readEvent('{"event":"done","orders":"many","path":"x"}')).toBeNull();
    expect(readEvent('{"event":"step","step":"A","state":"done","detail":"x"}')).toMatchObject({ step: 'A' });
  });
});
