import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openDatabase } from '../store/database';
import { CountedClock, countedTimeStore, type CountedTime } from './countedClock';

const hour = 3_600_000;
const day = 24 * hour;

/** A computer's two clocks, and what survives on its disk. */
class Computer {
  wall = Date.UTC(2026, 0, 1);
  mono = 5_000;
  saved: CountedTime | undefined;
  writes = 0;
  counted = this.boot();

  boot(): CountedClock {
    return (this.counted = new CountedClock(
      { now: () => this.wall, monotonic: () => this.mono },
      { load: () => this.saved, save: (time) => ((this.saved = { ...time }), (this.writes += 1)) },
    ));
  }
  /** Awake: both clocks go. */
  run(ms: number): void {
    this.wall += ms;
    this.mono += ms;
    this.counted.tick();
  }
}

const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('run' as const), ms: fc.integer({ min: 0, max: 120_000 }) }),
    fc.record({ kind: fc.constant('jump' as const), ms: fc.integer({ min: -20 * 365 * day, max: 20 * 365 * day }) }),
    fc.record({ kind: fc.constant('sleep' as const), ms: fc.integer({ min: 0, max: 30 * day }) }),
    fc.record({ kind: fc.constant('stop' as const), ms: fc.integer({ min: -day, max: 90 * day }) }),
    fc.record({ kind: fc.constant('crash' as const), ms: fc.integer({ min: 0, max: 90 * day }) }),
  ),
  { minLength: 1, maxLength: 60 },
);

describe('counted time', () => {
  test('never goes back and never leaps, whatever the clocks do', () => {
    fc.assert(
      fc.property(steps, (life) => {
        const computer = new Computer();
        computer.counted.tick();
        for (const { kind, ms } of life) {
          const before = computer.counted.ms;
          let most = hour;
          if (kind === 'run') computer.run(ms);
          else if (kind === 'jump') {
            computer.wall += ms;
            computer.counted.tick();
          } else if (kind === 'sleep') {
            computer.wall += ms;
            computer.run(1000);
          } else {
            if (kind === 'stop') computer.counted.write();
            // A crash can lose what was not written yet: less than a minute.
            else expect(before - (computer.saved?.countedMs ?? -1)).toBeLessThan(60_000);
            const known = computer.saved?.countedMs ?? 0;
            computer.wall += ms;
            computer.mono = 100;
            computer.boot();
            most = 7 * day;
            expect(computer.counted.ms).toBeGreaterThanOrEqual(known);
            expect(computer.counted.ms - known).toBeLessThanOrEqual(most);
            computer.counted.tick();
            if (kind === 'crash') continue;
          }
          expect(computer.counted.ms).toBeGreaterThanOrEqual(before);
          expect(computer.counted.ms - before).toBeLessThanOrEqual(most);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('is time itself while nothing is wrong, restarts included', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ ms: fc.integer({ min: 1, max: 60_000 }), restart: fc.boolean() }), { maxLength: 80 }),
        (life) => {
          const computer = new Computer();
          computer.counted.tick();
          let real = 0;
          for (const { ms, restart } of life) {
            computer.run(ms);
            real += ms;
            if (!restart) continue;
            computer.wall += ms;
            real += ms;
            computer.mono = 3;
            computer.boot();
          }
          computer.counted.tick();
          expect(computer.counted.ms).toBe(real);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('sleep and time off count, within bounds', () => {
    const computer = new Computer();
    computer.counted.tick();
    computer.wall += 20 * 60_000;
    computer.run(0);
    expect(computer.counted.ms).toBe(20 * 60_000);
    computer.wall += 9 * hour;
    computer.run(0);
    expect(computer.counted.ms).toBe(hour + 20 * 60_000);
    computer.counted.write();
    computer.wall += 2 * day;
    expect(computer.boot().ms).toBe(2 * day + hour + 20 * 60_000);
    computer.counted.write();
    computer.wall += 400 * day;
    expect(computer.boot().ms).toBe(9 * day + hour + 20 * 60_000);
  });

  test('is written once a minute, and a store that fails stops nothing', () => {
    const computer = new Computer();
    computer.counted.tick();
    for (let n = 0; n < 600; n++) computer.run(1000);
    expect(computer.writes).toBe(11);
    const clock = { now: () => computer.wall, monotonic: () => computer.mono };
    const full = new CountedClock(clock, {
      load: () => undefined,
      save: () => {
        throw new Error('disk full');
      },
    });
    computer.mono += 1000;
    expect(() => full.tick()).toThrow('disk full');
    computer.mono += 1000;
    full.tick();
    expect(full.ms).toBe(2000);
  });

  test('survives in the store, where rubbish counts as nothing', () => {
    const folder = mkdtempSync(join(tmpdir(), 'counted-'));
    const db = openDatabase(join(folder, 'wheelhouse.db'));
    try {
      const store = countedTimeStore(db);
      expect(store.load()).toBeUndefined();
      store.save({ countedMs: 12.5, wallMs: 99 });
      expect(countedTimeStore(db).load()).toEqual({ countedMs: 12.5, wallMs: 99 });
      store.save({ countedMs: -1, wallMs: 99 });
      expect(store.load()).toBeUndefined();
    } finally {
      db.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
