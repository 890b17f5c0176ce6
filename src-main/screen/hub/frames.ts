import { encodePng } from '../picture/encode';
import type { Framebuffer, Picture } from '../picture/framebuffer';

/** Pictures that one session may have waiting for their encoder; each holds a whole screen. */
const MAX_WAITING = 4;

/**
 * Pictures for the record: noted at once, encoded later, each version once. When too many wait, the next one waits for
 * a place, and with it everything that is ordered behind it: memory stays bounded and no picture is wrong.
 */
export class Frames {
  private last: { version: number; png: Promise<Buffer> } | null = null;
  private waiting = 0;
  private readonly queue: (() => void)[] = [];

  constructor(private readonly screen: Framebuffer) {}

  async note(): Promise<{ version: number; png: Promise<Buffer> }> {
    while (this.waiting >= MAX_WAITING) await new Promise<void>((resolve) => this.queue.push(resolve));
    const version = this.screen.version;
    if (this.last?.version === version) return this.last;
    const picture: Picture = this.screen.snapshot();
    this.waiting++;
    const png = encodePng(picture).finally(() => {
      this.waiting--;
      this.queue.shift()?.();
    });
    png.catch(() => {});
    this.last = { version, png };
    return this.last;
  }

  /** The finished or running encoding of the picture as it is, if there is one. */
  current(): Promise<Buffer> | null {
    return this.last?.version === this.screen.version ? this.last.png : null;
  }

  close(): void {
    for (const resolve of this.queue.splice(0)) resolve();
  }
}
