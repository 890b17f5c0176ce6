import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { BoundedOutput } from './bounded';
import { exec } from './exec';
import { SessionFiles } from './files';
import { openToItsOwner } from './home';
import { launch } from './launch';
import { listProcesses } from './processes';
import { readSessionFile } from './programs';

const never = new AbortController().signal;

describe('output within a bound', () => {
  it('is the beginning of what came, cut at a whole character', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 60 }),
        fc.nat(40),
        fc.integer({ min: 1, max: 9 }),
        (text, bound, step) => {
          const bytes = Buffer.from(text);
          const output = new BoundedOutput(bound);
          for (let at = 0; at < bytes.length; at += step) output.push(bytes.subarray(at, at + step));
          const kept = output.text();
          expect(text.startsWith(kept)).toBe(true);
          expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(bound);
          expect(output.cut).toBe(bytes.length > bound);
          if (!output.cut) expect(kept).toBe(text);
          else expect(Buffer.byteLength(kept)).toBeGreaterThan(bound - 4);
        },
      ),
    );
  });
});

describe('commands', () => {
  const options = { home: tmpdir(), environment: { PATH: '/usr/bin:/bin', HOME: '/nowhere' } };
  const run = (command: string, timeoutMs = 10_000, signal = never, cwd?: string) =>
    exec({ epoch: 0, command, timeoutMs, cwd }, options, signal);

  it('give their output, their code and nothing of our own environment', async () => {
    expect(await run('echo out; echo err >&2; exit 4')).toMatchObject({
      stdout: 'out\n',
      stderr: 'err\n',
      exitCode: 4,
    });
    expect((await run('env')).stdout).not.toContain('VITEST');
    expect(await run('cat')).toMatchObject({ stdout: '', exitCode: 0 });
  });

  it('are ended with all they started at the limit or when the caller leaves', async () => {
    const pids = (text: string) => text.trim().split('\n').map(Number);
    const slow = await run('sleep 500 & echo $!; wait', 150);
    expect(slow).toMatchObject({ timedOut: true, exitCode: null });
    const leave = new AbortController();
    setTimeout(() => leave.abort(), 150);
    const left = await run('sleep 500 & echo $!; wait', 60_000, leave.signal);
    expect(left.success).toBe(false);
    for (const pid of [...pids(slow.stdout), ...pids(left.stdout)]) {
      const alive = () => {
        try {
          return readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[2] !== 'Z';
        } catch {
          return false;
        }
      };
      while (alive()) await new Promise((resolve) => setTimeout(resolve, 10));
    }
  });

  it('need a folder that exists', async () => {
    await expect(run('true', 1000, never, '/no/such/folder')).rejects.toMatchObject({ code: 'bad_request' });
    await expect(run('true', 1000, never, '/etc/passwd')).rejects.toMatchObject({ code: 'bad_request' });
  });
});

describe('files of the session', () => {
  let root: string;
  let home: string;
  let files: SessionFiles;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'files-'));
    home = join(root, 'home');
    for (const folder of ['home', 'tmp', 'outside']) mkdirSync(join(root, folder));
    writeFileSync(join(root, 'outside/secret'), 'secret');
    files = new SessionFiles(home, join(root, 'tmp'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('are written and read, in place of longer ones too', async () => {
    await files.write('note.txt', Buffer.from('a longer text'), 0o600);
    await files.write('note.txt', Buffer.from('short'));
    expect((await files.read('note.txt')).toString()).toBe('short');
    expect(statSync(join(home, 'note.txt')).mode & 0o777).toBe(0o600);
  });

  it('are not reached by any way out', async () => {
    symlinkSync(join(root, 'outside'), join(home, 'out'));
    symlinkSync(join(root, 'outside/secret'), join(home, 'link'));
    symlinkSync('/', join(home, 'slash'));
    const ways = [
      'out/secret',
      'link',
      '../outside/secret',
      `slash${root}/outside/secret`,
      join(root, 'outside/secret'),
      '.',
      '/',
    ];
    for (const way of ways) {
      await expect(files.read(way)).rejects.toMatchObject({ code: 'bad_request' });
      await expect(files.write(way, Buffer.from('x'))).rejects.toMatchObject({ code: 'bad_request' });
    }
    expect(readFileSync(join(root, 'outside/secret'), 'utf8')).toBe('secret');
  });

  it('have at most 4 MiB', async () => {
    writeFileSync(join(home, 'large'), Buffer.alloc(4 * 1024 * 1024 + 1));
    await expect(files.read('large')).rejects.toMatchObject({ code: 'too_large' });
    writeFileSync(join(home, 'just'), Buffer.alloc(4 * 1024 * 1024));
    expect(await files.read('just')).toHaveLength(4 * 1024 * 1024);
    await expect(files.read('missing')).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('a home that was locked', () => {
  it('is open to its owner again, and no wider', () => {
    const home = mkdtempSync(join(tmpdir(), 'locked-'));
    onTestFinished(() => rmSync(home, { recursive: true }));
    for (const [locked, open] of [
      [0o000, 0o700],
      [0o055, 0o755],
      [0o1750, 0o1750],
    ] as const) {
      chmodSync(home, locked);
      openToItsOwner(home);
      expect(statSync(home).mode & 0o7777).toBe(open);
    }
    openToItsOwner(join(home, 'nothing'));
  });
});

describe('programs and processes', () => {
  it('start from allowed folders only, whatever the path looks like', async () => {
    const options = { home: tmpdir(), environment: {} };
    for (const path of ['/etc/passwd', '/usr/bin/../../etc/passwd', '/tmp/x', '/opt']) {
      await expect(launch({ epoch: 0, path, args: [] }, options)).rejects.toMatchObject({ code: 'forbidden' });
    }
    await expect(launch({ epoch: 0, path: 'a/b', args: [] }, options)).rejects.toMatchObject({ code: 'bad_request' });
    await expect(launch({ epoch: 0, path: '/usr/bin/nothing-here', args: [] }, options)).rejects.toMatchObject({
      code: 'not_found',
    });
    expect((await launch({ epoch: 0, path: 'true', args: [] }, options)).path).toBe('/usr/bin/true');
  });

  it('are listed with their names and memory, up to the count', async () => {
    const own = (await listProcesses(5000)).find(({ pid }) => pid === process.pid);
    expect(own?.memoryBytes).toBeGreaterThan(10_000_000);
    expect(await listProcesses(1)).toHaveLength(1);
  });

  it('are described by the image in a form that is checked', () => {
    const described = readSessionFile('resources/images/desktop/session/session.json');
    expect(described.environment['DISPLAY']).toBe(':0');
    expect(described.programs.some(({ name, late }) => name === 'openbox' && !late)).toBe(true);
    const folder = mkdtempSync(join(tmpdir(), 'session-'));
    writeFileSync(join(folder, 'session.json'), '{"environment": {}, "programs": [{"name": "x", "command": []}]}');
    expect(() => readSessionFile(join(folder, 'session.json'))).toThrow();
    rmSync(folder, { recursive: true });
  });
});
