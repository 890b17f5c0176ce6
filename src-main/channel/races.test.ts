import { expect, it } from 'vitest';
import { createBus } from '../base/bus';
import { systemClock } from '../base/clock';
import { WheelhouseError } from '../base/errors';
import { countingIds } from '../base/ids';
import { silentLogger } from '../base/logger';
import { createControl } from '../control';
import { openDatabase } from '../store/database';
import { startBench } from './testing/bench';
import { connectOld } from './testing/clients';
import { timelineDouble } from './testing/timeline';

const sessionId = 'session-race';

it('no act of an agent reaches the machine while a person holds control: 60 take-overs against four eager callers', async () => {
  const db = openDatabase(':memory:');
  let fence = 1;
  let held: string | null = null;
  let acted = 0;
  const trespasses: string[] = [];
  const control = createControl({
    db,
    bus: createBus(),
    clock: systemClock,
    ids: countingIds(),
    logger: silentLogger,
    timeline: timelineDouble(),
    fences: {
      raise: async (_id, epoch) => void (fence = epoch),
      look: async () => ({ frame: null, windows: [] }),
    },
    limits: { drainMs: 5 },
  });
  control.open(sessionId);
  const bench = await startBench({ control });
  const { address } = bench.session(sessionId, 'anna');
  const hub = bench.hubs.of(sessionId);
  // The machine's own fence, as the screen's worker has it; now and then the input is late.
  hub.click = async (epoch) => {
    if (acted % 5 === 0) await new Promise((resolve) => setTimeout(resolve, acted % 3 === 0 ? 12 : 2));
    if (epoch < fence) throw new WheelhouseError('stale_epoch', 'Older than the fence.');
    if (held) trespasses.push(`under ${epoch} while ${held} held ${fence}`);
    acted += 1;
  };

  let over = false;
  let refused = 0;
  const clients = await Promise.all(Array.from({ length: 4 }, () => connectOld(address, 'anna')));
  const eager = async (client: (typeof clients)[number]) => {
    while (!over) {
      const result = await client.call('click', { x: 1, y: 1, settle: false });
      if (result.isError) refused += 1;
    }
    await client.close();
  };
  const callers = clients.map(eager);
  /** The callers get as far as that in between, however slow the computer: a race needs two. */
  const reached = async (what: () => number, before: number) => {
    await expect.poll(what, { interval: 1 }).toBeGreaterThan(before);
  };
  const mara = { name: 'Mara K.', admin: false };
  for (let round = 0; round < 60; round++) {
    if (round % 3 === 0) await reached(() => acted, acted);
    await new Promise((resolve) => setTimeout(resolve, round % 7));
    await control.act(sessionId, mara, { action: 'take' });
    held = mara.name;
    if (round % 3 === 1) await reached(() => refused, refused);
    await new Promise((resolve) => setTimeout(resolve, round % 5));
    held = null;
    await control.act(sessionId, mara, { action: 'release', note: `round ${round}` });
  }
  over = true;
  await Promise.all(callers);
  await bench.stop();
  db.close();
  expect(trespasses).toEqual([]);
  expect(acted).toBeGreaterThan(0);
  expect(refused).toBeGreaterThan(0);
}, 60_000);
