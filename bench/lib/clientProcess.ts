import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

/** What the child is asked; times are taken there, around the one await that a caller would wait for. */
type Ask =
  | { kind: 'connect'; url: string; token: string }
  | { kind: 'tool'; name: string; args: Record<string, unknown> }
  | { kind: 'fetch'; url: string; method: string; headers: Record<string, string>; body?: string };
type Answer = { id: number } & ({ ms: number; value: unknown } | { error: string });

/** Serves one parent until it goes. A stock MCP client and plain fetch, as any caller has them. */
export function serveClient(): void {
  const client = new Client({ name: 'bench', version: '1' });
  const timed = async <T>(work: () => Promise<T>): Promise<{ ms: number; value: T }> => {
    const start = performance.now();
    const value = await work();
    return { ms: performance.now() - start, value };
  };
  const run = async (ask: Ask): Promise<{ ms: number; value: unknown }> => {
    switch (ask.kind) {
      case 'connect': {
        const requestInit = { headers: { authorization: `Bearer ${ask.token}` } };
        const transport = new StreamableHTTPClientTransport(new URL(ask.url), { requestInit });
        return timed(() => client.connect(transport));
      }
      case 'tool': {
        const { ms, value } = await timed(() => client.callTool({ name: ask.name, arguments: ask.args }));
        if (value.isError) throw new Error(`${ask.name}: ${JSON.stringify(value.content).slice(0, 300)}`);
        return { ms, value: value.structuredContent };
      }
      case 'fetch': {
        const { url, ...init } = ask;
        return timed(async () => {
          const answer = await fetch(url, init);
          const text = await answer.text();
          if (!answer.ok) throw new Error(`${init.method} ${url} answered ${answer.status}: ${text.slice(0, 300)}`);
          return text === '' ? null : (JSON.parse(text) as unknown);
        });
      }
    }
  };
  process.on('message', ({ id, ...ask }: Ask & { id: number }) => {
    run(ask as Ask).then(
      (done) => process.send?.({ id, ...done }),
      (error: unknown) => process.send?.({ id, error: error instanceof Error ? error.message : String(error) }),
    );
  });
  process.on('disconnect', () => process.exit(0));
}

/** A caller in a process of its own: it must not share the loop of what it measures. */
export class ClientProcess {
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private nextId = 1;

  constructor() {
    this.child = fork(process.argv[1] ?? '', ['--client'], { execArgv: [] });
    this.child.on('message', (answer: Answer) => {
      this.waiting.get(answer.id)?.(answer);
      this.waiting.delete(answer.id);
    });
    this.child.on('exit', () => {
      for (const [id, settle] of this.waiting) settle({ id, error: 'The client process ended.' });
    });
  }

  async connect(url: URL, token: string): Promise<void> {
    await this.ask({ kind: 'connect', url: url.href, token });
  }
  /** Rejects when the tool says that it failed. */
  tool(name: string, args: Record<string, unknown> = {}): Promise<{ ms: number; value: unknown }> {
    return this.ask({ kind: 'tool', name, args });
  }
  /** Rejects for every status but 2xx. */
  fetch(url: URL, init: { method: string; headers: Record<string, string>; body?: string }) {
    return this.ask({ kind: 'fetch', url: url.href, ...init });
  }
  async close(): Promise<void> {
    if (this.child.exitCode !== null) return;
    this.child.disconnect();
    await once(this.child, 'exit');
  }

  private ask(ask: Ask): Promise<{ ms: number; value: unknown }> {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, (answer) => {
        if ('error' in answer) reject(new Error(answer.error));
        else resolve({ ms: answer.ms, value: answer.value });
      });
      this.child.send({ id, ...ask });
    });
  }
}
