import {
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type CallToolResult,
  type Tool as McpTool,
} from '@modelcontextprotocol/server';
import { version } from '../../package.json';
import type { CallIo } from './tool';

/** What one address serves to one request: settled before MCP begins. */
export interface Binding {
  instructions: string;
  list: readonly McpTool[];
  /** Null: there is no such tool here. */
  call(name: string, args: unknown, io: CallIo): Promise<CallToolResult | null>;
  /** The client reads a stream, so progress can be sent. */
  streams: boolean;
  /** Aborted when the channel closes. */
  closing: AbortSignal;
}

const serverInfo = { name: 'wheelhouse', title: 'Wheelhouse', version };

/** The server asks nothing of its clients, so there is never an answer of theirs to validate; making one per request would cost more than the call. */
const noValidator = {
  getValidator() {
    return () => ({ valid: false as const, data: undefined, errorMessage: 'not used' });
  },
};

/**
 * One MCP server for one request. Transport and server are never shared, so answers can't cross between clients however
 * they number their requests.
 */
export function createServer(binding: Binding): Server {
  const server = new Server(serverInfo, {
    capabilities: { tools: {} },
    instructions: binding.instructions,
    jsonSchemaValidator: noValidator,
  });
  server.setRequestHandler('tools/list', () => ({ tools: [...binding.list] }));
  server.setRequestHandler('tools/call', async (request, context) => {
    const { name, arguments: args } = request.params;
    const token = context.mcpReq._meta?.progressToken;
    const gone = new AbortController();
    const stop = () => gone.abort();
    context.mcpReq.signal.addEventListener('abort', stop, { once: true });
    binding.closing.addEventListener('abort', stop, { once: true });
    const io: CallIo = { signal: gone.signal };
    if (token !== undefined && binding.streams) {
      io.progress = (progress, total, message) => {
        const params = { progressToken: token, progress, total, message };
        context.mcpReq.notify({ method: 'notifications/progress', params }).catch(() => {});
      };
    }
    try {
      const result = await binding.call(name, args, io);
      if (!result)
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown tool: ${String(name).slice(0, 120)}`);
      return result;
    } finally {
      context.mcpReq.signal.removeEventListener('abort', stop);
      binding.closing.removeEventListener('abort', stop);
    }
  });
  return server;
}
