import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { PoolPatch } from '@shared/pool';
import { sleep } from '../../src-main/base/deadline';
import { createLogger } from '../../src-main/base/logger';
import { startWheelhouse, type Wheelhouse } from '../../src-main/wheelhouse';
import type { WheelhouseOptions } from '../../src-main/wheelhouse/types';
import { ClientProcess } from './clientProcess';

export const workerUrl = pathToFileURL(join(process.cwd(), 'out/main/screenWorker.js'));

/** The whole broker on real Docker, with a data folder of its own; everything is gone after close(). */
export async function startStack(pool: PoolPatch = {}, backends?: WheelhouseOptions['backends']): Promise<Stack> {
  const dataDir = mkdtempSync(join(tmpdir(), 'wh-bench-'));
  const wheelhouse = await startWheelhouse({
    dataDir,
    port: 0,
    logger: createLogger({ level: 'error' }),
    screenWorkerUrl: workerUrl,
    backends,
  });
  wheelhouse.broker.pools.update('desktop', pool);
  return new Stack(wheelhouse, dataDir);
}

export class Stack {
  private readonly clients: ClientProcess[] = [];

  constructor(
    readonly wheelhouse: Wheelhouse,
    readonly dataDir: string,
  ) {}

  /** Waits until `count` machines of the pool are ready; throws after `seconds`. */
  async ready(count: number, seconds = 60): Promise<void> {
    const end = performance.now() + seconds * 1000;
    while (this.wheelhouse.broker.pools.get('desktop').observed.machines.ready < count) {
      if (performance.now() > end) throw new Error(`No ${count} ready machines within ${seconds} s`);
      await sleep(20);
    }
  }

  /** Waits until the pool has no machine; throws after half a minute. */
  async empty(): Promise<void> {
    const end = performance.now() + 30_000;
    while ((await this.wheelhouse.broker.pools.machines('desktop')).length > 0) {
      if (performance.now() > end) throw new Error('The machines of the pool did not go.');
      await sleep(50);
    }
  }

  token(role: 'agent' | 'admin' = 'agent'): string {
    return this.wheelhouse.identity.create({ name: `bench-${role}-${Math.random().toString(36).slice(2)}`, role })
      .secret;
  }

  /** A caller in a process of its own; ended with the stack. */
  client(): ClientProcess {
    const client = new ClientProcess();
    this.clients.push(client);
    return client;
  }

  /** A stock MCP client on the address that people paste, with a session of its own. */
  async agent(): Promise<Agent> {
    const client = this.client();
    await client.connect(new URL('/mcp', this.wheelhouse.url), this.token());
    const started = (await client.tool('start_session')).value as { sessionId: string };
    return {
      sessionId: started.sessionId,
      call: async (name, args) => (await client.tool(name, args)).value,
      timed: async (name, args) => (await client.tool(name, args)).ms,
    };
  }

  async close(): Promise<void> {
    for (const client of this.clients) await client.close();
    for (const session of this.wheelhouse.broker.sessions.live()) {
      await this.wheelhouse.broker.release(session.sessionId, 'bench', 'done').catch(() => {});
    }
    await this.wheelhouse.stop({ destroy: true });
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

type Args = Record<string, unknown>;
export interface Agent {
  sessionId: string;
  /** The tool's structured answer. */
  call: Call;
  /** Milliseconds that the client waited. */
  timed(name: string, args?: Args): Promise<number>;
}
export type Call = (name: string, args?: Args) => Promise<unknown>;
