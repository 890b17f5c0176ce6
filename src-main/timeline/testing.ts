import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Transformer } from '@napi-rs/image';
import { createBus } from '../base/bus';
import { FakeClock } from '../base/clock';
import { countingIds } from '../base/ids';
import { silentLogger } from '../base/logger';
import type { Action } from '@shared/action';
import { openDatabase } from '../store/database';
import { createTimeline, type TimelineLimits } from './timeline';
import type { Intent } from './types';

/** A timeline in memory with its own folder, a clock that stands still, and what it announced. For tests. */
export function testTimeline(limits: TimelineLimits = {}, db = openDatabase(':memory:')) {
  const dataDir = mkdtempSync(join(tmpdir(), 'wheelhouse-timeline-'));
  const bus = createBus();
  const clock = new FakeClock();
  const announced: Action[] = [];
  bus.on((event) => event.event === 'action' && announced.push(event.data));
  const timeline = createTimeline({ db, dataDir, bus, clock, ids: countingIds(), logger: silentLogger, limits });
  return {
    db,
    dataDir,
    bus,
    clock,
    announced,
    timeline,
    remove: () => rmSync(dataDir, { recursive: true, force: true }),
  };
}

export const intent = (over: Partial<Intent> = {}): Intent => ({
  sessionId: 'session-1',
  actor: { kind: 'agent', name: 'demo' },
  epoch: 1,
  tool: 'click',
  arguments: { x: 1, y: 2 },
  words: 'Clicked at **1, 2**',
  point: { x: 1, y: 2 },
  ...over,
});

/** A PNG of one colour; other colours, other content. */
export function pngOf(width: number, height: number, colour: number): Promise<Buffer> {
  const pixels = Buffer.alloc(width * height * 4, 255);
  for (let i = 0; i < width * height; i++) pixels.writeUIntBE(colour, i * 4, 3);
  return Transformer.fromRgbaPixels(pixels, width, height).png();
}
