import { setTimeout as sleep } from 'node:timers/promises';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { z } from 'zod';

/** Control changed hands in the middle of something: what was seen before no longer counts. */
export class ControlLost extends Error {
  constructor(readonly holder: string | null) {
    super(`${holder ?? 'A person'} has control`);
  }
}

/** A tool's refusal or failure, in the server's words. */
export class ToolFailed extends Error {
  constructor(
    readonly tool: string,
    readonly code: string,
    text: string,
  ) {
    super(`${tool}: ${text}`);
  }
}

export interface Answer {
  text: string;
  structured: Record<string, unknown>;
  png: Buffer | null;
}

const windowsSchema = z.object({ windows: z.array(z.object({ title: z.string() })) });
const waitSchema = z.object({
  control: z.string(),
  help: z.array(z.object({ state: z.string(), answer: z.string().nullable() })).default([]),
});
export type Waited = z.output<typeof waitSchema>;

/** How often a page is selected and copied, and how long each copy is waited for. */
const copyAttempts = 5;
const copyWaitMs = 2_500;

const pollMs = 400;

const heldCodes = new Set(['control_held', 'control_paused', 'stale_epoch']);

/** What a demo agent does with a desktop: the tools of the channel, through a stock MCP client. */
export class Desktop {
  private constructor(
    private readonly client: Client,
    /** How many times longer things may take here than in a container: an emulated processor is slow. */
    private readonly patience: number,
  ) {}

  /** `url` is the server's address, without /mcp. The token goes into a header, nowhere else. */
  static async connect(url: string, token: string, patience = 1): Promise<Desktop> {
    const client = new Client({ name: 'Demo agent', version: '1.0.0' });
    const transport = new StreamableHTTPClientTransport(new URL('/mcp', url), {
      requestInit: { headers: { authorization: `Bearer ${token}` } },
    });
    await client.connect(transport);
    return new Desktop(client, patience);
  }

  /** Calls a tool; throws ControlLost when somebody else holds control, ToolFailed for any other refusal. */
  async call(name: string, args: Record<string, unknown> = {}): Promise<Answer> {
    const answer = await this.client.callTool({ name, arguments: args }, { timeout: 150_000 });
    const structured = (answer.structuredContent ?? {}) as Record<string, unknown>;
    const text = answer.content.map((block) => (block.type === 'text' ? block.text : '')).join('\n');
    if (answer.isError) {
      const code = typeof structured.code === 'string' ? structured.code : 'unknown';
      if (heldCodes.has(code)) throw new ControlLost(typeof structured.holder === 'string' ? structured.holder : null);
      throw new ToolFailed(name, code, text);
    }
    const picture = answer.content.find((block) => block.type === 'image');
    return { text, structured, png: picture?.type === 'image' ? Buffer.from(picture.data, 'base64') : null };
  }

  /** An emulated processor, say: what is not needed for the job is left out. */
  get isSlow(): boolean {
    return this.patience > 1;
  }

  /** Asks until there is an answer, as long as this desktop may need where a container needs `timeoutMs`; null then. */
  until<T>(ask: () => Promise<T | null>, timeoutMs: number): Promise<T | null> {
    // Every question costs the machine that is waited for.
    return poll(ask, timeoutMs * this.patience, pollMs * Math.min(this.patience, 5));
  }

  async screenshot(): Promise<Buffer> {
    const { png } = await this.call('take_screenshot');
    if (!png) throw new Error('The screenshot has no picture');
    return png;
  }

  async titles(): Promise<string[]> {
    const { structured } = await this.call('list_windows');
    return windowsSchema.parse(structured).windows.map(({ title }) => title);
  }

  /** Waits until a window's title fits, and returns it. */
  async windowTitled(pattern: RegExp, timeoutMs: number): Promise<string> {
    const title = await this.until(
      async () => (await this.titles()).find((each) => pattern.test(each)) ?? null,
      timeoutMs,
    );
    if (title === null)
      throw new Error(`No window titled ${String(pattern)} came within ${(timeoutMs * this.patience) / 1000} s`);
    return title;
  }

  async shell(command: string): Promise<string> {
    const { structured } = await this.call('execute_shell_command', { command, timeoutMs: this.commandMs() });
    if (structured.success !== true) throw new Error(`${command} failed: ${String(structured.stderr as string)}`);
    return String(structured.stdout as string);
  }

  private commandMs(): number {
    return Math.min(20_000 * this.patience, 100_000);
  }

  /** A file's text; empty while there is none. */
  async readFile(path: string): Promise<string> {
    const { structured } = await this.call('execute_shell_command', {
      command: `cat ${path}`,
      timeoutMs: this.commandMs(),
    });
    return structured.success === true ? String(structured.stdout as string) : '';
  }

  /**
   * All text of the page in front, by selecting and copying it as a person would; again when nothing came, since a page
   * that has its title already may not listen to keys yet.
   */
  async copyAll(blank: { x: number; y: number }): Promise<string> {
    for (let attempt = 0; attempt < copyAttempts; attempt += 1) {
      const mark = `copy-${Math.round(performance.now())}`;
      await this.call('clipboard_write', { text: mark });
      // Elsewhere each time, or two clicks would count as a double click.
      await this.call('click', { x: blank.x, y: blank.y - 40 * attempt });
      await this.call('press_keys', { keys: ['ctrl', 'a'] });
      await this.call('press_keys', { keys: ['ctrl', 'c'] });
      const text = await this.until(async () => {
        const { structured } = await this.call('clipboard_read');
        return typeof structured.text === 'string' && structured.text !== mark ? structured.text : null;
      }, copyWaitMs);
      await this.call('click', { x: blank.x, y: blank.y + 60 });
      if (text !== null) return text;
    }
    throw new Error('Nothing was copied');
  }

  /** One wait for control; the server answers after at most `timeoutMs`. */
  async awaitControl(timeoutMs: number): Promise<Waited> {
    return waitSchema.parse((await this.call('await_control', { timeoutMs })).structured);
  }

  async close(): Promise<void> {
    await this.client.close();
  }
}

/** Asks again and again until there is an answer; null when the time is up. All in milliseconds. */
async function poll<T>(ask: () => Promise<T | null>, timeoutMs: number, everyMs: number): Promise<T | null> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (performance.now() > deadline) return null;
    await sleep(everyMs);
  }
}
