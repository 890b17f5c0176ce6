import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBench, type Bench } from './testing/bench';

let bench: Bench;
let addresses: string[];
beforeAll(async () => {
  bench = await startBench();
  addresses = [`${bench.url}/mcp`, bench.session('session-fuzz', 'anna').address];
});
afterAll(() => bench.stop());

const tools = [
  'click',
  'take_screenshot',
  'type_text',
  'execute_shell_command',
  'await_control',
  'start_session',
  'nothing',
];
const message = fc.record(
  {
    jsonrpc: fc.constantFrom<unknown>('2.0', '1.0', 2),
    id: fc.oneof(fc.integer(), fc.string(), fc.constant(null)),
    method: fc.oneof(
      fc.constantFrom(
        'tools/call',
        'tools/list',
        'initialize',
        'ping',
        'subscriptions/listen',
        'notifications/cancelled',
      ),
      fc.string(),
    ),
    params: fc.oneof(
      fc.record(
        { name: fc.constantFrom(...tools), arguments: fc.oneof(fc.object(), fc.anything()) },
        { requiredKeys: [] },
      ),
      fc.anything(),
    ),
  },
  { requiredKeys: [] },
);
const body = fc.oneof(
  { weight: 4, arbitrary: message.map((value) => JSON.stringify(value)) },
  { weight: 2, arbitrary: fc.array(message, { maxLength: 4 }).map((value) => JSON.stringify(value)) },
  fc.json(),
  fc.string(),
  fc.constant('['.repeat(50_000)),
);

it('answers whatever is posted, and never with a fault of its own', async () => {
  const property = fc.asyncProperty(
    body,
    fc.nat(1),
    fc.constantFrom('*/*', 'application/json', 'text/event-stream', ''),
    async (text, which, accept) => {
      const response = await fetch(addresses[which] ?? '', {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer anna', accept },
        body: text,
        signal: AbortSignal.timeout(5000),
      });
      await response.text();
      expect(response.status).toBeLessThan(500);
    },
  );
  await fc.assert(property, { numRuns: 400 });
}, 60_000);
