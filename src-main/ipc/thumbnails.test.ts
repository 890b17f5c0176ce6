import { describe, expect, it } from 'vitest';
import { FakeClock } from '../base/clock';
import { silentLogger } from '../base/logger';
import type { ScreenHub } from '../screen/types';
import { Thumbnails } from './thumbnails';

const settle = () => new Promise((resolve) => setImmediate(resolve));

function make() {
  const clock = new FakeClock();
  const state = { version: 1, asked: [] as string[], failing: false };
  const hub = {
    thumbnail: (_width: number, since?: number) =>
      Promise.resolve(
        since === state.version ? null : { version: state.version, jpeg: Buffer.from(`v${state.version}`) },
      ),
  } as unknown as ScreenHub;
  const said: string[] = [];
  const thumbnails = new Thumbnails({
    clock,
    logger: silentLogger,
    hubFor: (sessionId) => {
      state.asked.push(sessionId);
      return state.failing ? Promise.reject(new Error('gone')) : Promise.resolve(hub);
    },
    onNew: (sessionId, version) => said.push(`${sessionId}@${version}`),
  });
  return { clock, state, said, thumbnails };
}

describe('thumbnails of the sessions that the window shows', () => {
  it('makes one at once and a new one only when the picture changed', async () => {
    const { clock, state, said, thumbnails } = make();
    thumbnails.watch(['session-a'], 320);
    await settle();
    expect((await thumbnails.get('session-a'))?.toString()).toBe('v1');
    clock.advance(1_000);
    await settle();
    expect(said).toEqual(['session-a@1']);
    state.version = 2;
    clock.advance(1_000);
    await settle();
    expect(said).toEqual(['session-a@1', 'session-a@2']);
    thumbnails.close();
  });

  it('lets a picture that is asked for too early wait for its first version', async () => {
    const { thumbnails } = make();
    const early = thumbnails.get('session-a');
    thumbnails.watch(['session-a'], 320);
    expect((await early)?.toString()).toBe('v1');
    thumbnails.close();
  });

  it('asks nothing of a session that left the window', async () => {
    const { clock, state, thumbnails } = make();
    thumbnails.watch(['session-a'], 320);
    await settle();
    thumbnails.watch([], 320);
    const asked = state.asked.length;
    clock.advance(60_000);
    await settle();
    expect(state.asked).toHaveLength(asked);
    const none = thumbnails.get('session-a', 100);
    clock.advance(100);
    expect(await none).toBeNull();
  });

  it('tries again after a failure, slower', async () => {
    const { clock, state, said, thumbnails } = make();
    state.failing = true;
    thumbnails.watch(['session-a'], 320);
    await settle();
    state.failing = false;
    clock.advance(3_000);
    await settle();
    expect(said).toEqual(['session-a@1']);
    thumbnails.close();
  });
});
