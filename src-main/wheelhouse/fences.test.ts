import { expect, it } from 'vitest';
import { silentLogger } from '../base/logger';
import type { LiveSession } from '../broker/types';
import type { ScreenHub } from '../screen/types';
import { createFences } from './fences';

const rooms = (over: { hub?: Partial<ScreenHub> | null; guest?: Partial<LiveSession['guest']> } = {}) => {
  const told: string[] = [];
  const hub =
    over.hub === null
      ? undefined
      : ({
          setEpoch: async (epoch: number) => void told.push(`screen ${epoch}`),
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
    currentHub: () => (hub ? Promise.resolve(hub) : undefined),
    hubFor: async () => {
      if (!hub) throw new Error('no screen');
      return hub;
    },
    releaseInput: () => void told.push('viewers'),
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
