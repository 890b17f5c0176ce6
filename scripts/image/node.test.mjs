import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ensureNode, integrityOf } from './node.mjs';
import { recipeDir } from './recipe.mjs';

describe('the guest’s Node', () => {
  it('is pinned for every architecture by an exact version and a hash', () => {
    const { version, integrity } = JSON.parse(readFileSync(join(recipeDir, 'node.json'), 'utf8'));
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    for (const arch of ['x64', 'arm64']) expect(integrity[arch]).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/);
  });

  it('is refused for processors that have none', async () => {
    await expect(ensureNode(() => {}, undefined, 'mips')).rejects.toThrow(/mips/);
  });

  it('is known by its bytes, in npm’s words', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'node-'));
    writeFileSync(join(folder, 'empty'), '');
    expect(await integrityOf(join(folder, 'empty'))).toBe(
      'sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==',
    );
    rmSync(folder, { recursive: true });
  });
});
