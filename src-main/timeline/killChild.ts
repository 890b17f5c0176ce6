import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { createBus } from '../base/bus';
import { systemClock } from '../base/clock';
import { systemIds } from '../base/ids';
import { silentLogger } from '../base/logger';
import { openDatabase } from '../store/database';
import { createTimeline } from './timeline';

/**
 * The victim of the kill test: begins and finishes actions as fast as it can and says on standard output what was
 * acknowledged, until somebody kills it. Usage: node killChild.mjs DATA_DIR
 */
const dataDir = process.argv[2] ?? '';
const db = openDatabase(join(dataDir, 'store.db'));
const timeline = createTimeline({
  db,
  dataDir,
  bus: createBus(),
  clock: systemClock,
  ids: systemIds,
  logger: silentLogger,
});

/** A line of what was acknowledged, separated by blanks. */
export type Said = [what: 'begun' | 'done', sessionId: string, actionId: string];
const say = (...said: Said): void => void writeSync(1, `${said.join(' ')}\n`);

const png = Buffer.from('not looked at, only stored');
for (let i = 0; ; i++) {
  const sessionId = `session-${i % 3}`;
  const open = timeline.begin({
    sessionId,
    actor: { kind: 'agent', name: 'victim' },
    epoch: 1,
    tool: 'click',
    arguments: { i, text: 'x'.repeat(i % 500) },
    words: `Clicked **${i}**`,
    point: null,
  });
  say('begun', sessionId, open.id);
  open.before({ version: i, png: Promise.resolve(Buffer.concat([png, Buffer.from(String(i))])) });
  if (i % 5 !== 4) {
    open.finish({ outcome: 'done' });
    say('done', sessionId, open.id);
  }
  if (i % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 1));
}
