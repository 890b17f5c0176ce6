import { Transformer } from '@napi-rs/image';

export interface Spot {
  x: number;
  y: number;
  width: number;
  height: number;
}

/**
 * The largest block of nearly one colour in a picture: how this agent, which has no model, finds a button. Rows of at
 * least `minimumWidth` such pixels count; gaps (the button's letters) up to 24 pixels are bridged. Null when there is
 * none. `pixels` has 3 or 4 bytes a pixel.
 */
export function findBlock(
  pixels: Uint8Array,
  width: number,
  height: number,
  colour: readonly [number, number, number],
  minimumWidth = 40,
): Spot | null {
  const bytes = pixels.length / (width * height);
  const fits = (at: number) => colour.every((value, channel) => Math.abs((pixels[at + channel] ?? -999) - value) <= 6);
  let best: Spot | null = null;
  let open: Spot | null = null;
  for (let y = 0; y < height; y++) {
    const run = longestRun((x) => fits((y * width + x) * bytes), width);
    if (run && run.length >= minimumWidth) {
      const joins: boolean = open !== null && Math.abs(open.x - run.x) <= 4 && Math.abs(open.width - run.length) <= 8;
      if (joins && open) open.height = y - open.y + 1;
      else open = { x: run.x, y, width: run.length, height: 1 };
      if (!best || open.width * open.height >= best.width * best.height) best = { ...open };
    } else {
      open = null;
    }
  }
  return best && best.height >= 8 ? best : null;
}

function longestRun(fits: (x: number) => boolean, width: number): { x: number; length: number } | null {
  let best: { x: number; length: number } | null = null;
  let start = -1;
  let last = -1;
  for (let x = 0; x < width; x++) {
    if (!fits(x)) continue;
    if (start < 0 || x - last > 24) start = x;
    last = x;
    if (!best || last - start + 1 > best.length) best = { x: start, length: last - start + 1 };
  }
  return best;
}

/** The middle of the block, in the picture's pixels. */
export const middleOf = ({ x, y, width, height }: Spot) => ({
  x: Math.round(x + width / 2),
  y: Math.round(y + height / 2),
});

export async function findInPng(png: Buffer, colour: readonly [number, number, number]): Promise<Spot | null> {
  const image = new Transformer(png);
  const { width, height } = await image.metadata();
  return findBlock(await image.rawPixels(), width, height, colour);
}
