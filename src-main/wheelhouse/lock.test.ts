import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lockDataDir } from './lock';
import { readRuntime, removeRuntime, writeRuntime } from './runtime';
import { lockFile, runtimeFile } from './dataDir';

let dataDir: string;
let owner: ChildProcess | null = null;
beforeEach(() => (dataDir = mkdtempSync(join(tmpdir(), 'wh-lock-'))));
afterEach(() => {
  owner?.kill('SIGKILL');
  owner = null;
  rmSync(dataDir, { recursive: true, force: true });
});

it('lets one broker have a data folder, and says who has it', () => {
  const lock = lockDataDir(dataDir);
  writeRuntime(dataDir, { url: 'http://127.0.0.1:1', pid: 4711, token: 't' });
  expect(() => lockDataDir(dataDir)).toThrow(/process 4711.*is using/);
  lock.release();
  lockDataDir(dataDir).release();
});

it('is free again when its owner was killed', async () => {
  const script = join(dataDir, 'owner.mjs');
  const module = import.meta.resolve('@photostructure/sqlite');
  writeFileSync(
    script,
    `import sqlite from ${JSON.stringify(module)};
     const { DatabaseSync } = sqlite;
     // Held for as long as the process lives: the garbage collector closes what nobody holds.
     const db = (globalThis.held = new DatabaseSync(${JSON.stringify(lockFile(dataDir))}));
     db.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE;');
     process.send('locked');
     setInterval(() => {}, 1000);`,
  );
  const other = (owner = fork(script));
  await new Promise((resolve, reject) => other.once('message', resolve).once('exit', reject));
  expect(() => lockDataDir(dataDir)).toThrow(/is using/);
  const gone = new Promise((resolve) => other.once('exit', resolve));
  other.kill('SIGKILL');
  await gone;
  lockDataDir(dataDir).release();
});

it('keeps the way to the running broker readable by its user alone', () => {
  expect(readRuntime(dataDir)).toBeNull();
  const runtime = { url: 'http://127.0.0.1:7317', pid: 12, token: 'whl_admin_x' };
  writeRuntime(dataDir, runtime);
  writeRuntime(dataDir, runtime);
  expect(readRuntime(dataDir)).toEqual(runtime);
  expect(statSync(runtimeFile(dataDir)).mode & 0o777).toBe(0o600);
  writeFileSync(runtimeFile(dataDir), '{"url": 1}');
  expect(readRuntime(dataDir)).toBeNull();
  removeRuntime(dataDir);
  removeRuntime(dataDir);
});
