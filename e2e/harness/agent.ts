import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

export interface ToolAnswer {
  text: string;
  isError: boolean;
  structured: Record<string, unknown>;
  png: Buffer | null;
}

/** A stock MCP client of the 1.x line, as most agents use it, on the address that people paste. */
export class TestAgent {
  private constructor(private readonly client: Client) {}

  static async connect(url: string, secret: string, name = 'test-agent'): Promise<TestAgent> {
    const client = new Client({ name, version: '1.0.0' });
    await client.connect(
      new StreamableHTTPClientTransport(new URL('/mcp', url), {
        requestInit: { headers: { authorization: `Bearer ${secret}` } },
      }),
    );
    return new TestAgent(client);
  }

  async tools(): Promise<string[]> {
    return (await this.client.listTools()).tools.map((tool) => tool.name);
  }

  async call(name: string, args: Record<string, unknown> = {}): Promise<ToolAnswer> {
    const answer = await this.client.callTool({ name, arguments: args }, undefined, { timeout: 60_000 });
    const content = answer.content as { type: string; text?: string; data?: string }[];
    const image = content.find((block) => block.type === 'image');
    return {
      text: content.map((block) => block.text ?? '').join('\n'),
      isError: answer.isError === true,
      structured: (answer.structuredContent ?? {}) as Record<string, unknown>,
      png: image?.data ? Buffer.from(image.data, 'base64') : null,
    };
  }

  /** Like call, but a refusal or failure is the test's failure, with its text. */
  async must(name: string, args: Record<string, unknown> = {}): Promise<ToolAnswer> {
    const answer = await this.call(name, args);
    if (answer.isError) throw new Error(`${name} was refused: ${answer.text}`);
    return answer;
  }

  async shell(command: string): Promise<string> {
    const { stdout } = (await this.must('execute_shell_command', { command })).structured as { stdout?: string };
    return stdout ?? '';
  }

  async close(): Promise<void> {
    await this.client.close();
  }
}
