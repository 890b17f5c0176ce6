import { randomUUID } from 'node:crypto';
import { sleep } from '../../src-main/base/deadline';
import { ms, type Row } from '../lib/report';
import { BareCommit } from '../lib/bareCommit';
import { startStack } from '../lib/stack';
import { summarise } from '../lib/stats';

const rounds = 100;

/** From the request to the answer over HTTP, with the lease committed to disk; a warm machine is there each time. */
export async function acquire(): Promise<Row[]> {
  const stack = await startStack({ warm: { minimum: 4, maximum: 8 } });
  const bare = new BareCommit(stack.dataDir);
  try {
    const client = stack.client();
    const headers = { authorization: `Bearer ${stack.token()}`, 'content-type': 'application/json' };
    const acquireUrl = new URL('/api/pools/desktop/sessions', stack.wheelhouse.url);
    const samples: number[] = [];
    for (let round = -3; round < rounds; round += 1) {
      // The replacement's start would share the two cores with the sample.
      await stack.ready(4);
      await sleep(100);
      bare.sample();
      const key = randomUUID();
      const post = { method: 'POST', headers: { ...headers, 'x-ms-sessionId': key }, body: '{}' };
      const { ms: took } = await client.fetch(acquireUrl, post);
      if (round >= 0) samples.push(took);
      await client.fetch(new URL(`/api/sessions/${key}`, stack.wheelhouse.url), { method: 'DELETE', headers });
    }
    const all = summarise(samples);
    const disk = summarise(bare.samples);
    return [
      {
        what: 'Warm acquire over HTTP, durable, beside one bare durable commit on the same disk',
        measured: `p50 ${ms(all.p50)}, p99 ${ms(all.p99)} (n ${all.n}) beside p50 ${ms(disk.p50)}, p99 ${ms(disk.p99)}`,
        target: 'p50 <= 5 ms, p99 <= 15 ms',
        met: all.p50 <= 5 && all.p99 <= 15,
        data: { ...all, commitP50: disk.p50, commitP99: disk.p99 },
      },
    ];
  } finally {
    bare.close();
    await stack.close();
  }
}
