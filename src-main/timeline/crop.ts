import { readFile } from 'node:fs/promises';
import { ResizeFit, Transformer } from '@napi-rs/image';
import { WheelhouseError } from '../base/errors';
import type { Rect } from '../screen/types';
import { gate } from './gate';

const defaultCacheBytes = 32 * 1024 * 1024;

/** Width and height from a PNG's header (PNG specification, 11.2.2 IHDR). not_found when it is no PNG. */
function pngSize(png: Buffer): { width: number; height: number } {
  if (png.length < 24 || png.readUInt32BE(0) !== 0x89504e47) {
    throw new WheelhouseError('not_found', 'This frame can no longer be read.');
  }
  return { width: png.readUInt32BE(16), height: png.readUInt32BE(20) };
}

/** The part of a rectangle that lies on the picture. bad_request when none does. */
function clampRect(rect: Rect, size: { width: number; height: number }): Rect {
  const numbers = [rect.x, rect.y, rect.width, rect.height];
  const left = Math.max(0, Math.floor(rect.x));
  const top = Math.max(0, Math.floor(rect.y));
  const right = Math.min(size.width, Math.floor(rect.x) + Math.round(rect.width));
  const bottom = Math.min(size.height, Math.floor(rect.y) + Math.round(rect.height));
  if (!numbers.every(Number.isFinite) || right <= left || bottom <= top) {
    throw new WheelhouseError('bad_request', 'The rectangle lies outside the picture.');
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/**
 * Cuts a part out of a stored frame and scales it down, in the library's own threads. Results are kept up to
 * `cacheBytes`, the ones not asked for the longest go first; equal questions at once share one answer.
 */
export function createCropper(pathOf: (hash: string) => string, cacheBytes = defaultCacheBytes) {
  const cache = new Map<string, Buffer>();
  const running = new Map<string, Promise<Buffer>>();
  const enter = gate(2);
  let bytes = 0;

  function remember(key: string, png: Buffer): void {
    if (png.length > cacheBytes) return;
    cache.set(key, png);
    bytes += png.length;
    for (const [oldest, value] of cache) {
      if (bytes <= cacheBytes) break;
      cache.delete(oldest);
      bytes -= value.length;
    }
  }

  async function make(hash: string, rect: Rect, scale: number): Promise<Buffer> {
    const png = await readFile(pathOf(hash));
    const part = clampRect(rect, pngSize(png));
    const cut = await new Transformer(png).crop(part.x, part.y, part.width, part.height).png();
    if (scale === 1) return cut;
    // a picture of its own: in one pipeline the library would scale before it crops
    const width = Math.max(1, Math.round(part.width * scale));
    const height = Math.max(1, Math.round(part.height * scale));
    return new Transformer(cut).resize({ width, height, fit: ResizeFit.Fill }).png();
  }

  return {
    async crop(hash: string, rect: Rect, scale: number): Promise<Buffer> {
      if (!(scale >= 0.05 && scale <= 1))
        throw new WheelhouseError('bad_request', 'The scale must be within 0.05 and 1.');
      const key = [hash, rect.x, rect.y, rect.width, rect.height, scale].join(':');
      const known = cache.get(key);
      if (known) {
        cache.delete(key);
        cache.set(key, known);
        return known;
      }
      let work = running.get(key);
      if (!work) {
        work = enter(() => make(hash, rect, scale)).finally(() => running.delete(key));
        running.set(key, work);
        work.then((png) => remember(key, png)).catch(() => {});
      }
      return work;
    },
    bytes: () => bytes,
  };
}
