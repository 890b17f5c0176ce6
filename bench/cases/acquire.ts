import { randomUUID } from 'node:crypto';
import { sleep } from '../../src-main/base/deadline';
import { ms, type Row } from '../lib/report';
import { BareCommit } from '../lib/bareCommit';
import { startStack, type Agent, type Stack } from '../lib/stack';
import { summarise, type Summary } from '../lib/stats';

const rounds = 100;

/** Sessions of other agents that go on meanwhile, each with a call every so often. */
const others = 10;
const othersEveryMs = 1000;

/** From the request to the answer over HTTP, with the lease committed to disk; a warm machine is there each time. */
export async function acquire(): Promise<Row[]> {
  const stack = await startStack({ warm: { minimum: 4, maximum: 8 + others } });
  const bare = new BareCommit(stack.dataDir);
  const stop = new AbortController();
  try {
    const alone = await measure(stack, bare);
    const commits = summarise(bare.samples.splice(0));
    const working = await workers(stack, stop.signal);
    const busy = await measure(stack, bare);
    const commitsBusy = summarise(bare.samples);
    stop.abort(new Error('done'));
    await working.ended;
    return [
      {
        what: 'Warm acquire over HTTP, durable, beside one bare durable commit on the same disk',
        measured: `p50 ${ms(alone.p50)}, p99 ${ms(alone.p99)} (n ${alone.n}) beside p50 ${ms(commits.p50)}, p99 ${ms(commits.p99)}`,
        target: '',
        met: null,
        data: { ...alone, commitP50: commits.p50, commitP99: commits.p99 },
      },
      {
        what: `The same while ${others} other sessions run, each with a click and its pictures a second`,
        measured: `p50 ${ms(busy.p50)}, p99 ${ms(busy.p99)} (n ${busy.n}) beside p50 ${ms(commitsBusy.p50)}, p99 ${ms(commitsBusy.p99)}`,
        target: 'p50 <= 5 ms, p99 <= 15 ms',
        met: busy.p50 <= 5 && busy.p99 <= 15,
        data: { ...busy, commitP50: commitsBusy.p50, commitP99: commitsBusy.p99 },
      },
    ];
  } finally {
    stop.abort(new Error('done'));
    bare.close();
    await stack.close();
  }
}

async function measure(stack: Stack, bare: BareCommit): Promise<Summary> {
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
  return summarise(samples);
}

/** Sessions at work until the signal; resolves when all are there. */
async function workers(stack: Stack, signal: AbortSignal): Promise<{ ended: Promise<unknown> }> {
  const agents: Agent[] = [];
  for (let n = 0; n < others; n += 1) agents.push(await stack.agent());
  const work = async (call: Agent['call'], n: number): Promise<void> => {
    await sleep((n * othersEveryMs) / others);
    while (!signal.aborted) {
      await call('click', { x: 300 + n, y: 300 });
      await sleep(othersEveryMs);
    }
  };
  return { ended: Promise.all(agents.map(({ call }, n) => work(call, n))) };
}
