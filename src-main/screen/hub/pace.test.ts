import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/clock';
import { Pace } from './pace';

function rig(continuous = true) {
  const clock = new FakeClock();
  const log: string[] = [];
  const connection = {
    continuous,
    received: 0,
    requested: false,
    request: () => void log.push('ask'),
    setContinuous: (on: boolean) => void log.push(on ? 'push' : 'stop'),
  };
  const pace = new Pace(connection, clock);
  const take = () => log.splice(0);
  return { clock, connection, pace, take };
}

describe('the pace of pictures', () => {
  it('is one request a second while nobody cares, after the last was answered', () => {
    const { clock, pace, take } = rig();
    pace.updated();
    clock.advance(999);
    expect(take()).toEqual([]);
    clock.advance(1);
    expect(take()).toEqual(['ask']);
    clock.advance(10_000);
    expect(take()).toEqual([]);
    pace.updated();
    clock.advance(1_000);
    expect(take()).toEqual(['ask']);
  });

  it('is the server\u2019s own while watched, and while something acts and for 2 s after', () => {
    const { clock, pace, take } = rig();
    pace.demand(true);
    pace.updated();
    clock.advance(60_000);
    expect(take()).toEqual(['push', 'ask']);
    pace.demand(false);
    expect(take()).toEqual(['stop']);
    pace.touch();
    clock.advance(1_500);
    pace.touch();
    clock.advance(1_999);
    expect(take()).toEqual(['push', 'ask']);
    clock.advance(1);
    expect(take()).toEqual(['stop']);
    clock.advance(1_000);
    expect(take()).toEqual(['ask']);
  });

  it('asks after every picture where the server can\u2019t push', () => {
    const { pace, take } = rig(false);
    pace.touch();
    pace.updated();
    pace.updated();
    expect(take()).toEqual(['ask', 'ask', 'ask']);
  });

  it('falls to ten pictures a second in a film, and rises again when it is over', () => {
    const { clock, connection, pace, take } = rig();
    pace.demand(true);
    clock.advance(1_000);
    pace.updated();
    take();
    connection.received += 49_000_000;
    pace.updated();
    expect(take()).toEqual(['stop', 'ask']);
    clock.advance(100);
    expect(take()).toEqual(['ask']);
    clock.advance(1_000);
    pace.updated();
    clock.advance(1_000);
    connection.received += 100_000;
    take();
    pace.updated();
    expect(take()).toEqual(['push', 'ask']);
  });

  it('asks for nothing once closed', () => {
    const { clock, pace, take } = rig();
    pace.updated();
    pace.touch();
    take();
    pace.close();
    pace.updated();
    pace.touch();
    clock.advance(10_000);
    expect(take()).toEqual([]);
  });
});
