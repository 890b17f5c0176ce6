import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

export interface ToolResult {
  content: { type: string; text?: string; data?: string; mimeType?: string }[];
  structuredContent?: Record<string, unknown>;
  isError?: boolean;
}

/** What the tests need of a stock client of either package. */
export interface StockClient {
  tools(): Promise<
    {
      name: string;
      description?: string;
      inputSchema: Record<string, unknown>;
      annotations?: Record<string, unknown>;
    }[]
  >;
  call(name: string, args?: Record<string, unknown>, onprogress?: (progress: unknown) => void): Promise<ToolResult>;
  instructions(): string | undefined;
  version(): string | undefined;
  close(): Promise<void>;
}

export type Connect = (address: string, token: string, name?: string) => Promise<StockClient>;

const bearer = (token: string) => ({ requestInit: { headers: { authorization: `Bearer ${token}` } } });

/** @modelcontextprotocol/sdk 1.x, which most clients still use: initialize, 2025-11-25. */
export const connectOld: Connect = async (address, token, name = 'old client') => {
  const client = new OldClient({ name, version: '1.0.0' });
  const transport = new OldTransport(new URL(address), bearer(token));
  await client.connect(transport);
  return {
    tools: async () => (await client.listTools()).tools as never,
    call: async (tool, args = {}, onprogress) =>
      (await client.callTool(
        { name: tool, arguments: args },
        undefined,
        onprogress ? { onprogress } : undefined,
      )) as ToolResult,
    instructions: () => client.getInstructions(),
    version: () => transport.protocolVersion,
    close: () => client.close(),
  };
};

/** @modelcontextprotocol/client 2.x in either era. */
const connectNew =
  (mode: 'legacy' | { pin: string }): Connect =>
  async (address, token, name = 'new client') => {
    const client = new NewClient({ name, version: '2.0.0' }, { versionNegotiation: { mode } });
    await client.connect(new NewTransport(new URL(address), bearer(token)));
    return {
      tools: async () => (await client.listTools()).tools as never,
      call: async (tool, args = {}, onprogress) =>
        (await client.callTool({ name: tool, arguments: args }, onprogress ? { onprogress } : undefined)) as ToolResult,
      instructions: () => client.getInstructions(),
      version: () => client.getNegotiatedProtocolVersion(),
      close: () => client.close(),
    };
  };

export const stockClients: [string, Connect, string][] = [
  ['sdk 1.x', connectOld, '2025-11-25'],
  ['client 2.x, earlier era', connectNew('legacy'), '2025-11-25'],
  ['client 2.x, 2026-07-28', connectNew({ pin: '2026-07-28' }), '2026-07-28'],
];

export const textOf = (result: ToolResult): string => result.content.map((block) => block.text ?? '').join('\n');
