import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tryKernel } from './accelerator';

it('ends a kernel that hangs, and says so', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wh-trial-'));
  try {
    const binary = join(folder, 'hangs');
    writeFileSync(binary, '#!/bin/sh\nexec sleep 4711\n', { mode: 0o700 });
    expect(await tryKernel(binary, 'vmlinuz', 'hvf', 300)).toBe('a kernel was started and did not run within 0.3 s.');
    expect(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })).not.toContain('sleep 4711');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
