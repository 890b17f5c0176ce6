import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { PoolPatch } from '@shared/pool';
import { sleep } from '../../src-main/base/deadline';
import { createLogger } from '../../src-main/base/logger';
import { startWheelhouse, type Wheelhouse } from '../../src-main/wheelhouse';

export const workerUrl = pathToFileURL(join(process.cwd(), 'out/main/screenWorker.js'));

/** The whole broker on real Docker, with a data folder of its own; everything is gone after close(). */
export async function startStack(pool: PoolPatch = {}): Promise<Stack> {
  const dataDir = mkdtempSync(join(tmpdir(), 'wh-bench-'));
  const wheelhouse = await startWheelhouse({
    dataDir,
    port: 0,
    logger: createLogger({ level: 'error' }),
    screenWorkerUrl: workerUrl,
  });
  wheelhouse.broker.pools.update('desktop', pool);
  return new Stack(wheelhouse, dataDir);
}

export class Stack {
  constructor(
    readonly wheelhouse: Wheelhouse,
    private readonly dataDir: string,
  ) {}

  /** Waits until `count` machines of the pool are ready; throws after `seconds`. */
  async ready(count: number, seconds = 60): Promise<void> {
    const end = performance.now() + seconds * 1000;
    while (this.wheelhouse.broker.pools.get('desktop').observed.machines.ready < count) {
      if (performance.now() > end) throw new Error(`No ${count} ready machines within ${seconds} s`);
      await sleep(20);
    }
  }

  token(role: 'agent' | 'admin' = 'agent'): string {
    return this.wheelhouse.identity.create({ name: `bench-${role}-${Math.random().toString(36).slice(2)}`, role })
      .secret;
  }

  /** A stock MCP client on the address that people paste, with a session of its own. */
  async agent(): Promise<{ client: Client; sessionId: string; call: Call }> {
    const client = new Client({ name: 'bench', version: '1' });
    await client.connect(
      new StreamableHTTPClientTransport(new URL('/mcp', this.wheelhouse.url), {
        requestInit: { headers: { authorization: `Bearer ${this.token()}` } },
      }),
    );
    const call: Call = async (name, args = {}) => {
      const answer = await client.callTool({ name, arguments: args });
      if (answer.isError) throw new Error(`${name}: ${JSON.stringify(answer.content).slice(0, 300)}`);
      return answer;
    };
    const started = await call('start_session', {});
    return { client, call, sessionId: String((started.structuredContent as { sessionId: string }).sessionId) };
  }

  async close(): Promise<void> {
    for (const session of this.wheelhouse.broker.sessions.live()) {
      await this.wheelhouse.broker.release(session.sessionId, 'bench', 'done').catch(() => {});
    }
    await this.wheelhouse.stop({ destroy: true });
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

export type Call = (name: string, args?: Record<string, unknown>) => Promise<Awaited<ReturnType<Client['callTool']>>>;
