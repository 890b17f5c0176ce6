import { z } from 'zod';
import { settle } from '../fields';
import { actTool } from '../tool';
import { target } from '../words';

const modifiers = new Set(['ctrl', 'control', 'alt', 'win', 'super', 'meta', 'cmd']);
const upper = (key: string) => key.charAt(0).toUpperCase() + key.slice(1);

/** "Ctrl+S", "Enter". A character by itself is not named: it may be one of a password. */
function combination(keys: readonly string[]): string {
  const hidden = !keys.some((key) => modifiers.has(key.toLowerCase()));
  return keys.map((key) => ([...key].length > 1 ? upper(key) : hidden ? 'a character' : key.toUpperCase())).join('+');
}

export const pressKeys = actTool({
  kind: 'act',
  name: 'press_keys',
  title: 'Press keys',
  description:
    'Presses keys together and lets go, e.g. ["ctrl","s"]. Names: ctrl alt shift win enter esc tab space up down left right pageup pagedown home end backspace delete insert f1 to f12, or one character.',
  input: z.strictObject({ keys: z.array(z.string().min(1).max(32)).min(1).max(8), settle }),
  destructive: true,
  words: ({ keys }) => `Pressed ${target(combination(keys))}`,
  async run(context, { keys }) {
    await (await context.hub()).pressKeys(context.epoch, keys);
    return { structured: { keys }, text: `Pressed ${keys.join('+')}.` };
  },
});
