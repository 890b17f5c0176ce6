import { connect } from 'node:net';
import { bounded } from '../../../base/bounded';
import { sleep } from '../../../base/deadline';
import { RfbGlance, type GlanceFrame } from '../rfbGlance';
import type { ReadyWhen } from './description';

/** Milliseconds between two looks, and for one. */
const lookMs = { every: 1_000, one: 10_000 } as const;
/** The part of the picture that may change in a still one: a clock, a cursor that blinks. */
const restless = 0.01;

/** The part of two pictures, from 0 to 1, that differs; all of it when they differ in size. */
export function differing(before: GlanceFrame, after: GlanceFrame): number {
  if (before.width !== after.width || before.height !== after.height) return 1;
  const [a, b] = [words(before), words(after)];
  let count = 0;
  for (let at = 0; at < a.length; at += 1) if (a[at] !== b[at]) count += 1;
  return a.length === 0 ? 1 : count / a.length;
}
const words = ({ pixels }: GlanceFrame): Uint32Array =>
  new Uint32Array(pixels.buffer.slice(pixels.byteOffset, pixels.byteOffset + (pixels.length & ~3)));

const blank = (frame: GlanceFrame): boolean => {
  const all = words(frame);
  return all.every((pixel) => pixel === all[0]);
};

/** Whether what was seen so far makes a guest ready, and if not, what is missing. Pure but for what it remembers. */
export class ReadyWatch {
  private reference: GlanceFrame | null = null;
  private stillSince = 0;

  constructor(
    private readonly when: ReadyWhen,
    private readonly startedAt: number,
  ) {}

  /** `now` in milliseconds of the clock that told `startedAt`. Null: ready. */
  look(frame: GlanceFrame, now: number): string | null {
    const { minSeconds, stillSeconds, notBlank } = this.when;
    if (!this.reference || differing(this.reference, frame) > restless) {
      this.reference = frame;
      this.stillSince = now;
    }
    const up = (now - this.startedAt) / 1000;
    const still = (now - this.stillSince) / 1000;
    if (notBlank && blank(frame)) return 'its screen is blank';
    if (up < minSeconds) return `it has run for ${Math.floor(up)} of ${minSeconds} s`;
    if (still < stillSeconds) return `its screen has been still for ${Math.floor(still)} of ${stillSeconds} s`;
    return null;
  }
}

/** Looks at the screen until it is ready. Rejects as the signal does; `onWait` hears what is missing. */
export async function untilReady(
  socket: string,
  when: ReadyWhen,
  startedAt: number,
  signal: AbortSignal,
  onWait: (missing: string) => void = () => {},
): Promise<void> {
  const watch = new ReadyWatch(when, startedAt);
  for (;;) {
    let missing: string | null;
    try {
      missing = watch.look(await glance(socket, signal), Date.now());
    } catch (error) {
      signal.throwIfAborted();
      missing = `its screen does not answer (${(error as Error).message})`;
    }
    if (missing === null) return;
    onWait(missing);
    await sleep(lookMs.every, signal);
  }
}

/** A connection for each look: a client that stays has a size, and a guest that boots changes its own. */
const glance = (socket: string, signal: AbortSignal): Promise<GlanceFrame> =>
  bounded('A look at the screen', lookMs.one, signal, async (own) => {
    const screen = await RfbGlance.open(connect(socket), own);
    try {
      return await screen.frame();
    } finally {
      screen.close();
    }
  });
