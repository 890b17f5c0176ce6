import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../server/testing/client';
import { callTool, startFakeHouse } from './testing/fakeHouse';

let house: Awaited<ReturnType<typeof startFakeHouse>>;
beforeAll(async () => (house = await startFakeHouse()));
afterAll(() => house.stop());

it('never crosses the answers of two clients that use the same ids', async () => {
  const clients = [await house.session('one'), await house.session('two')];
  clients.forEach((client, i) => (client.guest().clipboard = `clipboard of ${i}`));
  const ids = Array.from({ length: 500 }, (_, id) => id);
  const wrong: string[] = [];
  await Promise.all(
    clients.map(async (client, i) => {
      for (let at = 0; at < ids.length; at += 20) {
        await Promise.all(
          ids.slice(at, at + 20).map(async (id) => {
            const answer = await callTool(client.computerUrl, client.secret, id, 'clipboard_read');
            const text = JSON.stringify(answer.result);
            if (answer.id !== id || !text.includes(`clipboard of ${i}`)) wrong.push(`${i}/${id}: ${text}`);
          }),
        );
      }
    }),
  );
  expect(wrong).toEqual([]);
}, 60_000);

it('lets nothing of the agent through while a person holds control, however the two race', async () => {
  const { secret, sessionId, computerUrl, guest } = await house.session('racer');
  const { inputs } = guest().rfb;
  let running = true;
  let landed = 0;
  const agent = async () => {
    for (let id = 0; running; id++) {
      const { result } = await callTool(computerUrl, secret, id, 'click', { x: 5, y: 5, settle: false });
      if (result.isError) expect(result.structuredContent?.['code']).toMatch(/control_held|stale_epoch|control_paused/);
      else landed++;
    }
  };
  const agents = [agent(), agent(), agent()];
  const act = async (action: string) => {
    const answer = await house.api('POST', `/api/sessions/${sessionId}/control`, { action });
    expect([answer.status, answer.body.error]).toEqual([200, undefined]);
  };
  for (let round = 0; round < 25; round++) {
    const before = landed;
    await until(() => landed > before, 'the agent clicks again');
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 10));
    await act('take');
    const held = inputs.length;
    await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 15));
    expect(inputs.slice(held)).toEqual([]);
    await act('release');
  }
  running = false;
  await Promise.all(agents);
}, 60_000);
