import type { Duplex } from 'node:stream';

/** Joins two streams both ways with backpressure; the end of one, in any way, is the end of both. */
export function splice(left: Duplex, right: Duplex): void {
  const end = () => {
    left.destroy();
    right.destroy();
  };
  for (const stream of [left, right]) {
    stream.on('error', end);
    stream.on('close', end);
  }
  if (left.destroyed || right.destroyed) return end();
  left.pipe(right);
  right.pipe(left);
}
