import type { Clock } from '../base/clock';
import { Emitter } from '../base/emitter';
import type { Logger } from '../base/logger';
import type { ScreenHub } from '../screen/types';

/** At most one thumbnail a second a session: enough to see life, cheap enough for a wall of fifty. */
const intervalMs = 1_000;
const retryMs = 3_000;
const firstPictureMs = 4_000;

interface Watched {
  width: number;
  version: number;
  jpeg: Buffer | null;
  stop: () => void;
}

/**
 * Keeps a small current picture of every session that the window shows, made by the hub (never a full frame shrunk in
 * the window). Watching follows what is visible; a session that leaves the list costs nothing from then on.
 */
export class Thumbnails {
  private readonly watched = new Map<string, Watched>();
  private readonly made = new Emitter<{ sessionId: string; jpeg: Buffer }>();

  constructor(
    private readonly deps: {
      hubFor(sessionId: string): Promise<ScreenHub>;
      clock: Clock;
      logger: Logger;
      onNew(sessionId: string, version: number): void;
    },
  ) {}

  /** Replaces the list of what is shown. `width` in pixels. */
  watch(sessionIds: readonly string[], width: number): void {
    const wanted = new Set(sessionIds);
    for (const [sessionId, entry] of this.watched) {
      if (wanted.has(sessionId) && entry.width === width) continue;
      entry.stop();
      // The last picture stays until a new one comes, so that a resize does not blink.
      if (!wanted.has(sessionId)) this.watched.delete(sessionId);
    }
    for (const sessionId of wanted) {
      const old = this.watched.get(sessionId);
      if (old?.width === width) continue;
      const entry: Watched = { width, version: old?.version ?? 0, jpeg: old?.jpeg ?? null, stop: () => {} };
      this.watched.set(sessionId, entry);
      this.run(sessionId, entry);
    }
  }

  /** The newest picture; waits up to `waitMs` for the first one of a session that the window has just begun to show. */
  async get(sessionId: string, waitMs = firstPictureMs): Promise<Buffer | null> {
    const found = this.watched.get(sessionId)?.jpeg;
    if (found) return found;
    return new Promise((resolve) => {
      let stopListening = () => {};
      const finish = (jpeg: Buffer | null) => {
        stopListening();
        stopTimer();
        resolve(jpeg);
      };
      stopListening = this.made.on((entry) => {
        if (entry.sessionId === sessionId) finish(entry.jpeg);
      });
      const stopTimer = this.deps.clock.after(waitMs, () => finish(null));
    });
  }

  close(): void {
    this.watch([], 0);
  }

  private run(sessionId: string, entry: Watched): void {
    let stopped = false;
    let cancelTimer = () => {};
    const again = (ms: number) => {
      if (!stopped) cancelTimer = this.deps.clock.after(ms, () => void step());
    };
    const step = async () => {
      try {
        const hub = await this.deps.hubFor(sessionId);
        const made = await hub.thumbnail(entry.width, entry.jpeg ? entry.version : undefined);
        if (stopped) return;
        if (made) {
          entry.jpeg = made.jpeg;
          entry.version = made.version;
          this.made.emit({ sessionId, jpeg: made.jpeg });
          this.deps.onNew(sessionId, made.version);
        }
        again(intervalMs);
      } catch (error) {
        this.deps.logger.debug({ err: error, sessionId }, 'no thumbnail');
        again(retryMs);
      }
    };
    entry.stop = () => {
      stopped = true;
      cancelTimer();
    };
    void step();
  }
}
