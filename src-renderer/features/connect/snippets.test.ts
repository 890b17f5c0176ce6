import { describe, expect, it } from 'vitest';
import { clients, maskToken, placeholder, snippet, withToken } from './snippets';

const url = 'http://127.0.0.1:7317/mcp';

describe('snippets', () => {
  it.each(clients.map((each) => each.value))('%s: holds address and placeholder, never a token', (client) => {
    const { lines } = snippet(client, url);
    expect(lines).toContain(url);
    expect(lines).toContain(`Bearer ${placeholder}`);
    const filled = withToken(lines, 'whl_agent_secret');
    expect(filled).toContain('Bearer whl_agent_secret');
    expect(filled).not.toContain(placeholder);
  });
  it.each(['vscode', 'cursor'] as const)('%s: is JSON, short enough to be seen whole', (client) => {
    expect(snippet(client, url).lines.split('\n').length).toBeLessThanOrEqual(9);
    expect(JSON.stringify(JSON.parse(withToken(snippet(client, url).lines, 't')))).toContain(
      '"Authorization":"Bearer t"',
    );
  });
});

describe('maskToken', () => {
  it('shows the ends of a long token and nothing of a short one', () => {
    expect(maskToken(`whl_agent_9fQ2${'x'.repeat(30)}c4Xw`)).toBe('whl_agent_9fQ2…c4Xw');
    expect(maskToken('short')).toBe('•••••');
  });
});
