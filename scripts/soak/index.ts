import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { crash, type CrashReport } from './crash/run';
import { cycle } from './cycles';
import { bundleHouse } from './lib/bundle';
import { seeded } from './lib/seeded';

/**
 * `npm run soak [-- PART …]`: what takes longer than tests may. Parts: fake, docker (cycles), model, crash, crash-qemu.
 * SOAK_SCALE (1): a fraction shortens all of them. SOAK_SEED and MODEL_SEED repeat what a seed can.
 */
const scale = Number(process.env['SOAK_SCALE'] ?? 1);
const scaled = (count: number): number => Math.max(12, Math.round(count * scale));
const wanted = process.argv.slice(2);
const say = (words: string): void => console.log(`${new Date().toISOString().slice(11, 19)} ${words}`);
const bundle = await bundleHouse();
const screenWorkerUrl = pathToFileURL(join(bundle, 'screenWorker.js'));

const crashes = (backend: 'docker' | 'qemu', kills: number, each: number) => async () => {
  const { seed, random } = seeded();
  say(`crash on ${backend}: seed ${seed}, ${kills} kills`);
  const report = await crash({ bundle, backend, kills, each, random, say });
  show(report);
  return report.problems;
};
function show({ kills, at, missed, orphansMs }: CrashReport): void {
  console.table([...at].sort(([a], [b]) => (a < b ? -1 : 1)).map(([point, count]) => ({ point, kills: count })));
  say(
    `${kills} kills; orphans gone after ${orphansMs} ms; hit less often than asked for: ${missed.join(', ') || 'none'}`,
  );
}
const model = (): Promise<string[]> =>
  new Promise((resolve) => {
    const runs = scaled(10_000);
    say(`model: ${runs} lives`);
    const args = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', 'src-main/broker/model'];
    const child = spawn(process.execPath, args, {
      stdio: 'inherit',
      env: { ...process.env, MODEL_RUNS: String(runs) },
    });
    child.once('exit', (code) => resolve(code === 0 ? [] : [`the model's run ended with ${code}`]));
  });

const parts: Record<string, () => Promise<string[]>> = {
  fake: () => cycle({ backend: 'fake', cycles: scaled(10_000), screenWorkerUrl, say }),
  docker: () => cycle({ backend: 'docker', cycles: scaled(200), screenWorkerUrl, say }),
  model,
  crash: crashes('docker', scaled(200), scale >= 1 ? 2 : 1),
  'crash-qemu': crashes('qemu', scaled(40), 1),
};
const unknown = wanted.find((name) => !(name in parts));
if (unknown !== undefined) throw new Error(`There is no part ${unknown}; there are ${Object.keys(parts).join(', ')}.`);

const summary: string[] = [];
for (const [name, part] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const began = Date.now();
  const problems = await part().catch((error: unknown) => [
    error instanceof Error ? String(error.stack) : String(error),
  ]);
  for (const words of problems) say(`${name}: ${words}`);
  const seconds = Math.round((Date.now() - began) / 1000);
  summary.push(`${name}: ${problems.length === 0 ? 'held' : `${problems.length} problems`} (${seconds} s)`);
  if (problems.length > 0) process.exitCode = 1;
}
rmSync(bundle, { recursive: true, force: true });
for (const line of summary) console.log(line);
// Kept-alive sockets belong to nobody now.
process.exit();
