import { encodePng } from '../picture/encode';
import type { Framebuffer } from '../picture/framebuffer';
import type { EncoderSlots } from './encoderSlots';

/**
 * Whole pictures, for the record and for screenshots: noted at once, encoded later, each version once. When too many
 * are under way the next waits for a place, and with it everything that is ordered behind it: memory stays bounded and
 * no picture is wrong.
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
    const noted = { version: picture.version, png };
    this.last = noted;
    // A picture that could not be encoded is tried anew.
    png.catch(() => {
      if (this.last === noted) this.last = null;
    });
    return noted;
  }
}
