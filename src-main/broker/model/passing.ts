import type { PoolSpec } from '@shared/pool';
import type { Driver } from './driver';
import type { TimeStep } from './ops';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
/** A longer silence between two ticks is sleep for the broker, and no idleness. */
const sleepGap = 15 * second;

/** Lets time pass as told, n times, and books what that licenses before anybody can act on it. */
export async function advance(driver: Driver, how: TimeStep, n: number): Promise<void> {
  const { world } = driver;
  driver.count(how);
  switch (how) {
    case 'seconds':
      for (let i = 0; i < n; i++) await pass(driver, second);
      return;
    case 'minutes':
      for (let i = 0; i < n * 3; i++) await pass(driver, 10 * second);
      return;
    case 'hours':
      for (let i = 0; i < n; i++) await pass(driver, hour);
      return;
    case 'sleep':
      return leap(driver, n * 3 * hour);
    case 'wallForward':
      return leap(driver, n * day);
    case 'wallBack':
      world.time.setWall(-n * day);
      return;
  }
}

export async function pass(driver: Driver, ms: number): Promise<void> {
  const { world } = driver;
  await world.drain();
  book(driver, ms, ms);
  world.time.step(ms);
  if (!world.life.dead) driver.unseenWallMs = 0;
  await world.drain();
  world.watcher.look();
  world.watcher.throwIfBroken();
}

function leap(driver: Driver, ms: number): void {
  driver.world.time.setWall(ms);
  driver.unseenWallMs += ms;
  book(driver, 0, ms);
}

/** `steady`: what passed on the steady clock, `wall`: at most this on the wall's. */
export function book(driver: Driver, steady: number, wall: number): void {
  const { watcher } = driver.world;
  for (const { id, status, spec, home_id } of driver.rows()) {
    const model = watcher.session(id);
    const { idle } = JSON.parse(spec) as PoolSpec;
    if (status === 'active' && !model.human && steady <= sleepGap) {
      model.idleMs += steady;
      if (model.idleMs >= idle.afterSeconds * second)
        // One from before its pool had homes has nothing that could be kept.
        model.licences.add(idle.policy === 'suspend' && home_id !== null ? 'suspend' : 'end');
    }
    if (model.human) model.idleMs = 0;
    // One that is on its way back is still away.
    if (status === 'idle' || status === 'acquiring') model.suspendedMs += Math.max(steady, wall);
    // A pool that kept it for a day may do so for a year now, and the other way round.
    if (model.suspendedMs >= day) model.licences.add('days');
  }
  watcher.pass(Math.max(steady, wall));
}
