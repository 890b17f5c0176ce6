import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WheelhouseError } from './errors';
import { writeStream } from './writeStream';

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'wh-write-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it('writes all of it, for its owner alone', async () => {
  const path = join(dir, 'home.tar');
  await writeStream(path, Readable.from([Buffer.from('one '), Buffer.from('two')]));
  expect(readFileSync(path, 'utf8')).toBe('one two');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(dir)).toEqual(['home.tar']);
});

it('leaves nothing of what broke off, and says why', async () => {
  const breaks = async function* () {
    yield Buffer.from('begun');
    throw new WheelhouseError('guest_failed', 'The container went away.');
  };
  const broken = writeStream(join(dir, 'home.tar'), Readable.from(breaks()));
  await expect(broken).rejects.toMatchObject({ code: 'guest_failed' });
  expect(readdirSync(dir)).toEqual([]);
  const nowhere = writeStream(join(dir, 'none', 'home.tar'), Readable.from(['x']));
  await expect(nowhere).rejects.toMatchObject({ code: 'not_supported', message: expect.stringContaining('ENOENT') });
  expect(existsSync(join(dir, 'none'))).toBe(false);
});
