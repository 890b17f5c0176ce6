import { randomUUID } from 'node:crypto';
import { transaction } from '../../src-main/store/database';
import { sessionStore } from '../../src-main/store/sessions';
import { ms, type Row } from '../lib/report';
import { startStack } from '../lib/stack';
import { summarise } from '../lib/stats';

const stored = 10_000;
const callers = 50;
const rounds = 20;

/** A store that has seen much: every page of its sessions over HTTP, by an operator and by an agent with its own. */
export async function manySessions(): Promise<Row[]> {
  const stack = await startStack({ warm: { minimum: 0, maximum: 1 } });
  try {
    const { db, url, identity } = stack.wheelhouse;
    const sessions = sessionStore(db);
    const keys = Array.from({ length: stored }, () => randomUUID());
    const at = new Date().toISOString();
    transaction(db, () => {
      for (const [n, sessionId] of keys.entries())
        sessions.insert({
          ...{ sessionId, computerId: `c_${randomUUID()}`, poolId: 'desktop', machineId: `m_${randomUUID()}` },
          ...{ status: 'released', parametersHash: 'a'.repeat(64), name: `Session ${n}`, agent: 'bench' },
          ...{ caller: `agent-${n % callers}`, labels: { job: String(n) }, reason: 'Done.' },
          ...{ createdAt: at, lastActivityAt: at, endedAt: at, homeId: null, idleSeconds: null },
          ...{ suspendedAt: null, suspendedMs: null, savedAs: null, size: null },
        });
    });
    const client = stack.client();
    const tokens = [stack.token('admin'), identity.create({ name: 'agent-7', role: 'agent' }).secret];
    const middle = keys[stored / 2 + 7];
    const pages = [
      'order=asc',
      'order=desc',
      `order=asc&after=${middle}`,
      `order=desc&after=${middle}`,
      `order=asc&before=${middle}`,
      `order=asc&before=${keys.at(-43)}`,
      'order=desc&live=true',
    ];
    const samples: number[] = [];
    for (let round = -3; round < rounds; round += 1)
      for (const secret of tokens)
        for (const page of pages) {
          const headers = { authorization: `Bearer ${secret}` };
          const asked = await client.fetch(new URL(`/api/sessions?limit=100&${page}`, url), { method: 'GET', headers });
          const { data } = asked.value as { data: unknown[] };
          if (data.length === 0 && !page.includes('live')) throw new Error(`The page ${page} is empty.`);
          if (round >= 0) samples.push(asked.ms);
        }
    const all = summarise(samples);
    return [
      {
        what: `A page of 100 of ${stored} stored sessions over HTTP: first, last and middle, an operator’s and an agent’s own`,
        measured: `p50 ${ms(all.p50)}, p99 ${ms(all.p99)}, max ${ms(all.max)} (n ${all.n})`,
        target: 'any page <= 20 ms',
        met: all.max <= 20,
        data: { ...all },
      },
    ];
  } finally {
    await stack.close();
  }
}
