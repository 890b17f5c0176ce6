import { BareXvnc, desktopImage } from '../lib/bareXvnc';
import { ms, type Row } from '../lib/report';
import { startStack } from '../lib/stack';
import { summarise } from '../lib/stats';

const rounds = 12;

/** One machine at a time, ours and a bare run in turn, so that both meet the same moods of the computer. */
export async function coldStart(): Promise<Row[]> {
  const image = await desktopImage();
  const stack = await startStack({ warm: { minimum: 0, maximum: 2 } });
  const ours: number[] = [];
  const bare: number[] = [];
  try {
    for (let round = -1; round < rounds; round += 1) {
      let start = performance.now();
      const machine = await BareXvnc.start(image, [], 'openbox');
      if (round >= 0) bare.push(performance.now() - start);
      await machine.stop();

      start = performance.now();
      stack.wheelhouse.broker.pools.update('desktop', { warm: { minimum: 1, maximum: 2 } });
      await stack.ready(1);
      if (round >= 0) ours.push(performance.now() - start);
      stack.wheelhouse.broker.pools.update('desktop', { warm: { minimum: 0, maximum: 2 } });
      await stack.empty();
    }
  } finally {
    await stack.close();
  }
  const [us, them] = [summarise(ours), summarise(bare)];
  const ratio = us.p50 / them.p50;
  return [
    {
      what: 'Cold start to a checked, ready machine, beside docker run of the same image to RFB greeting',
      measured: `p50 ${ms(us.p50)} beside ${ms(them.p50)}: ${ratio.toFixed(2)} times`,
      target: '<= 1.3 times',
      met: ratio <= 1.3,
      data: { oursP50: us.p50, oursP95: us.p95, bareP50: them.p50, bareP95: them.p95, ratio },
    },
  ];
}
