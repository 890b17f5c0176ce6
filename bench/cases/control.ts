import { sleep } from '../../src-main/base/deadline';
import { BareCommit } from '../lib/bareCommit';
import { ms, type Row } from '../lib/report';
import { startStack } from '../lib/stack';
import { summarise } from '../lib/stats';

const rounds = 200;

/**
 * Taking control while the agent has nothing in flight: the fence alone, from the window's call in the broker's process.
 * Between two holds everything of the last one is over: its hand-back, its pictures.
 */
export async function fence(): Promise<Row[]> {
  const stack = await startStack({ warm: { minimum: 1, maximum: 2 } });
  const bare = new BareCommit(stack.dataDir);
  try {
    await stack.ready(1);
    const { call, sessionId } = await stack.agent();
    await call('click', { x: 100, y: 100 });
    const { control } = stack.wheelhouse;
    const operator = { name: 'bench', admin: true };
    const samples: number[] = [];
    for (let round = -5; round < rounds; round += 1) {
      bare.sample();
      const start = performance.now();
      await control.act(sessionId, operator, { action: 'take' });
      if (round >= 0) samples.push(performance.now() - start);
      await control.act(sessionId, operator, { action: 'release' });
      const back = await control.awaitAgent(sessionId, 5000, AbortSignal.timeout(6000));
      if (!back) throw new Error('Control did not come back to the agent.');
      await sleep(60);
    }
    const all = summarise(samples);
    const disk = summarise(bare.samples);
    return [
      {
        what: 'Take control: from the call to "human", nothing in flight, two durable commits; beside one bare commit',
        measured: `p50 ${ms(all.p50)}, p99 ${ms(all.p99)} (n ${all.n}) beside p50 ${ms(disk.p50)}, p99 ${ms(disk.p99)}`,
        target: 'p99 <= 5 ms',
        met: all.p99 <= 5,
        data: { ...all, commitP50: disk.p50, commitP99: disk.p99 },
      },
    ];
  } finally {
    bare.close();
    await stack.close();
  }
}
