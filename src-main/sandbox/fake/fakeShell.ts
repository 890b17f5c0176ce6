import { posix } from 'node:path';
import { linkLimits, type LinkResult } from '@shared/link';

interface Run {
  out: string;
  err: string;
  code: number;
}

/** Enough of a shell for tests without a machine: commands joined by `;` and `&&`, redirection to files, no pipes. */
export class FakeShell {
  constructor(readonly files: Map<string, Buffer> = new Map()) {}

  async run(command: string, cwd: string, timeoutMs: number, signal: AbortSignal): Promise<LinkResult<'exec'>> {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), timeoutMs);
    const stop = AbortSignal.any([signal, limit.signal]);
    const total: Run = { out: '', err: '', code: 0 };
    try {
      let place = cwd;
      for (const { joint, text } of split(command)) {
        if (joint === '&&' && total.code !== 0) continue;
        const words = text.match(/"[^"]*"|'[^']*'|\S+/g)?.map((word) => word.replace(/^(["'])(.*)\1$/s, '$2')) ?? [];
        if (words[0] === 'exit') {
          total.code = Number(words[1] ?? 0);
          break;
        }
        if (words[0] === 'cd') {
          place = posix.resolve(place, words[1] ?? '/home/session');
          continue;
        }
        const run = await this.one(words, place, stop);
        total.out += run.out;
        total.err += run.err;
        total.code = run.code;
        if (stop.aborted) break;
      }
    } finally {
      clearTimeout(timer);
    }
    const timedOut = limit.signal.aborted;
    const stdout = total.out.slice(0, linkLimits.outputBytes);
    const stderr = total.err.slice(0, linkLimits.outputBytes);
    return {
      stdout,
      stderr,
      exitCode: stop.aborted ? null : total.code,
      success: !stop.aborted && total.code === 0,
      timedOut,
      truncated: stdout.length < total.out.length || stderr.length < total.err.length,
    };
  }

  private async one(words: string[], cwd: string, stop: AbortSignal): Promise<Run> {
    const at = words.findIndex((word) => /^(>>?|>&2)$/.test(word));
    const target = at < 0 ? null : { mark: words[at], path: posix.resolve(cwd, words[at + 1] ?? '') };
    const run = await this.program(at < 0 ? words : words.slice(0, at), cwd, stop);
    if (!target) return run;
    if (target.mark === '>&2') return { ...run, out: '', err: run.out };
    const before = target.mark === '>>' ? (this.files.get(target.path) ?? Buffer.alloc(0)) : Buffer.alloc(0);
    this.files.set(target.path, Buffer.concat([before, Buffer.from(run.out)]));
    return { ...run, out: '' };
  }

  private async program([name = '', ...args]: string[], cwd: string, stop: AbortSignal): Promise<Run> {
    const done = (out = '', code = 0, err = ''): Run => ({ out, err, code });
    switch (name) {
      case 'true':
      case '':
        return done();
      case 'false':
        return done('', 1);
      case 'echo':
        return done(`${args.join(' ')}\n`);
      case 'pwd':
        return done(`${cwd}\n`);
      case 'id':
        return done('1000\n');
      case 'seq': {
        const [from, to] = [Number(args[0]), Number(args[1])];
        return done(Array.from({ length: to - from + 1 }, (_, index) => `${from + index}\n`).join(''));
      }
      case 'cat': {
        const file = this.files.get(posix.resolve(cwd, args[0] ?? ''));
        return file ? done(file.toString()) : done('', 1, `cat: ${args[0]}: No such file or directory\n`);
      }
      case 'rm':
        for (const path of args.filter((each) => !each.startsWith('-'))) this.files.delete(posix.resolve(cwd, path));
        return done();
      case 'sleep':
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, Number(args[0]) * 1000);
          stop.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
        });
        return done();
      default:
        return done('', 127, `bash: line 1: ${name}: command not found\n`);
    }
  }
}

function split(command: string): { joint: string; text: string }[] {
  const parts = command.split(/(;|&&)/);
  const steps = [{ joint: ';', text: parts[0] ?? '' }];
  for (let index = 1; index < parts.length; index += 2) {
    steps.push({ joint: parts[index] ?? ';', text: parts[index + 1] ?? '' });
  }
  return steps;
}
