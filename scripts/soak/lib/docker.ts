import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export const docker = async (...args: string[]): Promise<string> =>
  (await promisify(execFile)('docker', args, { maxBuffer: 16 * 1024 * 1024 })).stdout.trim();

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');
const mark = 'dev.wheelhouse';

/** Machine ids of an installation's containers, in any state; ids appear twice when two containers bear them. */
export const containersOf = async (installationId: string): Promise<string[]> =>
  lines(
    await docker(
      ...['ps', '-a', '--filter', `label=${mark}.installation=${installationId}`],
      ...['--format', `{{.Label "${mark}.machine"}}`],
    ),
  ).sort();

/** Ids of homes of an installation's volumes. */
export const volumesOf = async (installationId: string): Promise<string[]> =>
  lines(
    await docker(
      ...['volume', 'ls', '--filter', `label=${mark}.installation=${installationId}`],
      ...['--format', `{{.Label "${mark}.home"}}`],
    ),
  ).sort();

/**
 * Containers and a volume that are none of ours: one without a label, one of another installation, whose volume bears
 * its label too. `unchanged` says what became different; `remove` ends them.
 */
export async function makeForeign(): Promise<{ unchanged(): Promise<string | null>; remove(): Promise<void> }> {
  const [image] = lines(await docker('images', 'wheelhouse/desktop', '--format', '{{.Repository}}:{{.Tag}}'));
  if (!image) throw new Error('There is no desktop image: run the set-up first.');
  const other = `i_foreign${process.pid}`;
  const run = (...more: string[]): Promise<string> =>
    docker('run', '-d', '--network', 'none', ...more, '--entrypoint', 'sleep', image, '100000');
  const label = ['--label', `${mark}.installation=${other}`, '--label', `${mark}.machine=m_foreign`];
  const ids = [await run(), await run(...label, '--label', `${mark}.pool=desktop`)];
  const volume = await docker(
    ...['volume', 'create', '--label', `${mark}.installation=${other}`, '--label', `${mark}.home=home_foreign`],
    `wheelhouse-${other}-home-home_foreign`,
  );
  const look = (): Promise<string> =>
    docker('inspect', '--format', '{{.Id}} {{.State.Status}} {{.State.StartedAt}} {{.State.Pid}}', ...ids);
  const before = await look();
  return {
    async unchanged() {
      const now = await look().catch((error: unknown) => String(error));
      if (now !== before) return `foreign containers were\n${before}\nand are\n${now}`;
      const there = await docker('volume', 'inspect', volume).then(
        () => true,
        () => false,
      );
      return there ? null : 'a foreign volume is gone';
    },
    async remove() {
      await docker('rm', '-f', ...ids).catch(() => {});
      await docker('volume', 'rm', volume).catch(() => {});
    },
  };
}
