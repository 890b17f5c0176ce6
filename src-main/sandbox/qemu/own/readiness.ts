import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { bounded } from '../../../base/bounded';
import { sleep } from '../../../base/deadline';
import { RfbGlance, type GlanceFrame } from '../rfbGlance';
import { cpuPercent, sampleCpu, type CpuSample } from '../stats';
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

/** The part of a screen that may have another colour and it still shows nothing: a cursor waits on it, no more. */
const cursor = 0.0005;

/** Nearly every pixel has one colour; looked for among a few, as the first may be the cursor's. */
function blank(frame: GlanceFrame): boolean {
  const all = words(frame);
  return [0.1, 0.5, 0.9].some((part) => {
    const colour = all[Math.floor(all.length * part)];
    let others = 0;
    for (const pixel of all) if (pixel !== colour) others += 1;
    return others <= all.length * cursor;
  });
}

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

/** Seconds of processor that a thread had and that it waited for while others had it (schedstat of proc(5)). */
export function demandSeconds(schedstat: string): number {
  const [ran = 0, waited = 0] = schedstat.trim().split(/\s+/).map(Number);
  return (ran + waited) / 1e9;
}

/** What a process would have used by now: on a busy computer one that gets little looks idle by what it used. */
function sampleDemand(pid: number): CpuSample | null {
  const sample = sampleCpu(pid);
  if (!sample) return null;
  try {
    const folder = `/proc/${pid}/task`;
    const demands = readdirSync(folder).map((task) =>
      demandSeconds(readFileSync(`${folder}/${task}/schedstat`, 'latin1')),
    );
    return { ...sample, used: demands.reduce((sum, each) => sum + each, 0) };
  } catch {
    // Kernels may keep no such figures.
    return sample;
  }
}

/** Percent of one core below which a guest is at rest, for so many looks in a row; it is waited for at most so long. */
const rest = { percent: 25, looks: 3, ms: 300_000 } as const;

/**
 * Waits until the guest's processor has little to do: a screen may stand still in the middle of a boot. A guest that is
 * always busy is waited for five minutes, and taken as it is then; so is one of a system that tells no times.
 */
export async function untilAtRest(pid: number, signal: AbortSignal, onWait: (missing: string) => void): Promise<void> {
  let before = sampleDemand(pid);
  let calm = 0;
  for (const giveUpAt = performance.now() + rest.ms; before && calm < rest.looks && performance.now() < giveUpAt;) {
    await sleep(lookMs.every, signal);
    const after = sampleDemand(pid);
    if (!after) return;
    calm = cpuPercent(before, after) < rest.percent ? calm + 1 : 0;
    before = after;
    if (calm === 0) onWait('its processor is busy');
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
