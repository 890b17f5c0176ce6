import { Transformer } from '@napi-rs/image';

/** A PNG's or JPEG's pixels, by an independent decoder. */
export async function decodePng(bytes: Buffer) {
  const image = new Transformer(bytes);
  const { width, height } = await image.metadata();
  const pixels = await image.rawPixels();
  const channels = pixels.length / (width * height);
  return {
    width,
    height,
    at: (x: number, y: number): number[] => [
      ...pixels.subarray((y * width + x) * channels, (y * width + x + 1) * channels),
    ],
  };
}
