import { join } from 'node:path';
import { createQemuBackend } from '../../src-main/sandbox/qemu';
import { cacheFolder, findImage } from '../../src-main/sandbox/qemu/image';
import { BareQemu } from '../lib/bareQemu';
import { savingSeconds, smallSize } from '../lib/qemuStack';
import { ms, type Row } from '../lib/report';
import { startStack } from '../lib/stack';
import { summarise } from '../lib/stats';

const rounds = 4;

/** What is left where no desktop can be saved: a boot, ours to checked and ready, and one by hand, in turn. */
export async function qemuBoot(): Promise<Row[]> {
  const image = findImage(join(cacheFolder(), 'qemu'), 'desktop');
  if (!image) throw new Error('There is no desktop image for QEMU.');
  const pool = { backend: 'qemu', size: smallSize, warm: { minimum: 0, maximum: 1 } } as const;
  const stack = await startStack(pool, (context) => [createQemuBackend({ ...context, saveDesktops: false })]);
  const ours: number[] = [];
  const bare: number[] = [];
  try {
    for (let round = 0; round < rounds; round += 1) {
      let start = performance.now();
      const machine = await BareQemu.boot(image);
      bare.push(performance.now() - start);
      await machine.stop();

      start = performance.now();
      stack.wheelhouse.broker.pools.update('desktop', { warm: { minimum: 1, maximum: 1 } });
      await stack.ready(1, savingSeconds);
      ours.push(performance.now() - start);
      stack.wheelhouse.broker.pools.update('desktop', { warm: { minimum: 0, maximum: 1 } });
      await stack.empty();
    }
  } finally {
    await stack.close();
  }
  const [us, them] = [summarise(ours), summarise(bare)];
  const ratio = us.p50 / them.p50;
  return [
    {
      what: 'Cold boot of a QEMU machine to checked and ready, beside a bare QEMU boot of the same kernel and disk',
      measured: `p50 ${ms(us.p50)} beside ${ms(them.p50)}: ${ratio.toFixed(2)} times (n ${us.n})`,
      target: '<= 1.3 times',
      met: ratio <= 1.3,
      data: { oursP50: us.p50, bareP50: them.p50, ratio },
    },
  ];
}
