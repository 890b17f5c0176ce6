import type { Engine } from './engine';
import { labels } from './labels';

/** The tag of the desktop image that was made last, or null. */
export async function newestDesktop(engine: Engine, signal: AbortSignal): Promise<string | null> {
  const images = await engine.run('list its images', signal, (docker, abortSignal) =>
    docker.listImages({ filters: { label: [`${labels.image}=desktop`] }, abortSignal }),
  );
  const tags = images
    .sort((a, b) => b.Created - a.Created)
    .flatMap((image) => image.RepoTags ?? [])
    .filter((tag) => tag.startsWith('wheelhouse/desktop:'));
  return tags[0] ?? null;
}
