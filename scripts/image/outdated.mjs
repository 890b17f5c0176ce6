import { tryRun } from '../lib/run.mjs';

/**
 * Which of our images may go: every one but the current that no container was made from.
 * @param {{ id: string, tag: string }[]} images @param {string} current @param {ReadonlySet<string>} used tags and ids of containers' images
 */
export const outdated = (images, current, used) => {
  const keep = new Set(images.filter((image) => image.tag === current).map((image) => image.id));
  return images.filter((image) => !keep.has(image.id) && !used.has(image.id) && !used.has(image.tag));
};

/** Removes earlier builds of the desktop that nothing uses. Failing to is no failure of the build. */
export const removeOutdated = async (current, log) => {
  const list = await tryRun('docker', [
    'images',
    '--no-trunc',
    '--filter',
    'label=dev.wheelhouse.image=desktop',
    '--format',
    '{{.ID}} {{.Repository}}:{{.Tag}}',
  ]);
  const containers = await tryRun('docker', ['ps', '-aq', '--no-trunc']);
  if (list === null || containers === null) return;
  const ids = containers.split('\n').filter(Boolean);
  const uses =
    ids.length > 0 ? await tryRun('docker', ['inspect', '--format', '{{.Image}} {{.Config.Image}}', ...ids]) : '';
  // A container that went away in between: look again the next time.
  if (uses === null) return;
  const images = list
    .split('\n')
    .filter(Boolean)
    .map((line) => ({ id: line.split(' ')[0], tag: line.split(' ')[1] }));
  for (const image of outdated(images, current, new Set(uses.split(/\s+/)))) {
    const name = image.tag.includes('<none>') ? image.id : image.tag;
    if ((await tryRun('docker', ['rmi', name], { seconds: 60 })) !== null) log(`Removed the earlier image ${name}`);
  }
};
