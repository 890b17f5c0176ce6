import { WheelhouseError } from '../../base/errors';
import { statusOf, type Engine } from './engine';
import { labels } from './labels';

/**
 * Whether this engine's volumes can end at a size: only where its data lies on a file system with project quotas. Tried
 * once, with a volume of our own.
 */
export class QuotaTrial {
  private trial: Promise<boolean> | null = null;
  /** What the trial said; false before it. */
  works = false;

  constructor(
    private readonly engine: Engine,
    private readonly installationId: string,
  ) {}

  /** Rejects as the engine does when it can't be asked; then the next one asks again. */
  async try(signal: AbortSignal): Promise<boolean> {
    this.trial ??= this.make(signal);
    try {
      this.works = await this.trial;
      return this.works;
    } catch (error) {
      this.trial = null;
      throw error;
    }
  }

  private async make(signal: AbortSignal): Promise<boolean> {
    const name = `wheelhouse-${this.installationId}-quota-trial`;
    try {
      await this.engine.run('try a volume with a bound', signal, (docker, abortSignal) =>
        docker.createVolume({
          Name: name,
          Driver: 'local',
          Labels: { [labels.installation]: this.installationId },
          DriverOpts: { size: '16m' },
          abortSignal,
        }),
      );
    } catch (error) {
      if (error instanceof WheelhouseError && statusOf(error) !== null) return false;
      throw error;
    }
    // Its emptiness costs nothing where it can't be removed just now, and the next trial finds it.
    await this.engine
      .run('remove the trial', signal, (docker, abortSignal) => docker.getVolume(name).remove({ abortSignal }))
      .catch(() => {});
    return true;
  }
}
