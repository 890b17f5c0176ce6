import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { Logger } from '../../base/logger';
import type { HomeContent } from '../backend';
import { homeFolder, makeHelper, removeHelper, type Helpers } from './homeHelper';

interface Reading {
  stream: Readable;
  /** Its container is gone. */
  over: Promise<void>;
}

/** Homes as they are read: the engine gives a tar of the volume, as a container that never starts sees it. */
export class HomeReaders {
  private readonly open_ = new Map<string, Set<Reading>>();

  constructor(
    private readonly helpers: Helpers,
    private readonly logger: Logger,
  ) {}

  /** A home can be read beside a machine that has it; files that change meanwhile are as they were at some moment of it. */
  async open(homeId: string, volume: string, signal: AbortSignal): Promise<HomeContent> {
    const { engine } = this.helpers;
    const helper = await makeHelper(this.helpers, { homeId, volume, command: ['/bin/true'] }, signal);
    let stream: Readable;
    try {
      stream = (await engine.run('read the home', signal, () =>
        helper.getArchive({ path: `${homeFolder}/.` }),
      )) as Readable;
    } catch (error) {
      await this.drop(helper.id);
      throw error;
    }
    const leave = (): void => void stream.destroy(signal.reason as Error);
    signal.addEventListener('abort', leave, { once: true });
    const over = once(stream, 'close')
      .catch(() => {})
      .then(() => {
        signal.removeEventListener('abort', leave);
        return this.drop(helper.id);
      });
    stream.on('error', () => {});
    const reading = { stream, over };
    const all = this.open_.get(homeId) ?? new Set();
    this.open_.set(homeId, all.add(reading));
    void over.then(() => {
      all.delete(reading);
      if (all.size === 0 && this.open_.get(homeId) === all) this.open_.delete(homeId);
    });
    if (signal.aborted) leave();
    return { format: 'tar', bytes: null, stream };
  }

  /** Ends all readers of a home; resolves when nothing of theirs holds it. */
  async end(homeId: string, reason: Error): Promise<void> {
    const all = [...(this.open_.get(homeId) ?? [])];
    for (const { stream } of all) stream.destroy(reason);
    await Promise.all(all.map(({ over }) => over));
  }

  async close(): Promise<void> {
    const reason = new Error('the backend was closed');
    await Promise.all([...this.open_.keys()].map((homeId) => this.end(homeId, reason)));
  }

  private async drop(id: string): Promise<void> {
    try {
      await removeHelper(this.helpers.engine, id);
    } catch (error) {
      // The next look at the homes of a later run finds it.
      this.logger.warn({ err: error }, 'a container that a home was read with is still there');
    }
  }
}
