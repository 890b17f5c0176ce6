export type Client = 'claude' | 'vscode' | 'cursor' | 'openai' | 'curl';

export interface Snippet {
  client: Client;
  label: string;
  /** Where the lines go. */
  say: string;
  lines: string;
}

export const clients: readonly { value: Client; label: string }[] = [
  { value: 'claude', label: 'Claude Code' },
  { value: 'vscode', label: 'VS Code' },
  { value: 'cursor', label: 'Cursor' },
  { value: 'openai', label: 'OpenAI Agents SDK' },
  { value: 'curl', label: 'curl' },
];

/** Stands for the token wherever lines are shown; the token itself goes only to the clipboard, on purpose. */
export const placeholder = '$WHEELHOUSE_TOKEN';

/** The lines to paste, with the placeholder. JSON clients keep an input or the environment, as their manuals advise. */
export function snippet(client: Client, url: string): Snippet {
  const label = clients.find((each) => each.value === client)?.label ?? client;
  switch (client) {
    case 'claude':
      return {
        client,
        label,
        say: 'Run this where Claude Code runs. It keeps the token in its own settings.',
        lines: `claude mcp add --transport http wheelhouse \\\n  ${url} \\\n  --header "Authorization: Bearer ${placeholder}"`,
      };
    case 'vscode':
      return {
        client,
        label,
        say: 'Put this into your own configuration (command “MCP: Open User Configuration”). In .vscode/mcp.json the token would travel with the repository.',
        lines: json({
          servers: { wheelhouse: { type: 'http', url, headers: { Authorization: `Bearer ${placeholder}` } } },
        }),
      };
    case 'cursor':
      return {
        client,
        label,
        say: 'Put this into ~/.cursor/mcp.json.',
        lines: json({ mcpServers: { wheelhouse: { url, headers: { Authorization: `Bearer ${placeholder}` } } } }),
      };
    case 'openai':
      return {
        client,
        label,
        say: 'Python, with openai-agents installed.',
        lines: [
          'from agents import Agent',
          'from agents.mcp import MCPServerStreamableHttp',
          '',
          'async with MCPServerStreamableHttp(',
          '    name="wheelhouse",',
          `    params={"url": "${url}",`,
          `            "headers": {"Authorization": "Bearer ${placeholder}"}},`,
          ') as wheelhouse:',
          '    agent = Agent(name="desk", mcp_servers=[wheelhouse])',
        ].join('\n'),
      };
    case 'curl':
      return {
        client,
        label,
        say: 'One call, to see that address and token are right.',
        lines: [
          `curl ${url} \\`,
          `  -H "Authorization: Bearer ${placeholder}" \\`,
          `  -H 'Content-Type: application/json' \\`,
          `  -H 'Accept: application/json, text/event-stream' \\`,
          `  -d '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"curl","version":"1"}}}'`,
        ].join('\n'),
      };
  }
}

export function withToken(lines: string, token: string): string {
  return lines.replaceAll(placeholder, token);
}

/** "whl_agent_9fQ2…c4Xw": enough to tell tokens apart. */
export function maskToken(token: string): string {
  return token.length <= 20 ? '•'.repeat(token.length) : `${token.slice(0, 14)}…${token.slice(-4)}`;
}

/** An object of one entry stays on its line, so that all of it is seen without scrolling. */
const json = (value: unknown) =>
  JSON.stringify(value, null, 2).replace(/\{\n\s+("Authorization": "[^"\n]*")\n\s+\}/, '{ $1 }');
