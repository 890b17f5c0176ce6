import { expect, it } from 'vitest';
import { silentLogger } from '../base/logger';
import type { LiveSession } from '../broker/types';
import type { ScreenHub } from '../screen/types';
import { createFences } from './fences';

const rooms = (
  over: { hub?: Partial<ScreenHub> | null; guest?: Partial<LiveSession['guest']>; away?: boolean } = {},
) => {
  const told: string[] = [];
  const hub =
    over.hub === null
      ? undefined
      : ({
          setEpoch: async (epoch: number) => void told.push(`screen ${epoch}`),
          setFrozen: async (frozen: boolean) => void told.push(`screen ${frozen ? 'stops' : 'goes on'}`),
          frame: async () => ({ version: 1, png: Promise.resolve(Buffer.from('png')) }),
          ...over.hub,
        } as ScreenHub);
  const guest = {
    setEpoch: async (epoch: number) => void told.push(`guest ${epoch}`),
    listWindows: async () => [{ title: 'Editor' }],
    ...over.guest,
  } as LiveSession['guest'];
  const fences = createFences({
    connect: async () => ({ guest }) as LiveSession,
    isAway: () => over.away === true,
    currentHub: () => (hub ? Promise.resolve(hub) : undefined),
    hubFor: async () => {
      if (!hub) throw new Error('no screen');
      return hub;
    },
    releaseInput: () => void told.push('viewers'),
    freeze: async () => void told.push('freeze'),
    thaw: async () => void told.push('thaw'),
    putFrame: async (png) => `hash of ${png.toString()}`,
    logger: silentLogger,
  });
  return { fences, told };
};

it('tells screen, guest and viewers', async () => {
  const { fences, told } = rooms();
  await fences.raise('s', 7);
  expect(told.toSorted()).toEqual(['guest 7', 'screen 7', 'viewers']);
});

it('needs no screen that nobody opened', async () => {
  const { fences, told } = rooms({ hub: null });
  await fences.raise('s', 7);
  expect(told.toSorted()).toEqual(['guest 7', 'viewers']);
});

it.each(['hub', 'guest'])('does not claim to hold when the %s did not confirm', async (which) => {
  const setEpoch = async () => {
    throw new Error('lost');
  };
  const { fences } = rooms({ [which]: { setEpoch } });
  await expect(fences.raise('s', 7)).rejects.toThrow('lost');
});

it('looks, and makes do with what it can have', async () => {
  expect(await rooms().fences.look('s')).toEqual({ frame: 'hash of png', windows: ['Editor'] });
  expect(await rooms({ hub: null }).fences.look('s')).toEqual({ frame: null, windows: ['Editor'] });
  const listWindows = async () => {
    throw new Error('no answer');
  };
  expect(await rooms({ guest: { listWindows } }).fences.look('s')).toEqual({ frame: 'hash of png', windows: [] });
});

it('stops the machine without waiting for its screen, and tells the screen before anybody acts again', async () => {
  const { fences, told } = rooms();
  await fences.freeze?.('s');
  await fences.thaw?.('s');
  expect(told.filter((each) => !each.startsWith('screen stops'))).toEqual(['freeze', 'thaw', 'screen goes on']);
  expect(told).toContain('screen stops');
  const setFrozen = async () => {
    throw new Error('lost');
  };
  await expect(rooms({ hub: { setFrozen } }).fences.thaw?.('s')).resolves.toBeUndefined();
});

it('asks nothing of an agent that is not there', async () => {
  const { told } = rooms();
  const setEpoch = async () => {
    throw new Error('not asked');
  };
  const fences = createFences({
    isAway: () => false,
    connect: async () =>
      ({
        guest: { setEpoch, listWindows: setEpoch },
        session: { machine: { guestAgent: false } },
      }) as unknown as LiveSession,
    currentHub: () => undefined,
    hubFor: async () => {
      throw new Error('no screen');
    },
    releaseInput: () => void told.push('viewers'),
    freeze: async () => undefined,
    thaw: async () => undefined,
    putFrame: async () => 'hash',
    logger: silentLogger,
  });
  await fences.raise('s', 7);
  expect(told).toEqual(['viewers']);
  expect(await fences.look('s')).toEqual({ frame: null, windows: [] });
});

it('finds nothing to shut off, stop or look at while the session is suspended', async () => {
  const { fences, told } = rooms({ away: true });
  await fences.raise('s', 7);
  await fences.freeze?.('s');
  await fences.thaw?.('s');
  expect(await fences.look('s')).toEqual({ frame: null, windows: [] });
  expect(told).toEqual([]);
});
