import { join } from 'node:path';
import { acquire } from './cases/acquire';
import { appStart } from './cases/appStart';
import { brokerRestart } from './cases/brokerRestart';
import { burst } from './cases/burst';
import { coldStart } from './cases/coldStart';
import { fence } from './cases/control';
import { footprint } from './cases/footprint';
import { keyToPixel } from './cases/keyToPixel';
import { qemuBoot } from './cases/qemuBoot';
import { qemuCheckpoints } from './cases/qemuCheckpoints';
import { qemuFleet } from './cases/qemuFleet';
import { qemuLife } from './cases/qemuLife';
import { qemuTools } from './cases/qemuTools';
import { manySessions } from './cases/manySessions';
import { relay } from './cases/relay';
import { sessionLife } from './cases/sessionLife';
import { tools } from './cases/tools';
import { serveClient } from './lib/clientProcess';
import { load, quietMoment } from './lib/quiet';
import { serveRelay } from './lib/relayServer';
import { machine, markdown, writeResults, type Row } from './lib/report';

/**
 * `npm run bench [case …] [--patience=SECONDS]`: every figure that the project names, measured here and now, beside what it
 * is compared to. With patience each case waits that long for a moment in which this computer does nothing else.
 */
const cases: Record<string, () => Promise<Row[]>> = {
  acquire,
  burst,
  sessionLife,
  brokerRestart,
  manySessions,
  coldStart,
  tools,
  fence,
  relay,
  keyToPixel,
  appStart,
  footprint,
  qemuLife,
  qemuTools,
  qemuBoot,
  qemuFleet,
  qemuCheckpoints,
};

async function main(): Promise<void> {
  const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
  const unknown = wanted.filter((name) => !(name in cases));
  if (unknown.length > 0) {
    console.error(`No such case: ${unknown.join(', ')}. There are ${Object.keys(cases).join(', ')}.`);
    process.exit(2);
  }
  const patience = Number(process.argv.find((argument) => argument.startsWith('--patience='))?.split('=')[1] ?? 0);
  console.log(`Measured on ${JSON.stringify(machine())}`);
  const rows: Row[] = [];
  let failed = 0;
  for (const [name, run] of Object.entries(cases)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const quiet = patience > 0 ? await quietMoment(patience) : null;
    const loadBefore = load();
    const started = performance.now();
    try {
      const found = await run();
      rows.push(...found);
      for (const row of found) console.log(`${row.what}: ${row.measured}`);
    } catch (error) {
      failed += 1;
      console.error(`${name} failed:`, error);
    }
    const around = `load ${loadBefore} before, ${load()} after${quiet === false ? ', no quiet moment came' : ''}`;
    console.log(`  (${name}: ${Math.round((performance.now() - started) / 1000)} s; ${around})`);
  }
  const file = join(process.cwd(), 'out/bench/results.json');
  writeResults(file, rows);
  console.log(`\n${markdown(rows)}\n\nWritten to ${file}`);
  process.exit(failed > 0 ? 1 : 0);
}

const relayFor = process.argv.indexOf('--relay-server');
if (process.argv.includes('--client')) serveClient();
else if (relayFor > 0) serveRelay(process.argv[relayFor + 1] ?? '');
else await main();
