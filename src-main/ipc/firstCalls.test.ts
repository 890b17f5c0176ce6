import { describe, expect, it } from 'vitest';
import type { TokenProgress } from '@shared/ipc';
import { FakeClock } from '../base/clock';
import { FirstCalls } from './firstCalls';

function make() {
  const said: TokenProgress[] = [];
  return { said, calls: new FirstCalls(new FakeClock(), (progress) => said.push(progress)) };
}

describe('the first-call light', () => {
  it('is dark for a token nobody used', () => {
    expect(make().calls.get('t')).toMatchObject({ reachedAt: null, acceptedAt: null, firstToolAt: null });
  });

  it('announces each step once', () => {
    const { calls, said } = make();
    calls.used({ tokenId: 't', kind: 'accepted' });
    calls.used({ tokenId: 't', kind: 'accepted' });
    calls.used({ tokenId: 't', kind: 'tool', tool: 'list_pools', client: 'claude' });
    calls.used({ tokenId: 't', kind: 'tool', tool: 'click', client: 'claude' });
    expect(said).toHaveLength(2);
    expect(calls.get('t')).toMatchObject({ firstTool: 'list_pools', client: 'claude' });
  });

  it('remembers a bounded number of tokens', () => {
    const { calls } = make();
    for (let n = 0; n < 200; n += 1) calls.used({ tokenId: `t${n}`, kind: 'accepted' });
    expect(calls.get('t0').acceptedAt).toBeNull();
    expect(calls.get('t199').acceptedAt).not.toBeNull();
  });
});
