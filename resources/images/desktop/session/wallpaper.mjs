// Draws the desktop's background as a PNG: a calm teal grey with three low hills. Run once while the image is built.
import { writeFileSync } from 'node:fs';
import { encodePng } from './png.mjs';

const width = 1920;
const height = 1200;
/** Centre and radius in picture heights; the later one lies in front. */
const hills = [
  { x: 0.15, y: 1.75, radius: 1.05, colour: [69, 92, 102] },
  { x: 1.5, y: 1.72, radius: 1.08, colour: [62, 84, 94] },
  { x: 0.8, y: 2.1, radius: 1.3, colour: [56, 77, 87] },
];
const sky = (y) => [78 - 4 * y, 102 - 5 * y, 112 - 5 * y];

const pixels = Buffer.alloc(width * height * 3);
for (let y = 0; y < height; y++) {
  for (let x = 0; x < width; x++) {
    let colour = sky(y / height);
    for (const hill of hills) {
      // One pixel of blending at the edge keeps the curve smooth.
      const inside = (hill.radius - Math.hypot(x / height - hill.x, y / height - hill.y)) * height;
      const share = Math.min(1, Math.max(0, inside + 0.5));
      colour = colour.map((value, index) => value + (hill.colour[index] - value) * share);
    }
    pixels.set(colour.map(Math.round), (y * width + x) * 3);
  }
}
writeFileSync(process.argv[2], encodePng(width, height, pixels));
