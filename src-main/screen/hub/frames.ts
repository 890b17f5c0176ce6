import { encodePng } from '../picture/encode';
import type { Framebuffer } from '../picture/framebuffer';
import type { EncoderSlots } from './encoderSlots';

/**
 * Pictures for the record: noted at once, encoded later, each version once. When too many are under way the next waits
 * for a place, and with it everything that is ordered behind it: memory stays bounded and no picture is wrong.
 */
export class Frames {
  private last: { version: number; png: Promise<Buffer> } | null = null;

  constructor(
    private readonly screen: Framebuffer,
    private readonly slots: EncoderSlots,
  ) {}

  async note(): Promise<{ version: number; png: Promise<Buffer> }> {
    if (this.last?.version === this.screen.version) return this.last;
    await this.slots.take();
    const picture = this.screen.snapshot();
    const png = this.slots.holding(() => encodePng(picture));
    png.catch(() => {});
    this.last = { version: picture.version, png };
    return this.last;
  }

  /** The finished or running encoding of the picture as it is, if there is one. */
  current(): Promise<Buffer> | null {
    return this.last?.version === this.screen.version ? this.last.png : null;
  }
}
