import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freeSpace } from './disk';
import { UsedMark } from './usedMark';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'mark-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the mark of a used machine', () => {
  it('is none at first, and is still there for an agent that starts anew', () => {
    const path = join(folder, 'mark');
    const mark = new UsedMark(path);
    expect(mark.get()).toBeNull();
    mark.set('s_1');
    mark.set('s_2');
    expect(mark.get()).toBe('s_2');
    expect(new UsedMark(path).get()).toBe('s_2');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('holds where it can’t be written, and is believed when it can’t be read', () => {
    const mark = new UsedMark(join(folder, 'no/such/folder'));
    mark.set('s_1');
    expect(mark.get()).toBe('s_1');
    const path = join(folder, 'odd');
    writeFileSync(path, '');
    expect(new UsedMark(path).get()).not.toBeNull();
  });
});

describe('the room that is left', () => {
  it('is told of the system and of the home', async () => {
    mkdirSync(join(folder, 'home'));
    const { freeBytes, homeFreeBytes } = await freeSpace('/', join(folder, 'home'));
    expect(freeBytes).toBeGreaterThan(0);
    expect(homeFreeBytes).toBeGreaterThan(0);
    await expect(freeSpace('/', join(folder, 'nothing'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
