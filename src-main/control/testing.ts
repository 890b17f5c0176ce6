import type { WheelhouseEvent } from '@shared/event';
import { createBus } from '../base/bus';
import type { FakeClock } from '../base/clock';
import { countingIds } from '../base/ids';
import { silentLogger } from '../base/logger';
import { openDatabase } from '../store/database';
import { testTimeline } from '../timeline/testing';
import { createAttention } from './attention';
import { createControl, type ControlDeps } from './control';
import type { Fences, Operator } from './types';

export const mara: Operator = { name: 'Mara', admin: false };
export const tom: Operator = { name: 'Tom', admin: false };
export const root: Operator = { name: 'Root', admin: true };
export const session = 'session-1';

/** Lets everything that waits on no clock run to its end. */
export const turn = async (): Promise<void> => {
  for (let i = 0; i < 50; i++) await Promise.resolve();
};

/** Control in memory over a machine that answers as told. `restart` builds it anew on the same store. For tests. */
export function testControl(limits: ControlDeps['limits'] = {}, db = openDatabase(':memory:')) {
  const made = testTimeline({}, db);
  const { clock, timeline } = made;
  const machine = {
    raised: [] as number[],
    windows: ['Editor'],
    frame: 'f'.repeat(64) as string | null,
    /** Replaced to be slow or to fail. */
    raise: async (_epoch: number): Promise<void> => {},
    look: async () => ({ frame: machine.frame, windows: machine.windows }),
    /** What happened to it, in order: `fence 2`, `freeze`, `thaw`. */
    story: [] as string[],
    /** Replaced to be slow or to fail. */
    freeze: async (): Promise<void> => {},
    thaw: async (): Promise<void> => {},
  };
  const fences: Fences = {
    async raise(_session, epoch) {
      machine.raised.push(epoch);
      machine.story.push(`fence ${epoch}`);
      await machine.raise(epoch);
    },
    async freeze() {
      machine.story.push('freeze');
      await machine.freeze();
    },
    async thaw() {
      machine.story.push('thaw');
      await machine.thaw();
    },
    look: () => machine.look(),
  };
  const events: WheelhouseEvent[] = [];
  const build = () => {
    const bus = createBus();
    bus.on((event) => events.push(event));
    const parts = { db, bus, clock: clock as FakeClock, ids: countingIds(), logger: silentLogger };
    const attention = createAttention(parts);
    const control = createControl({ ...parts, fences, timeline, attention, limits });
    control.open(session);
    return { control, attention };
  };
  const first = build();
  return {
    ...made,
    machine,
    events,
    ...first,
    restart: build,
    kinds: () => events.flatMap((event) => (event.event === 'control' ? [event.data.control.kind] : [])),
    facts: () => timeline.list(session, { limit: 100, order: 'asc' }).data,
  };
}
