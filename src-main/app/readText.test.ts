import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readText } from './readText';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'wh-read-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('reads text, and nothing that is too large, no text, or no file', async () => {
  const file = join(folder, 'pools.yaml');
  writeFileSync(file, 'pools: []\n');
  expect(await readText(file, 100)).toBe('pools: []\n');
  await expect(readText(file, 5)).rejects.toMatchObject({ code: 'too_large' });
  writeFileSync(file, Buffer.from([0xff, 0xfe, 0x00]));
  await expect(readText(file, 100)).rejects.toMatchObject({ code: 'bad_request' });
  await expect(readText(folder, 100)).rejects.toMatchObject({ code: 'bad_request' });
  await expect(readText('/dev/zero', 100)).rejects.toMatchObject({ code: 'bad_request' });
  await expect(readText(join(folder, 'none'), 100)).rejects.toMatchObject({ code: 'not_supported' });
});
