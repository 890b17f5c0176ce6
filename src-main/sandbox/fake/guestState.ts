import { deflateSync, inflateSync } from 'node:zlib';
import { z } from 'zod';
import type { LinkResult } from '@shared/link';

/** What of a fake machine a checkpoint keeps: its files, windows, clipboard, mark and screen. */
export interface GuestState {
  files: Map<string, Buffer>;
  windows: LinkResult<'listWindows'>;
  clipboard: string;
  /** In its agent's memory, which is saved with the rest. */
  mark: string | null;
  screen: { width: number; height: number; pixels: Buffer };
}

const stored = z.object({
  files: z.array(z.tuple([z.string(), z.string()])),
  windows: z.array(
    z.object({
      title: z.string(),
      processName: z.string(),
      handle: z.string(),
      x: z.number(),
      y: z.number(),
      width: z.number(),
      height: z.number(),
    }),
  ),
  clipboard: z.string(),
  mark: z.string().nullable(),
  screen: z.object({ width: z.int(), height: z.int(), pixels: z.string() }),
});

export const packState = ({ files, windows, clipboard, mark, screen }: GuestState): string =>
  JSON.stringify({
    files: [...files].map(([path, data]) => [path, data.toString('base64')]),
    windows,
    clipboard,
    mark,
    screen: { ...screen, pixels: deflateSync(screen.pixels, { level: 1 }).toString('base64') },
  });

export function unpackState(text: string): GuestState {
  const { files, windows, clipboard, mark, screen } = stored.parse(JSON.parse(text));
  return {
    files: new Map(files.map(([path, data]) => [path, Buffer.from(data, 'base64')])),
    windows,
    clipboard,
    mark,
    screen: { ...screen, pixels: inflateSync(Buffer.from(screen.pixels, 'base64')) },
  };
}
