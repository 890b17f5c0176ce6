import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../base/logger';
import { Parking } from './parking';

const never = new AbortController().signal;
const target = { machineId: 'm_a', path: 'p', secret: 's' };

const make = () => {
  const did: string[] = [];
  let finish: (error?: Error) => void = () => {};
  const parking = new Parking(
    {
      warm: (_, signal) =>
        new Promise((resolve, reject) => {
          did.push('warm');
          finish = (error) => (error ? reject(error) : resolve());
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
      hold: async () => void did.push('hold'),
    },
    silentLogger,
  );
  const settled = async (): Promise<void> => {
    while (parking.isParking(target.machineId)) await Promise.resolve();
  };
  return { parking, did, settled, finish: (error?: Error) => finish(error) };
};

describe('parking a machine', () => {
  it('warms one that was just made, once, and then stops it', async () => {
    const { parking, did, settled, finish } = make();
    parking.made('m_a');
    await parking.park(target, never);
    await parking.park(target, never);
    expect(did).toEqual(['warm']);
    finish();
    await settled();
    expect(did).toEqual(['warm', 'hold']);
    await parking.park(target, never);
    expect(did).toEqual(['warm', 'hold', 'hold']);
  });

  it('stops one that could not be warmed, too', async () => {
    const { parking, did, settled, finish } = make();
    parking.made('m_a');
    await parking.park(target, never);
    finish(new Error('slow'));
    await settled();
    expect(did).toEqual(['warm', 'hold']);
  });

  it('leaves one alone that is wanted meanwhile', async () => {
    const { parking, did } = make();
    parking.made('m_a');
    await parking.park(target, never);
    await parking.end('m_a');
    expect(parking.isParking('m_a')).toBe(false);
    expect(did).toEqual(['warm']);
  });

  it('stops at once one that somebody has had before it was parked', async () => {
    const { parking, did } = make();
    parking.made('m_a');
    await parking.end('m_a');
    await parking.park(target, never);
    expect(did).toEqual(['hold']);
  });

  it('stops what is not stopped yet when it is closed', async () => {
    const { parking, did } = make();
    parking.made('m_a');
    await parking.park(target, never);
    await parking.close();
    expect(did).toEqual(['warm', 'hold']);
  });
});
