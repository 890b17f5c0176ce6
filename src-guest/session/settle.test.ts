import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { endPrograms, ownPrograms, toAsk, type Process, type Programs } from './settle';

const none = () => false;

describe('the end of a session', () => {
  it('asks those that no other program looks after, each once, the desktop’s own last', () => {
    const all: Process[] = [
      { pid: 10, parent: 2 },
      { pid: 11, parent: 10 },
      { pid: 12, parent: 1 },
      { pid: 20, parent: 2 },
      { pid: 21, parent: 20 },
    ];
    const kept = (pid: number) => pid === 20;
    const ask = (which: readonly Process[], asked: number[] = [], everybody = false) =>
      toAsk(which, { asked: new Set(asked), kept, all: everybody });
    expect(ask(all)).toEqual([10, 12]);
    expect(ask(all, [10, 12])).toEqual([]);
    expect(ask(all, [10, 12], true)).toEqual([20]);
    // A program's end leaves its children to themselves.
    expect(ask([{ pid: 11, parent: 1 }, ...all.slice(3)], [10, 12])).toEqual([11]);
    expect(ask(all.slice(3), [10, 11, 12])).toEqual([20]);
    expect(ask([])).toEqual([]);
  });

  it('knows its own programs by their user, and never runs as the administrator', async () => {
    const proc = mkdtempSync(join(tmpdir(), 'proc-'));
    onTestFinished(() => rmSync(proc, { recursive: true }));
    const has = (pid: number, user: number, parent: number, state = 'S (sleeping)') => {
      mkdirSync(join(proc, String(pid)), { recursive: true });
      const ids = [user, user, user, user].join('\t');
      const text = `Name:\tPPid:\nUmask:\t0022\nState:\t${state}\nTgid:\t${pid}\nPPid:\t${parent}\nUid:\t${ids}\n`;
      writeFileSync(join(proc, String(pid), 'status'), text);
    };
    mkdirSync(join(proc, 'self'));
    mkdirSync(join(proc, '99'));
    has(1, 990, 0);
    has(11, 1000, 1);
    has(12, 1000, 11);
    has(13, 1000, 11, 'Z (zombie)');
    has(process.pid, 1000, 1);
    const programs = ownPrograms(proc, 1000);
    expect(await programs.list()).toEqual([
      { pid: 11, parent: 1 },
      { pid: 12, parent: 11 },
    ]);
    rmSync(join(proc, '1'), { recursive: true });
    rmSync(join(proc, '11'), { recursive: true });
    expect(await programs.list()).toEqual([{ pid: 12, parent: 11 }]);
    // A number that belonged to the system goes to a program of the session.
    has(1, 1000, 12);
    expect(await programs.list()).toHaveLength(2);
    expect(() => ownPrograms(proc, 0)).toThrow('administrator');
    const other = ownPrograms(proc, (process.getuid?.() ?? 0) + 1);
    expect(() => other.killAll()).toThrow('not this user');
  });

  describe('of programs that run', () => {
    const children: ChildProcess[] = [];
    afterEach(() => {
      for (const child of children.splice(0)) child.kill('SIGKILL');
    });
    const start = async (script: string): Promise<number> => {
      const child = spawn('/bin/sh', ['-c', `${script} echo begun; while :; do sleep 0.05; done`], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      children.push(child);
      await new Promise((resolve) => child.stdout?.once('data', resolve));
      return child.pid ?? 0;
    };
    const statOf = (pid: number): string[] | null => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      } catch {
        return null;
      }
    };
    /** Only what this test started: as this user a look at all would find the whole computer. */
    const own = (): Programs & { asked: number[] } => {
      const asked: number[] = [];
      const alive = () => children.map(({ pid = 0 }) => pid).filter((pid) => !'ZX'.includes(statOf(pid)?.[0] ?? 'X'));
      return {
        asked,
        list: async () => alive().map((pid) => ({ pid, parent: process.pid })),
        signal(pid, name) {
          asked.push(pid);
          process.kill(pid, name);
        },
        killAll: () => alive().forEach((pid) => process.kill(pid, 'SIGKILL')),
      };
    };

    it('lets them end by themselves, and is done as soon as they have', async () => {
      const pid = await start('');
      const programs = own();
      expect(await endPrograms(programs, { ms: 5_000, kept: none })).toEqual({ ended: 1, killed: 0 });
      expect(programs.asked).toEqual([pid]);
    });

    it('ends those that do not listen when their time is over', async () => {
      await start('');
      await start("trap '' TERM;");
      expect(await endPrograms(own(), { ms: 200, kept: none })).toEqual({ ended: 1, killed: 1 });
      expect(await own().list()).toEqual([]);
    });

    it('asks nobody when there is no time', async () => {
      await start('');
      const programs = own();
      expect(await endPrograms(programs, { ms: 0, kept: none })).toEqual({ ended: 0, killed: 1 });
      expect(programs.asked).toEqual([]);
    });

    it('gives up on what the kernel does not let go of', async () => {
      const stuck: Programs = { list: async () => [{ pid: 7, parent: 1 }], signal: () => {}, killAll: () => {} };
      expect(await endPrograms(stuck, { ms: 0, kept: none })).toEqual({ ended: 0, killed: 1 });
    });
  });
});
