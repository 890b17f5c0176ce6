import { createInterface } from 'node:readline';
import { z } from 'zod';
import { Desktop } from './desktop';
import { Job } from './job';

/**
 * The demo agent: a process of its own and a stock MCP client, with no model. Where the server is and the token to use
 * come as one JSON line on standard input (with the pool to use, and `patience`, by which waits are multiplied), or from WHEELHOUSE_URL and WHEELHOUSE_TOKEN; never from arguments. Progress
 * goes to standard output, one JSON object a line. Ends with 0 only when the saved report was read back and was right.
 */
const orderSchema = z.object({
  url: z.url(),
  token: z.string().min(1),
  end: z.boolean().default(false),
  pool: z.string().optional(),
  patience: z.number().min(1).max(100).default(1),
});

const tell = (event: Record<string, unknown>): void => void process.stdout.write(`${JSON.stringify(event)}\n`);

async function readOrder(): Promise<z.output<typeof orderSchema>> {
  const { WHEELHOUSE_URL: url, WHEELHOUSE_TOKEN: token } = process.env;
  if (url && token) return orderSchema.parse({ url, token });
  const lines = createInterface({ input: process.stdin });
  for await (const line of lines) {
    lines.close();
    return orderSchema.parse(JSON.parse(line));
  }
  throw new Error('Nobody said where the server is: a JSON line {"url", "token"} belongs on standard input');
}

async function main(): Promise<void> {
  const { url, token, end, pool, patience } = await readOrder();
  const desktop = await Desktop.connect(url, token, patience);
  try {
    const result = await new Job(desktop, tell, pool).run();
    if (end) await desktop.call('end_session', { sessionId: result.sessionId });
    tell({ event: 'done', ...result });
  } finally {
    await desktop.close().catch(() => {});
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    tell({ event: 'failed', message: error instanceof Error ? error.message : String(error) });
    process.exit(1);
  },
);
