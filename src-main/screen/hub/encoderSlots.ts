/** Whole pictures that may be on their way through the encoder at once, over all sessions; each holds its pixels. */
const SLOTS = 12;

/** Bounds the memory of pictures under way: whoever comes when all places are taken waits for one. */
export class EncoderSlots {
  private taken = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly slots = SLOTS) {}

  /** Runs `encode` once there is a place; it takes its pixels when it runs, not before. */
  async run<T>(encode: () => Promise<T>): Promise<T> {
    await this.take();
    return this.holding(encode);
  }

  /** Waits for a place; `holding` gives it back. */
  async take(): Promise<void> {
    if (this.taken >= this.slots) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.taken++;
  }

  async holding<T>(encode: () => Promise<T>): Promise<T> {
    try {
      return await encode();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.taken--;
    }
  }
}
