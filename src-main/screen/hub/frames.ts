import type { Clock } from '../../base/clock';
import { encodePng } from '../picture/encode';
import type { Framebuffer } from '../picture/framebuffer';
import type { EncoderSlots } from './encoderSlots';

/** How long a noted picture may stay uncopied while nothing changes: input that follows it goes out first. Milliseconds. */
const COPY_MS = 8;

interface Noted {
  version: number;
  png: Promise<Buffer>;
  /** Copies the pixels and begins to encode, if that has not been done. */
  copy(): void;
}

/**
 * Whole pictures, for the record and for screenshots: each version once. Noting one costs nothing; its pixels are copied
 * before the next change of the screen reaches them, and encoded in other threads. When too many are under way the next
 * waits for a place, and with it everything that is ordered behind it: memory stays bounded and no picture is wrong.
 */
export class Frames {
  private last: Noted | null = null;

  constructor(
    private readonly screen: Framebuffer,
    private readonly slots: EncoderSlots,
    private readonly clock: Clock,
  ) {}

  /** `now`: somebody waits for the PNG. */
  async note({ now }: { now: boolean }): Promise<{ version: number; png: Promise<Buffer> }> {
    let noted = this.last;
    if (noted?.version !== this.screen.version) {
      await this.slots.take();
      noted = this.begin();
    }
    if (now) noted.copy();
    return noted;
  }

  private begin(): Noted {
    const { screen } = this;
    let start: (png: Promise<Buffer>) => void = () => {};
    const png = new Promise<Buffer>((resolve) => (start = resolve));
    let copied = false;
    const copy = (): void => {
      if (copied) return;
      copied = true;
      stop();
      if (screen.beforeChange === copy) screen.beforeChange = null;
      start(this.slots.holding(async () => encodePng(screen.snapshot())));
    };
    const stop = this.clock.after(COPY_MS, copy);
    // One that was noted before and is not copied yet is of an older version, or of this one while an update comes in.
    screen.beforeChange?.();
    screen.beforeChange = copy;
    const noted = { version: screen.version, png, copy };
    this.last = noted;
    // A picture that could not be encoded is tried anew.
    png.catch(() => {
      if (this.last === noted) this.last = null;
    });
    return noted;
  }
}
