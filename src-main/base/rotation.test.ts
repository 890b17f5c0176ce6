import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rotate } from './rotation';

describe('the log’s rotation', () => {
  it('keeps a bounded number of bounded files, the newest first', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'wh-log-')), 'a.log');
    for (let n = 1; n <= 6; n += 1) {
      writeFileSync(file, String(n).repeat(100));
      expect(rotate(file, 100, 3)).toBe(true);
    }
    expect([1, 2, 3].map((n) => readFileSync(`${file}.${n}`, 'utf8')[0])).toEqual(['6', '5', '4']);
    expect(existsSync(`${file}.4`)).toBe(false);
    expect(existsSync(file)).toBe(false);
  });

  it('leaves a small or missing file alone', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'wh-log-')), 'a.log');
    expect(rotate(file, 100)).toBe(false);
    writeFileSync(file, 'x');
    expect(rotate(file, 100)).toBe(false);
  });
});
