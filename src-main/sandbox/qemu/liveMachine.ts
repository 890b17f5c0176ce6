import { Emitter } from '../../base/emitter';
import { WheelhouseError } from '../../base/errors';
import type { IdentityLine } from './bootLine';
import { ConsoleLog } from './console';
import type { MachineFiles } from './layout';
import { boundLog } from './logBound';
import { endMachine, isMachine } from './process';
import type { Qmp } from './qmp';

/** Milliseconds that a process may take to be gone once its control socket closed. */
const goneMs = 2_000;

/** What QEMU calls a machine that stands still; `postmigrate`: after its whole memory was saved. */
const stillStates: readonly string[] = ['paused', 'prelaunch', 'postmigrate'];

/** One running QEMU with the connections that belong to it. Ends by itself when the process does. */
export class LiveMachine {
  /** Whether it stands still because somebody wants it to. */
  paused = false;
  /** It has been stopped since its clock was last set. One that was loaded gets the time with its identity. */
  private stood = false;
  /** How many works need it to stand still for a moment. */
  private holds = 0;
  ended: string | null = null;
  private readonly ends = new Emitter<string>();
  private readonly console: ConsoleLog;
  private readonly unbindLog: () => void;

  constructor(
    readonly pid: number,
    readonly files: MachineFiles,
    readonly qmp: Qmp,
    readonly boot: IdentityLine,
    private readonly exitWords: () => string | null = () => null,
  ) {
    this.console = new ConsoleLog(files.sockets.console, files.consoleLog, () => {});
    this.unbindLog = boundLog(files.qemuLog);
    qmp.on(({ name }) => {
      if (this.holds > 0) return;
      if (name === 'STOP') this.paused = true;
      if (name === 'RESUME') this.paused = false;
    });
    qmp.onClosed(() => void this.over());
  }

  /** Told once, with why, when the process has ended. */
  onEnd(listener: (reason: string) => void): () => void {
    return this.ends.on(listener);
  }

  /** Stops or continues the virtual CPUs; idempotent. Throws guest_failed, guest_timeout. */
  async hold(still: boolean): Promise<void> {
    if (this.holds > 0) {
      this.paused = still;
      return;
    }
    await this.qmp.run(still ? 'stop' : 'cont');
    const status = await this.qmp.status();
    const done = still ? stillStates.includes(status) : status === 'running';
    if (!done)
      throw new WheelhouseError(
        'guest_failed',
        `The machine can't be ${still ? 'paused' : 'continued'}: it is ${status}.`,
      );
    // Its clock stood still with it, maybe for days.
    if (!still && (this.stood || this.paused)) this.boot.clock?.(Date.now());
    this.stood = still;
    this.paused = still;
  }

  /**
   * Stands still for as long as `work` takes; afterwards it is as it was, or as it was asked to be meanwhile. Throws what
   * the work throws.
   */
  async still<T>(work: () => Promise<T>): Promise<T> {
    this.holds += 1;
    try {
      await this.qmp.run('stop');
      this.stood = true;
      return await work();
    } finally {
      this.holds -= 1;
      if (this.holds === 0 && !this.paused && this.ended === null) {
        // A machine that can't go on is found by its health; why the work failed is what matters here.
        await this.hold(false).catch(() => {});
      }
    }
  }

  /** Lets go of the machine without ending it. */
  release(): void {
    this.ended ??= 'let go of';
    this.unbindLog();
    this.boot.close();
    this.console.close();
    this.qmp.close();
  }
  async end(signal: AbortSignal): Promise<void> {
    this.release();
    await endMachine(this.pid, this.files.name, signal);
  }

  private async over(): Promise<void> {
    if (this.ended !== null) return;
    for (const giveUpAt = performance.now() + goneMs; await isMachine(this.pid, this.files.name);) {
      if (performance.now() > giveUpAt) {
        // A machine that can't be stopped any more must not run on.
        await endMachine(this.pid, this.files.name, AbortSignal.timeout(10_000)).catch(() => {});
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    if (this.ended !== null) return;
    const { panic } = this.console;
    this.ended = panic === null ? `QEMU ${this.exitWords() ?? 'ended'}` : `the machine's kernel panicked: ${panic}`;
    this.unbindLog();
    this.boot.close();
    this.console.close();
    this.ends.emit(this.ended);
  }
}
