import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

/** A client as it comes out of its package, nothing set but the token. */
export interface StockClient {
  tools(): Promise<string[]>;
  call(name: string, args?: Record<string, unknown>): Promise<{ isError?: boolean }>;
  close(): Promise<void>;
}

const bearer = (secret: string) => ({ requestInit: { headers: { authorization: `Bearer ${secret}` } } });

/** @modelcontextprotocol/sdk, 1.x: what most agents use. */
export async function connectOld(url: string, secret: string, name = 'old'): Promise<StockClient> {
  const client = new OldClient({ name, version: '1.0.0' });
  await client.connect(new OldTransport(new URL(url), bearer(secret)));
  return {
    tools: async () => (await client.listTools()).tools.map((tool) => tool.name),
    call: async (tool, args = {}) => (await client.callTool({ name: tool, arguments: args })) as { isError?: boolean },
    close: () => client.close(),
  };
}

/** @modelcontextprotocol/client, 2.x: it chooses the protocol's era by itself. */
export async function connectNew(url: string, secret: string, name = 'new'): Promise<StockClient> {
  const client = new NewClient({ name, version: '2.0.0' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(new NewTransport(new URL(url), bearer(secret)));
  return {
    tools: async () => (await client.listTools()).tools.map((tool) => tool.name),
    call: async (tool, args = {}) => (await client.callTool({ name: tool, arguments: args })) as { isError?: boolean },
    close: () => client.close(),
  };
}
