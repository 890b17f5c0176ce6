import { WheelhouseError } from '../../base/errors';

/** Whether the machine behind a screen is stopped: its server answers nothing then, and nothing may wait for it. */
export class Ice {
  private cold = false;
  private readonly waiting = new Set<(error: Error) => void>();

  get frozen(): boolean {
    return this.cold;
  }
  set(frozen: boolean): void {
    this.cold = frozen;
    if (!frozen) return;
    for (const reject of this.waiting) reject(stopped());
    this.waiting.clear();
  }
  /** Throws control_paused while it is stopped. */
  check(): void {
    if (this.cold) throw stopped();
  }
  /** The server's answer, or control_paused as soon as the machine is stopped. */
  async orFrozen<T>(answer: Promise<T>): Promise<T> {
    if (this.cold) {
      answer.catch(() => {});
      throw stopped();
    }
    let reject: (error: Error) => void = () => {};
    const cut = new Promise<never>((_, no) => (reject = no));
    this.waiting.add(reject);
    try {
      return await Promise.race([answer, cut]);
    } finally {
      this.waiting.delete(reject);
    }
  }
}

const stopped = (): WheelhouseError =>
  new WheelhouseError('control_paused', 'This computer is stopped.', { frozen: true });
