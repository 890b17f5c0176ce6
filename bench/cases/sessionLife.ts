import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { sleep } from '../../src-main/base/deadline';
import { ms, type Row } from '../lib/report';
import { startStack, type Stack } from '../lib/stack';
import { summarise, type Summary } from '../lib/stats';

const run = promisify(execFile);
const rounds = 20;

/** Sessions on Docker: given back and ready again, handed out of frozen machines, suspended and resumed. */
export async function sessionLife(): Promise<Row[]> {
  const released = await releaseToReady();
  const frozen = await handOutFrozen();
  const suspended = await suspendAndResume();
  return [
    row('Release of a Docker session to the next machine ready, in a pool of one', released, 500),
    row('A frozen warm container handed out over MCP, its own answer included', frozen.handed, 30),
    row('The same to the answer of a first call inside', frozen.answered, 30),
    row('Suspend of a session: asked for to done, its home safe', suspended.suspend, 500),
    row('Suspend of a session: asked for to its container gone', suspended.gone, null),
    row('A call on a suspended session to its answer, the resume included', suspended.resume, 600),
  ];
}

async function releaseToReady(): Promise<Summary> {
  const stack = await startStack({ warm: { minimum: 1, maximum: 1 } });
  const samples: number[] = [];
  try {
    for (let round = -2; round < rounds; round += 1) {
      await stack.ready(1);
      const { sessionId } = await begin(stack);
      await sleep(200);
      const start = performance.now();
      await stack.wheelhouse.broker.release(sessionId, 'bench', 'done');
      await stack.ready(1);
      if (round >= 0) samples.push(performance.now() - start);
    }
  } finally {
    await stack.close();
  }
  return summarise(samples);
}

async function handOutFrozen(): Promise<{ handed: Summary; answered: Summary }> {
  const stack = await startStack({ warm: { minimum: 2, maximum: 4, freeze: true } });
  const handed: number[] = [];
  const answered: number[] = [];
  try {
    const client = stack.client();
    await client.connect(new URL('/mcp', stack.wheelhouse.url), stack.token());
    for (let round = -2; round < rounds; round += 1) {
      await stack.ready(2);
      await sleep(300);
      const paused = await run('docker', ['ps', '-q', '--filter', 'status=paused']);
      if (paused.stdout.trim() === '') throw new Error('No container is paused: nothing would be measured.');
      const start = performance.now();
      const { sessionId } = (await client.tool('start_session', { name: randomUUID() })).value as { sessionId: string };
      if (round >= 0) handed.push(performance.now() - start);
      await client.tool('list_windows', { sessionId });
      if (round >= 0) answered.push(performance.now() - start);
      await stack.wheelhouse.broker.release(sessionId, 'bench', 'done');
    }
  } finally {
    await stack.close();
  }
  return { handed: summarise(handed), answered: summarise(answered) };
}

async function suspendAndResume(): Promise<{ suspend: Summary; gone: Summary; resume: Summary }> {
  const stack = await startStack({
    warm: { minimum: 1, maximum: 3 },
    idle: { policy: 'suspend', afterSeconds: 900 },
  });
  const { broker } = stack.wheelhouse;
  const suspend: number[] = [];
  const gone: number[] = [];
  const resume: number[] = [];
  try {
    await stack.ready(1);
    const { call, timed, sessionId } = await stack.agent();
    for (let round = -2; round < rounds; round += 1) {
      await call('execute_shell_command', { command: `echo ${round} > ~/round` });
      await sleep(500);
      const { machineId } = broker.sessions.get(sessionId);
      let start = performance.now();
      await broker.suspend(sessionId, 'bench');
      if (round >= 0) suspend.push(performance.now() - start);
      while ((await broker.pools.machines('desktop')).some((machine) => machine.machineId === machineId)) {
        await sleep(5);
      }
      if (round >= 0) gone.push(performance.now() - start);
      await sleep(500);
      start = performance.now();
      await timed('list_windows');
      if (round >= 0) resume.push(performance.now() - start);
      const { stdout } = (await call('execute_shell_command', { command: 'cat ~/round' })) as { stdout: string };
      if (stdout.trim() !== String(round)) throw new Error('The home did not come back.');
    }
  } finally {
    await stack.close();
  }
  return { suspend: summarise(suspend), gone: summarise(gone), resume: summarise(resume) };
}

const begin = (stack: Stack) =>
  stack.wheelhouse.broker.acquire(
    { poolId: 'desktop', caller: { tokenId: 'bench', name: 'bench', role: 'admin', pools: [] } },
    new AbortController().signal,
  );

function row(what: string, all: Summary, limit: number | null): Row {
  return {
    what,
    measured: `p50 ${ms(all.p50)}, p95 ${ms(all.p95)} (n ${all.n})`,
    target: limit === null ? '' : `p50 <= ${limit} ms`,
    met: limit === null ? null : all.p50 <= limit,
    data: { ...all },
  };
}
