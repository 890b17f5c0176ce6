import type { Crop } from './pictures';

export interface CropView {
  crop: Crop;
  /** Where the point falls in the shown crop, in its pixels. */
  ring: { x: number; y: number };
}

/**
 * The part of a frame round a point: shown `width` x `height` at `scale`, kept inside the screen, so that near an edge
 * the ring moves instead of the picture running out.
 */
export function cropRound(
  point: { x: number; y: number },
  screen: { width: number; height: number },
  shown: { width: number; height: number },
  scale: number,
): CropView {
  const width = Math.min(screen.width, Math.round(shown.width / scale));
  const height = Math.min(screen.height, Math.round(shown.height / scale));
  const x = clamp(Math.round(point.x - width / 2), 0, screen.width - width);
  const y = clamp(Math.round(point.y - height / 2), 0, screen.height - height);
  const inside = { x: clamp(point.x, 0, screen.width - 1), y: clamp(point.y, 0, screen.height - 1) };
  return { crop: { x, y, width, height, scale }, ring: { x: (inside.x - x) * scale, y: (inside.y - y) * scale } };
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
