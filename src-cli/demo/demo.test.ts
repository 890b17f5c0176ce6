import { describe, expect, it } from 'vitest';
import { readPage, writeReport, type Order } from './orders';
import { findBlock, middleOf } from './picture';

const header = 'Order\tMachine\tPart\tQuantity\tDue\tStatus\tMinutes';
const copied = (rows: readonly string[], page = 1) =>
  ['Shop floor', 'Northgate works', 'Orders', `Page ${page} of 2, 22 orders`, '', header, ...rows, 'Next page'].join(
    '\n',
  );

describe('reading a copied page', () => {
  it('finds every row of a list', () => {
    const page = readPage(
      copied([
        'SF-1\tMill 3\tGear case\t8\t2026-11-20\tLate\t364',
        'SF-2\tLathe 1\tShaft\t60\t2026-11-23\tIn work\t540',
      ]),
    );
    expect(page).toMatchObject({ kind: 'orders', page: 1, pages: 2, total: 22 });
    expect(page.kind === 'orders' && page.orders.map(({ minutes }) => minutes)).toEqual([364, 540]);
  });

  it('takes no row that does not have seven cells with numbers where numbers belong', () => {
    const page = readPage(
      copied(['SF-1\tMill\tGear\tmany\t2026-11-20\tLate\t364', 'SF-2\tMill\tGear', '\t\t\t\t\t\t', header]),
    );
    expect(page.kind === 'orders' && page.orders).toEqual([]);
  });

  it('knows the sign-in page, and that it knows nothing of others', () => {
    expect(readPage('Shop floor\nSign in\nEnter the 6-digit code that was given to you.\nCode')).toEqual({
      kind: 'signIn',
    });
    expect(readPage('')).toEqual({ kind: 'other' });
    expect(readPage('Sign in to something else')).toEqual({ kind: 'other' });
  });
});

const siteData = new URL('../../resources/images/desktop/shop/data.mjs', import.meta.url).href;

describe('the report', async () => {
  const { orders } = (await import(/* @vite-ignore */ siteData)) as { orders: Record<keyof Order, string>[] };
  const all = orders.map((row) => ({
    ...row,
    quantity: Number(row.quantity),
    minutes: Number(row.minutes),
  }));

  it('sums the site’s own orders', () => {
    const report = writeReport(all);
    const total = all.reduce((sum, { minutes }) => sum + minutes, 0);
    expect(report).toContain(`22 orders, ${total} minutes of work`);
    expect(report).toContain('Mill 3: 1131 min, 3 orders');
    expect(report).toContain('Late: 5');
    // The heaviest load first, the oldest due date first.
    expect(report.indexOf('Lathe 1:')).toBeLessThan(report.indexOf('Laser 1:'));
    expect(report.indexOf('2026-11-18')).toBeLessThan(report.indexOf('2026-11-20'));
  });
});

describe('finding a button by its colour', () => {
  const green = [11, 122, 94] as const;
  const paint = (
    width: number,
    height: number,
    blocks: { x: number; y: number; w: number; h: number }[],
    bytes: 3 | 4,
  ) => {
    const pixels = new Uint8Array(width * height * bytes).fill(255);
    for (const block of blocks)
      for (let y = block.y; y < block.y + block.h; y++)
        for (let x = block.x; x < block.x + block.w; x++) pixels.set(green, (y * width + x) * bytes);
    return pixels;
  };

  it.each([3, 4] as const)('finds the largest block in pictures of %i bytes a pixel', (bytes) => {
    const pixels = paint(
      300,
      200,
      [
        { x: 10, y: 10, w: 50, h: 10 },
        { x: 100, y: 100, w: 120, h: 36 },
      ],
      bytes,
    );
    const spot = findBlock(pixels, 300, 200, green);
    expect(spot).toEqual({ x: 100, y: 100, width: 120, height: 36 });
    expect(spot && middleOf(spot)).toEqual({ x: 160, y: 118 });
  });

  it('sees through the letters on it', () => {
    const pixels = paint(300, 200, [{ x: 100, y: 100, w: 120, h: 36 }], 3);
    for (let y = 112; y < 124; y++) for (let x = 130; x < 150; x++) pixels.set([255, 255, 255], (y * 300 + x) * 3);
    expect(findBlock(pixels, 300, 200, green)).toMatchObject({ x: 100, y: 100, width: 120, height: 36 });
  });

  it('finds none in a picture without it, nor a line or a dot', () => {
    expect(findBlock(paint(300, 200, [], 3), 300, 200, green)).toBeNull();
    expect(
      findBlock(
        paint(
          300,
          200,
          [
            { x: 10, y: 10, w: 200, h: 2 },
            { x: 50, y: 50, w: 9, h: 30 },
          ],
          3,
        ),
        300,
        200,
        green,
      ),
    ).toBeNull();
  });
});
