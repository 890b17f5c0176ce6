import { WheelhouseError } from '../base/errors';

const deadlineMs = 10_000;

/**
 * One real MCP call over HTTP with an agent's own token, as any client on this computer would make it: proves the
 * address, the token and the channel at once, and costs no machine. Rejects with the reason.
 */
export async function testCall(url: string, secret: string): Promise<{ tool: string; ms: number }> {
  const tool = 'list_pools';
  const started = performance.now();
  let answer: Response;
  try {
    answer = await fetch(new URL('/mcp', url), {
      method: 'POST',
      signal: AbortSignal.timeout(deadlineMs),
      headers: {
        authorization: `Bearer ${secret}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2025-06-18',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool, arguments: {} } }),
    });
  } catch (cause) {
    throw new WheelhouseError('not_ready', 'The broker did not answer on its own address.', { url }, { cause });
  }
  const text = await answer.text();
  if (answer.status === 401)
    throw new WheelhouseError('unauthorized', 'The token was not accepted. It may have been withdrawn.');
  if (!answer.ok || !text.includes('"result"') || text.includes('"isError":true')) {
    throw new WheelhouseError('internal', `The call was answered with ${answer.status}.`, { status: answer.status });
  }
  return { tool, ms: Math.round(performance.now() - started) };
}
