import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from './program';

let dataDir: string;
beforeEach(() => (dataDir = mkdtempSync(join(tmpdir(), 'wh-guests-'))));
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const cli = async (...argv: string[]) => {
  let out = '';
  let err = '';
  const io = { out: (text: string) => (out += text), err: (text: string) => (err += text) };
  const code = await run(['guests', ...argv, '--data', dataDir], io);
  return { code, out, err };
};
/** A disc as far as its first descriptor tells. */
const disc = (name: string): string => {
  const file = join(dataDir, name);
  const bytes = Buffer.alloc(20 * 2048);
  bytes.write('\x01CD001\x01', 16 * 2048, 'latin1');
  writeFileSync(file, bytes);
  return file;
};

describe('guests of one’s own', () => {
  it('are added, listed and forgotten, their files left where they are', async () => {
    const iso = disc('a system.iso');
    const added = await cli('add', 'rescue', '--iso', iso, '--memory', '512', '--keyboard', 'de', '--still-for', '3');
    expect(added).toMatchObject({ code: 0, err: '' });
    expect(added.out).toContain('own/rescue');
    const [row] = JSON.parse((await cli('list', '--json')).out) as [{ known: { guest: object; tag: string } }];
    expect(row.known.tag).toMatch(/^own\/rescue:[0-9a-f]{12}$/);
    expect(row.known.guest).toMatchObject({ memoryMiB: 512, keyboard: 'de', readyWhen: { stillSeconds: 3 } });
    expect((await cli('add', 'rescue', '--iso', iso)).err).toContain('conflict');
    rmSync(iso);
    expect((await cli('list')).out).toContain('is not there any more');
    disc('a system.iso');
    expect((await cli('remove', 'rescue')).code).toBe(0);
    expect((await cli('remove', 'rescue')).err).toContain('not_found');
    expect(JSON.parse((await cli('list', '--json')).out)).toEqual([]);
  });

  it('are refused with what is wrong', async () => {
    const iso = disc('x.iso');
    const wrong = async (...argv: string[]) => {
      const { code, err } = await cli('add', ...argv);
      expect(code).not.toBe(0);
      return err;
    };
    expect(await wrong('x')).toContain('needs a disk, an ISO, or both');
    expect(await wrong('X', '--iso', iso)).toContain('small letters');
    expect(await wrong('../x', '--iso', iso)).toContain('small letters');
    expect(await wrong('x', '--iso', join(dataDir, 'none.iso'))).toContain('there is no such file');
    expect(await wrong('x', '--iso', dataDir)).toContain('it is not a file');
    writeFileSync(join(dataDir, 'text.iso'), 'no disc');
    expect(await wrong('x', '--iso', join(dataDir, 'text.iso'))).toContain('it is not an ISO image');
    expect(await wrong('x', '--iso', iso, '--keyboard', 'klingon')).toContain('keyboard');
    expect(await wrong('x', '--iso', iso, '--memory', 'much')).toContain('--memory takes a number');
    expect(await wrong('x', '--iso', iso, '--uefi-vars', iso)).toContain('need its firmware');
    expect(JSON.parse((await cli('list', '--json')).out)).toEqual([]);
  });
});
