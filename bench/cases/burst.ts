import { randomUUID } from 'node:crypto';
import { sleep } from '../../src-main/base/deadline';
import { ms, type Row } from '../lib/report';
import { startStack } from '../lib/stack';
import { summarise } from '../lib/stats';

const warm = 20;
const asks = 50;
const callers = 5;
const useMs = 500;

interface Served {
  ms: number;
  sessionId: string;
}

/** Many at once: those for whom a machine is ready get it now, the others wait their turn, and nobody gets another's. */
export async function burst(): Promise<Row[]> {
  const stack = await startStack({ warm: { minimum: warm, maximum: warm } });
  const { broker, url } = stack.wheelhouse;
  try {
    await stack.ready(warm, 180);
    const tokens = Array.from({ length: callers }, () => stack.token());
    const client = stack.client();
    const seen = new Map<string, string>();
    let doubles = 0;
    const ask = async (n: number): Promise<Served> => {
      const headers = { authorization: `Bearer ${tokens[n % callers]}`, 'content-type': 'application/json' };
      const key = randomUUID();
      const post = { method: 'POST', headers: { ...headers, 'x-ms-sessionId': key }, body: '{"waitMs":30000}' };
      const { ms: took, value } = await client.fetch(new URL('/api/pools/desktop/sessions', url), post);
      const { sessionId } = value as { sessionId: string };
      const machineId = broker.sessions.get(sessionId).machineId ?? '';
      if (sessionId !== key || machineId === '' || seen.has(machineId)) doubles += 1;
      seen.set(machineId, sessionId);
      await sleep(useMs);
      await client.fetch(new URL(`/api/sessions/${key}`, url), { method: 'DELETE', headers });
      return { ms: took, sessionId };
    };
    const results = await Promise.allSettled(Array.from({ length: asks }, (_, n) => ask(n)));
    const served = results.flatMap((one) => (one.status === 'fulfilled' ? [one.value.ms] : []));
    const refused = results.length - served.length;
    for (const one of results) if (one.status === 'rejected') console.error(String(one.reason));
    const inOrder = served.toSorted((a, b) => a - b);
    const first = summarise(inOrder.slice(0, warm));
    const rest = summarise(inOrder.slice(warm));
    return [
      {
        what: `${asks} acquires at once by ${callers} callers on ${warm} ready machines, each used for ${useMs} ms`,
        measured: `${served.length} served, ${refused} refused, ${doubles} with another’s machine; the first ${warm} p50 ${ms(first.p50)}, last ${ms(first.max)}; those who waited p50 ${ms(rest.p50)}, last ${ms(rest.max)}`,
        target: 'all served or queued, no duplicate',
        met: refused === 0 && doubles === 0,
        data: { served: served.length, refused, doubles, firstP50: first.p50, restP50: rest.p50, last: rest.max },
      },
    ];
  } finally {
    await stack.close();
  }
}
