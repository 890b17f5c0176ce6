import type { ErrorCode } from '@shared/errors';

/** Milliseconds; failures in a row. */
export interface BreakerLimits {
  /** After a failure: the first pause and the longest, doubled each time. */
  backoffMs: number;
  backoffMaxMs: number;
  /** This many failures in a row open it. */
  breakAfter: number;
  /** How long it is open the first time, and the longest. */
  breakMs: number;
  breakMaxMs: number;
}

export interface Failure {
  /** What conditions call it. */
  reason: 'ImageMissing' | 'BackendUnreachable' | 'CreateFailed';
  /** In words, for people. */
  message: string;
  /** In a row. Machines that were being made at the same time and failed together count as one. */
  count: number;
  /** Until it is tried again; 0: now. */
  retryInMs: number;
  /** It is tried with one machine at a time, minutes apart, until one comes up. */
  open: boolean;
}

/**
 * Whether machines of one pool can be made, as its failures say. Closed, a failure makes it pause, a little longer each
 * time; after several in a row it opens: the cause will not go away by trying, and trying costs the computer. Then one
 * machine is tried now and then (half-open), and the first that comes up closes it. What failures are about is its
 * `basis` (image, backend and their state): as soon as that is another, they say nothing any more. Times are monotonic.
 */
export class Breaker {
  private last: { code: ErrorCode; message: string; count: number; at: number; until: number } | null = null;
  private basis: string | null = null;

  constructor(
    private readonly limits: BreakerLimits,
    /** 0 up to 1. */
    private readonly random: () => number,
  ) {}

  /** What machines are made of and by, as it is now. */
  under(basis: string): void {
    if (this.basis !== null && this.basis !== basis) this.last = null;
    this.basis = basis;
  }
  /** `began`: when the machine that failed was begun. */
  failed(now: number, began: number, { code, message }: { code: ErrorCode; message: string }): void {
    const before = this.last;
    // It was begun before anybody knew of the last failure: the same one again.
    const same = before !== null && began <= before.at;
    const count = same ? before.count : (before?.count ?? 0) + 1;
    const until = same ? before.until : now + this.pause(count);
    this.last = { code, message, count, at: same ? before.at : now, until };
  }
  succeeded(): void {
    this.last = null;
  }
  /** Somebody mended something: what failed says nothing any more. */
  reset(): void {
    this.last = null;
  }
  /** Tries now; a failure opens it again at once. */
  retry(): void {
    if (this.last) this.last.until = 0;
  }
  /** How many may be begun while this many are under way; Infinity: as many as there are slots. */
  allows(now: number, underWay: number): number {
    const failure = this.failure(now);
    if (!failure) return Infinity;
    if (failure.retryInMs > 0) return 0;
    return failure.open ? Math.max(0, 1 - underWay) : Infinity;
  }
  /** The last failure, until a machine comes up. */
  failure(now: number): Failure | null {
    if (!this.last) return null;
    const { code, message, count, until } = this.last;
    const open = count >= this.limits.breakAfter;
    // Before it opens, the cause may be a passing one.
    return {
      reason: open ? reasonOf(code) : 'CreateFailed',
      message,
      count,
      retryInMs: Math.max(0, until - now),
      open,
    };
  }

  private pause(count: number): number {
    const { backoffMs, backoffMaxMs, breakAfter, breakMs, breakMaxMs } = this.limits;
    const over = count - breakAfter;
    const pause =
      over < 0 ? Math.min(backoffMaxMs, backoffMs * 2 ** (count - 1)) : Math.min(breakMaxMs, breakMs * 2 ** over);
    // At least half of it: many that failed together don't come back together.
    return pause * (0.5 + this.random() / 2);
  }
}

function reasonOf(code: ErrorCode): Failure['reason'] {
  if (code === 'image_missing') return 'ImageMissing';
  return code === 'backend_unreachable' ? 'BackendUnreachable' : 'CreateFailed';
}
