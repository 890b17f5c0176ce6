import { ms, type Row } from '../lib/report';
import { startStack } from '../lib/stack';
import { summarise } from '../lib/stats';

const rounds = 200;

/** Taking control while the agent has nothing in flight: the fence alone, as the operator's HTTP call sees it. */
export async function fence(): Promise<Row[]> {
  const stack = await startStack({ warm: { minimum: 1, maximum: 2 } });
  try {
    await stack.ready(1);
    const { call, client, sessionId } = await stack.agent();
    await call('click', { x: 100, y: 100 });
    const operator = { name: 'bench', admin: true };
    const samples: number[] = [];
    for (let round = -5; round < rounds; round += 1) {
      const start = performance.now();
      await stack.wheelhouse.control.act(sessionId, operator, { action: 'take' });
      if (round >= 0) samples.push(performance.now() - start);
      await stack.wheelhouse.control.act(sessionId, operator, { action: 'release' });
    }
    await client.close();
    const all = summarise(samples);
    return [
      {
        what: 'Take control: from the call to "human", nothing in flight',
        measured: `p50 ${ms(all.p50)}, p99 ${ms(all.p99)} (n ${all.n})`,
        target: 'p99 <= 5 ms',
        met: all.p99 <= 5,
        data: { ...all },
      },
    ];
  } finally {
    await stack.close();
  }
}
