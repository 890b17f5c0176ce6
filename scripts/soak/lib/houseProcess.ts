import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readRuntime } from '../../../src-main/wheelhouse/runtime';
import { agentFile } from './files';

/** How long a start may take: adopting machines included. */
const startMs = 60_000;

export interface Answer {
  status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- answers of every shape
  body: any;
}

/** One life of the process under trial, and who talks to it. */
export class HouseProcess {
  private constructor(
    readonly child: ChildProcess,
    readonly url: string,
    readonly installationId: string,
    readonly exited: Promise<string>,
    private readonly dataDir: string,
  ) {}

  static start(at: {
    bundle: string;
    dataDir: string;
    backend: 'docker' | 'qemu';
    kill?: string;
    env?: Record<string, string>;
  }): Promise<HouseProcess | null> {
    const { bundle, dataDir, backend, kill, env } = at;
    const child = spawn(process.execPath, [join(bundle, 'house.js'), dataDir, backend], {
      env: { ...process.env, ...env, SOAK_KILL: kill ?? '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, err] = ['', ''];
    child.stderr?.on('data', (part: Buffer) => (err += part.toString()));
    const exited = new Promise<string>((resolve) =>
      child.once('exit', (code, signal) => resolve(signal ?? String(code))),
    );
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        child.kill('SIGKILL');
        reject(new Error(`It did not start within ${startMs} ms. ${err}`));
      }, startMs);
      child.stdout?.on('data', (part: Buffer) => {
        out += part.toString();
        if (!out.includes('\n')) return;
        clearTimeout(late);
        const { url, installationId } = JSON.parse(out) as { url: string; installationId: string };
        resolve(new HouseProcess(child, url, installationId, exited, dataDir));
      });
      void exited.then((how) => {
        clearTimeout(late);
        // Killed while it started: as good a place to die as any.
        if (how === 'SIGKILL') resolve(null);
        else reject(new Error(`It ended with ${how} while it started. ${err}`));
      });
    });
  }
  get dead(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }
  async end(signal: NodeJS.Signals): Promise<string> {
    this.child.kill(signal);
    return this.exited;
  }

  /** Null when the process died on the way: nobody knows then what was done. */
  async ask(
    role: 'agent' | 'admin',
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer | null> {
    const cut = new AbortController();
    const late = setTimeout(() => cut.abort(new Error(`${method} ${path} had no answer within 60 s`)), 60_000);
    try {
      const answer = await fetch(new URL(path, this.url), {
        method,
        signal: cut.signal,
        headers: {
          authorization: `Bearer ${this.token(role)}`,
          accept: 'application/json, text/event-stream',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      return { status: answer.status, body: parse(text) };
    } catch (error) {
      if (cut.signal.aborted) throw cut.signal.reason;
      // The socket breaks a moment before the process is gone.
      await Promise.race([this.exited, new Promise((resolve) => setTimeout(resolve, 3000))]);
      if (this.dead) return null;
      throw error;
    } finally {
      clearTimeout(late);
    }
  }
  private token(role: 'agent' | 'admin'): string {
    if (role === 'agent') return readFileSync(join(this.dataDir, agentFile), 'utf8');
    return readRuntime(this.dataDir)?.token ?? '';
  }

  /** A command in the session's machine, by the agent's channel; null when the process died on the way. */
  async run(computerId: string, command: string): Promise<{ ok: boolean; text: string } | null> {
    const params = { name: 'execute_shell_command', arguments: { command } };
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params };
    const answer = await this.ask('agent', 'POST', `/computers/${computerId}/mcp`, message, {
      'mcp-protocol-version': '2025-06-18',
    });
    if (!answer) return null;
    const result = answer.body?.result as { isError?: boolean; content?: { text?: string }[] } | undefined;
    const text = result?.content?.map((part) => part.text ?? '').join('\n') ?? JSON.stringify(answer.body);
    return { ok: answer.status === 200 && result !== undefined && result.isError !== true, text };
  }
}

/** An answer as JSON, or the last message of an event stream. */
function parse(text: string): unknown {
  if (text === '') return null;
  const events = [...text.matchAll(/^data: (.+)$/gm)].map((match) => match[1] ?? '');
  const answer = events.findLast((data) => data.includes('"result"') || data.includes('"error"'));
  return JSON.parse(text.startsWith('{') || text.startsWith('[') ? text : (answer ?? 'null'));
}
