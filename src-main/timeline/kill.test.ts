import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDatabase } from '../store/database';
import type { Said } from './killChild';
import { testTimeline } from './testing';

const root = fileURLToPath(new URL('../../', import.meta.url));
// inside node_modules, so that what the child imports is found from there
const cache = join(root, 'node_modules', '.cache', 'wheelhouse');
let out = '';
let dataDir = '';

beforeAll(async () => {
  mkdirSync(cache, { recursive: true });
  out = mkdtempSync(join(cache, 'kill-'));
  dataDir = mkdtempSync(join(tmpdir(), 'wheelhouse-kill-'));
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    resolve: { alias: { '@shared': join(root, 'src-shared') } },
    build: {
      ssr: join(root, 'src-main/timeline/killChild.ts'),
      outDir: out,
      target: 'node20',
      rollupOptions: { output: { format: 'es', entryFileNames: 'child.mjs' } },
    },
  });
}, 60_000);
afterAll(() => {
  for (const dir of [out, dataDir]) if (dir) rmSync(dir, { recursive: true, force: true });
});

/** Runs the child until it has acknowledged `lines` facts, kills it, and returns every whole line it said. */
async function runAndKill(lines: number): Promise<Said[]> {
  const child = spawn(process.execPath, [join(out, 'child.mjs'), dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (said.split('\n').length > lines) child.kill('SIGKILL');
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  expect([code, signal]).toEqual([null, 'SIGKILL']);
  return said
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(' ') as Said);
}

it('loses nothing it acknowledged when it is killed, and the chain goes on whole', async () => {
  const known: Said[] = [];
  let pictures = 0;
  // After nine lines one action is pending; after two thousand pictures have been joined to their rows.
  for (const lines of [13, 60, 111, 205, 340, 2000]) {
    const said = await runAndKill(lines);
    expect(said.length).toBeGreaterThanOrEqual(lines);
    known.push(...said);
    const db = openDatabase(join(dataDir, 'store.db'));
    const { timeline, remove, announced } = testTimeline({}, db);
    for (const session of ['session-0', 'session-1', 'session-2']) expect(timeline.verify(session)).toBeNull();
    const finished = new Set(known.filter(([what]) => what === 'done').map(([, , id]) => id));
    for (const [, session, id] of known) {
      const row = timeline.get(id);
      expect(row.sessionId).toBe(session);
      if (finished.has(id)) expect(row.outcome).toBe('done');
      if (!row.frameBefore) continue;
      pictures += 1;
      const file = readFileSync(join(dataDir, 'frames', row.frameBefore.slice(0, 2), `${row.frameBefore}.png`));
      expect(createHash('sha256').update(file).digest('hex')).toBe(row.frameBefore);
    }
    timeline.recover();
    expect(announced.length).toBeGreaterThan(0);
    expect(db.prepare("SELECT count(*) AS n FROM actions WHERE outcome = 'pending'").get()).toEqual({ n: 0 });
    for (const session of ['session-0', 'session-1', 'session-2']) expect(timeline.verify(session)).toBeNull();
    await timeline.close();
    db.close();
    remove();
  }
  expect(pictures).toBeGreaterThan(0);
}, 120_000);
