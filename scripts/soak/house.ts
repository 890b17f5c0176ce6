import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLogger } from '../../src-main/base/logger';
import { startWheelhouse } from '../../src-main/wheelhouse';
import { agentFile, pointsFile } from './lib/files';

/**
 * The process that the crash harness kills: what `wheelhouse serve` runs, and a hook at the broker's named points.
 * SOAK_KILL is `POINT:N`: at the nth passing of that point this process kills itself, so suddenly that nothing of it
 * runs any more. Every point that is passed for the first time is noted in the data folder.
 */
const [dataDir, backend] = process.argv.slice(2);
if (!dataDir || (backend !== 'docker' && backend !== 'qemu')) throw new Error('DIR docker|qemu');
const [killPoint, nth] = (process.env['SOAK_KILL'] ?? '').split(':');
let left = Number(nth);
const points = join(dataDir, pointsFile);
const known = new Set(existsSync(points) ? readFileSync(points, 'utf8').split('\n') : []);

const wheelhouse = await startWheelhouse({
  dataDir,
  port: 0,
  logger: createLogger({ level: process.env['SOAK_LOG'] ?? 'silent', file: join(dataDir, 'soak.log') }),
  operator: 'olga',
  defaultBackend: backend,
  // Looks more often than usual, so that a round is short; nothing is more lenient.
  limits: { broker: { listEveryMs: 2000, healthEveryMs: 2000, quarantinedMs: 5000, backoffMs: 500 } },
  fault(point) {
    if (!known.has(point)) {
      known.add(point);
      appendFileSync(points, `${point}\n`);
    }
    if (point === killPoint && --left === 0) process.kill(process.pid, 'SIGKILL');
  },
});
const agent = join(dataDir, agentFile);
if (!existsSync(agent)) writeFileSync(agent, wheelhouse.identity.create({ name: 'robot', role: 'agent' }).secret);
console.log(JSON.stringify({ url: wheelhouse.url, installationId: wheelhouse.installationId }));
process.once('SIGTERM', () => {
  void wheelhouse.stop({ destroy: process.env['SOAK_DESTROY'] === '1' }).then(() => process.exit(0));
});
