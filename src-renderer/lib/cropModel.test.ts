import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { cropRound } from './cropModel';

const screen = { width: 1280, height: 800 };
const shown = { width: 96, height: 60 };

describe('cropRound', () => {
  it('centres the point where there is room', () => {
    const view = cropRound({ x: 640, y: 400 }, screen, shown, 0.45);
    expect(view.crop).toEqual({ x: 534, y: 334, width: 213, height: 133, scale: 0.45 });
    expect(Math.abs(view.ring.x - 48)).toBeLessThan(1);
    expect(Math.abs(view.ring.y - 30)).toBeLessThan(1);
  });
  it('moves the ring, not the crop, past an edge', () => {
    const view = cropRound({ x: 3, y: 799 }, screen, shown, 0.45);
    expect(view.crop.x).toBe(0);
    expect(view.crop.y + view.crop.height).toBe(800);
    expect(view.ring.x).toBeCloseTo(1.35);
  });
  it('always stays inside the screen and marks inside the crop', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -50, max: 4000 }),
        fc.integer({ min: -50, max: 4000 }),
        fc.integer({ min: 64, max: 3840 }),
        fc.integer({ min: 64, max: 2160 }),
        (x, y, width, height) => {
          const { crop, ring } = cropRound({ x, y }, { width, height }, shown, 0.45);
          expect(crop.x).toBeGreaterThanOrEqual(0);
          expect(crop.y).toBeGreaterThanOrEqual(0);
          expect(crop.x + crop.width).toBeLessThanOrEqual(width);
          expect(crop.y + crop.height).toBeLessThanOrEqual(height);
          expect(ring.x).toBeGreaterThanOrEqual(0);
          expect(ring.x).toBeLessThanOrEqual(crop.width * 0.45);
          expect(ring.y).toBeLessThanOrEqual(crop.height * 0.45);
        },
      ),
    );
  });
});
