import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBench, type Bench } from './testing/bench';
import { stockClients } from './testing/clients';

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.stop());

it.each(stockClients)(
  'answers of two clients with the same request ids never cross: %s, 1,000 calls',
  async (name, connect) => {
    const run = async (who: string) => {
      const { address } = bench.session(`session-${who}-${name.replace(/\W/g, '')}`, who);
      const client = await connect(address, who);
      for (let from = 0; from < 500; from += 25) {
        const texts = Array.from({ length: 25 }, (_, n) => `${who} ${from + n}`);
        // Every client counts its requests from 0, so both send the same ids at the same time.
        const results = await Promise.all(
          texts.map((text) => client.call('launch_application', { path: text, settle: false })),
        );
        expect(results.map((result) => result.structuredContent?.['path'])).toEqual(
          texts.map((text) => `/usr/bin/${text}`),
        );
      }
      await client.close();
    };
    await Promise.all([run('anna'), run('boris')]);
  },
  60_000,
);
