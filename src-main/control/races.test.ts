import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createBus } from '../base/bus';
import { systemClock } from '../base/clock';
import { countingIds } from '../base/ids';
import { silentLogger } from '../base/logger';
import { openDatabase } from '../store/database';
import { createTimeline } from '../timeline/timeline';
import { createControl } from './control';
import type { Control } from './types';

/** A repeatable choice below `n` (xorshift32). */
function chooser(seed: number) {
  let x = seed * 2654435761 || 1;
  return (n: number): number => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % n;
  };
}
const turns = async (n: number): Promise<void> => {
  for (let i = 0; i < n; i++)
    await (i % 3 === 2 ? new Promise<void>((resolve) => void setImmediate(resolve)) : Promise.resolve());
};

/** A machine that keeps what reached it, in order, and refuses what is older than its epoch, as the real one does. */
function recorder(fenced: boolean) {
  let epoch = 1;
  const log: { who: string; epoch: number }[] = [];
  return {
    log,
    raise: async (next: number, delay: number) => {
      await turns(delay);
      epoch = Math.max(epoch, next);
    },
    effect: (who: string, under: number): boolean => {
      if (fenced && under < epoch) return false;
      log.push({ who, epoch: under });
      return true;
    },
  };
}

const dataDir = mkdtempSync(join(tmpdir(), 'wheelhouse-races-'));
const db = openDatabase(':memory:');
const bus = createBus();
const shared = { db, bus, clock: systemClock, ids: countingIds(), logger: silentLogger };
const timeline = createTimeline({ ...shared, dataDir });
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

/** One session: an agent that acts all the time, some actions too slow for the drain, and two persons who want it. */
async function race(seed: number, fenced: boolean) {
  const choose = chooser(seed);
  const sessionId = `race-${fenced}-${seed}`;
  const machine = recorder(fenced);
  const fences = {
    raise: (_id: string, epoch: number) => machine.raise(epoch, choose(4)),
    look: async () => ({ frame: null, windows: [] }),
  };
  const control: Control = createControl({ ...shared, timeline, fences, limits: { drainMs: 1 + choose(2) } });
  control.open(sessionId);
  let over = false;
  const ids = { agent: 0, refused: 0, stale: 0 };

  async function agentCall(): Promise<void> {
    let admission;
    try {
      admission = control.admit(sessionId);
    } catch {
      ids.refused += 1;
      return;
    }
    // some never look at their signal and act long after they were cut off
    await turns(choose(8) === 0 ? 30 + choose(200) : choose(12));
    if (machine.effect('agent', admission.epoch)) ids.agent += 1;
    else ids.stale += 1;
    admission.done();
  }
  const calls: Promise<void>[] = [];
  const agent = (async () => {
    while (!over) {
      calls.push(agentCall());
      await turns(1 + choose(5));
    }
  })();

  const person = async (name: string): Promise<void> => {
    await turns(choose(40));
    const operator = { name, admin: choose(3) === 0 };
    try {
      await control.act(sessionId, operator, { action: 'take', force: operator.admin });
    } catch {
      return;
    }
    machine.log.push({ who: `grant ${name}`, epoch: control.state(sessionId).epoch });
    for (let i = 0; i < 1 + choose(6); i++) {
      await turns(choose(10));
      if (control.holds(sessionId, name)) machine.effect(name, control.state(sessionId).epoch);
    }
    if (!control.holds(sessionId, name)) return;
    machine.log.push({ who: 'release', epoch: control.state(sessionId).epoch });
    await control.act(sessionId, operator, { action: 'release' });
  };
  await Promise.all([person('Mara'), person('Tom')]);
  await control.awaitAgent(sessionId, 5000, AbortSignal.timeout(5000));
  await turns(10);
  over = true;
  await agent;
  await Promise.all(calls);
  control.close(sessionId);

  // what the agent did between a grant and its release, and what a person did without holding
  let holder: string | null = null;
  let wrong = 0;
  for (const { who } of machine.log) {
    if (who.startsWith('grant ')) holder = who.slice(6);
    else if (who === 'release') holder = null;
    else if (who === 'agent' ? holder !== null : who !== holder) wrong += 1;
  }
  return { wrong, ...ids };
}

describe('a takeover races an agent that never stops', () => {
  it('1,000 times: nothing of the agent lands after the grant, nobody acts without holding', async () => {
    const sum = { wrong: 0, agent: 0, refused: 0, stale: 0 };
    for (let seed = 1; seed <= 1000; seed++) {
      const result = await race(seed, true);
      for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += result[key];
    }
    expect(sum.wrong).toBe(0);
    // the races were real: actions landed, were refused, and some came so late that only the fence stopped them
    expect(Math.min(sum.agent, sum.refused, sum.stale)).toBeGreaterThan(50);
  }, 120_000);
  it('would be seen to fail on a machine that does not keep the fence', async () => {
    let wrong = 0;
    for (let seed = 1; seed <= 200; seed++) wrong += (await race(seed, false)).wrong;
    expect(wrong).toBeGreaterThan(0);
  }, 60_000);
});
