import { randomUUID } from 'node:crypto';
import { sleep } from '../../src-main/base/deadline';
import { onlyProcess, startQemuStack, usage } from '../lib/qemuStack';
import { ms, type Row } from '../lib/report';
import { summarise, type Summary } from '../lib/stats';

const rounds = 15;
/** A machine is warmed up after its check, before it is parked. */
const parkedMs = 4_000;
const restMs = 3_000;
const mebibytes = (bytes: number): number => Math.round(bytes / 2 ** 20);

/** Machines from one saved desktop, through the whole broker: made, handed out, given back, made again. */
export async function qemuLife(): Promise<Row[]> {
  const stack = await startQemuStack({ warm: { minimum: 0, maximum: 1 } });
  const warm = (minimum: number) => stack.wheelhouse.broker.pools.update('desktop', { warm: { minimum, maximum: 1 } });
  const made: number[] = [];
  const handed: number[] = [];
  const answered: number[] = [];
  const again: number[] = [];
  const parked: { bytes: number; percent: number }[] = [];
  const used: { bytes: number; percent: number }[] = [];
  try {
    const client = stack.client();
    await client.connect(new URL('/mcp', stack.wheelhouse.url), stack.token());
    for (let round = -1; round < rounds; round += 1) {
      warm(0);
      await stack.empty();
      let start = performance.now();
      warm(1);
      await stack.ready(1);
      if (round >= 0) made.push(performance.now() - start);
      await sleep(parkedMs);
      if (round >= 0 && round < 3) parked.push(await usage(await onlyProcess(stack), restMs));

      start = performance.now();
      const begun = (await client.tool('start_session', { name: randomUUID() })).value as { sessionId: string };
      await client.tool('get_control', { sessionId: begun.sessionId });
      if (round >= 0) answered.push(performance.now() - start);
      await client.tool('execute_shell_command', { command: 'true', sessionId: begun.sessionId });
      if (round >= 0) handed.push(performance.now() - start);
      if (round >= 0 && round < 3) used.push(await usage(await onlyProcess(stack), restMs));

      start = performance.now();
      await stack.wheelhouse.broker.release(begun.sessionId, 'bench', 'done');
      await stack.ready(1);
      if (round >= 0) again.push(performance.now() - start);
    }
  } finally {
    await stack.close();
  }
  const [parkedMiB, usedMiB] = [parked, used].map((all) => mebibytes(summarise(all.map(({ bytes }) => bytes)).p50));
  const rest = Math.max(...parked.map(({ percent }) => percent));
  return [
    row('A new QEMU machine to checked and ready, through the broker', summarise(made), 250),
    row(
      'A parked QEMU machine handed out: checked again, leased, a first call answered, through MCP',
      summarise(answered),
      150,
    ),
    row(
      'A parked QEMU machine handed out, its first shell command with pictures before and after included',
      summarise(handed),
      null,
    ),
    row('Release of a QEMU session to the next machine ready in a pool of one', summarise(again), 300),
    {
      what: 'A parked QEMU machine, alone (proportional share, 1 GiB inside)',
      measured: `${parkedMiB} MiB, ${rest.toFixed(1)} % CPU; after a session’s first command ${usedMiB} MiB`,
      target: '<= 50 MiB and 0 % CPU; <= 120 MiB',
      met: (parkedMiB ?? Infinity) <= 50 && (usedMiB ?? Infinity) <= 120 && rest < 1,
      data: { parkedMiB: parkedMiB ?? Number.NaN, usedMiB: usedMiB ?? Number.NaN, restPercent: rest },
    },
  ];
}

function row(what: string, all: Summary, limit: number | null): Row {
  return {
    what,
    measured: `p50 ${ms(all.p50)}, p95 ${ms(all.p95)} (n ${all.n})`,
    target: limit === null ? '' : `p50 <= ${limit} ms`,
    met: limit === null ? null : all.p50 <= limit,
    data: { ...all },
  };
}
