import { WheelhouseError } from '../base/errors';

/** Keyboards that a guest without an agent may be set to: QEMU's names of their layouts. */
export const keyboards = ['en-us', 'en-gb', 'de', 'fr', 'es'] as const;
export type KeyboardName = (typeof keyboards)[number];

/** What a link's path says of a machine that has a screen and no agent. */
export interface RfbPath {
  /** Names one start of the machine. */
  bootId: string;
  /** The layout that the guest's keyboard has. */
  keyboard: KeyboardName;
  /** A unix socket in a folder that is this user's alone. */
  socket: string;
}

/** `rfb:BOOTID:SOCKET`; BOOTID is the keyboard's name, a dot and what names the start, so that who types knows the keys. */
export const rfbPath = ({ bootId, keyboard, socket }: RfbPath): string => `rfb:${keyboard}.${bootId}:${socket}`;

/** Null: the path leads to an in-guest agent. Throws guest_failed when it means a screen and says it wrongly. */
export function parseRfbPath(path: string): RfbPath | null {
  if (!path.startsWith('rfb:')) return null;
  const [, name = '', bootId, socket] = /^rfb:(?:([a-z-]{2,10})\.)?([\w-]{1,100}):(\/.{1,200})$/.exec(path) ?? [];
  const keyboard = name === '' ? 'en-us' : keyboards.find((one) => one === name);
  if (bootId === undefined || socket === undefined || keyboard === undefined) {
    throw new WheelhouseError('guest_failed', "The path to the machine's screen is not one.");
  }
  return { bootId, keyboard, socket };
}
