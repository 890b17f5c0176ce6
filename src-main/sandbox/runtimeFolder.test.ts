import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RuntimeFolder } from './runtimeFolder';

describe('the folder of links', () => {
  let own: string;
  let folder: RuntimeFolder;
  beforeEach(() => {
    own = mkdtempSync(join(tmpdir(), 'run-'));
    folder = new RuntimeFolder('/data/one', { XDG_RUNTIME_DIR: own });
  });
  afterEach(() => rmSync(own, { recursive: true, force: true }));

  it('has the same name after a restart, another for other data, and short paths for the longest ids', () => {
    expect(new RuntimeFolder('/data/one', { XDG_RUNTIME_DIR: own }).path).toBe(folder.path);
    expect(new RuntimeFolder('/data/two', { XDG_RUNTIME_DIR: own }).path).not.toBe(folder.path);
    const deep = new RuntimeFolder('/data/one', { XDG_RUNTIME_DIR: `${own}/${'x'.repeat(90)}` });
    for (const made of [folder, deep, new RuntimeFolder('/data/one', {})]) {
      expect(Buffer.byteLength(made.socket('m'.repeat(128)))).toBeLessThanOrEqual(107);
    }
    expect(folder.machine('../../etc').startsWith(`${folder.path}/`)).toBe(true);
    expect(folder.machine('../../etc')).not.toContain('..');
  });

  it('is private outside, open inside, and forgets the secret when told', () => {
    folder.prepare({ machineId: 'm_1', secret: 's'.repeat(43) });
    expect(statSync(folder.path).mode & 0o777).toBe(0o700);
    expect(statSync(folder.machine('m_1')).mode & 0o7777).toBe(0o1777);
    const boot = join(folder.machine('m_1'), 'boot.json');
    expect(statSync(boot).mode & 0o777).toBe(0o644);
    folder.forgetSecret('m_1');
    folder.forgetSecret('m_1');
    expect(existsSync(boot)).toBe(false);
    folder.prepare({ machineId: 'm_2', secret: 's'.repeat(43) });
    folder.remove('m_1');
    folder.remove('m_1');
    expect(existsSync(folder.machine('m_1'))).toBe(false);
    expect(existsSync(folder.machine('m_2'))).toBe(true);
    folder.remove('m_2');
    expect(existsSync(folder.path)).toBe(false);
  });

  it('is refused when somebody else made it: open to others, a link, a file', () => {
    const boot = { machineId: 'm_1', secret: 's'.repeat(43) };
    mkdirSync(folder.path);
    chmodSync(folder.path, 0o755);
    expect(() => folder.prepare(boot)).toThrow(/not a private folder/);
    rmSync(folder.path, { recursive: true });
    mkdirSync(join(own, 'elsewhere'), { mode: 0o700 });
    symlinkSync(join(own, 'elsewhere'), folder.path);
    expect(() => folder.prepare(boot)).toThrow(/not a private folder/);
    rmSync(folder.path);
    writeFileSync(folder.path, '');
    expect(() => folder.prepare(boot)).toThrow(/can't be made/);
  });

  it('writes the secret to a file of its own, never through a link that waits there', () => {
    folder.prepare({ machineId: 'm_1', secret: 's'.repeat(43) });
    const target = join(own, 'target');
    writeFileSync(target, 'untouched');
    rmSync(join(folder.machine('m_1'), 'boot.json'));
    symlinkSync(target, join(folder.machine('m_1'), 'boot.json'));
    folder.prepare({ machineId: 'm_1', secret: 't'.repeat(43) });
    expect(statSync(target).size).toBe('untouched'.length);
  });
});
