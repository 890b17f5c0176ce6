import type { MachineLook, MachineRun } from '@shared/machineLook';
import type { Machine } from '@shared/pool';
import { iso } from '../base/clock';
import { bounded } from '../base/bounded';
import { WheelhouseError } from '../base/errors';
import { oneLine } from '../base/text';
import type { ObservedMachine, SandboxBackend } from '../sandbox/backend';
import type { MachineRow } from '../store/machines';
import type { BackendWatch } from './backendWatch';
import type { Core } from './core';
import { cutText, runByLink } from './lookRun';
import type { MachineLinks } from './machineLinks';
import { keepMs } from './quarantine';
import type { Views } from './views';
import { wordsOf } from './words';

/** Bounds of a look: milliseconds, lines, characters of a line, bytes. */
const bounds = { consoleMs: 3000, consoleLines: 200, lineLength: 2000, runMs: 10_000, runBytes: 64 * 1024 } as const;
/** Commands under way over all machines: each holds a connection and up to 64 KiB. */
const mostRuns = 4;

/**
 * A closer look at one machine: what its backend says of it, its console, who had it last and their last picture. In a
 * quarantined one, which nobody will ever have again, admins may run commands. Nothing here starts, thaws or mends it.
 */
export class Looks {
  private readonly running = new Set<string>();
  /** A kept machine's time changed. */
  onChanged: (poolId: string) => void = () => {};

  constructor(
    private readonly core: Core,
    private readonly watch: BackendWatch,
    private readonly links: MachineLinks,
    private readonly views: Views,
  ) {}

  /** not_found. What can't be had within its bound is said to be missing, and fails nothing. */
  async look(machineId: string): Promise<MachineLook> {
    this.core.machine(machineId);
    const [seen, console] = await Promise.all([this.seen(machineId), this.console(machineId)]);
    // It may have gone on, or gone, while its backend was asked.
    const row = this.core.machine(machineId);
    const lastSessionId = row.sessionId ?? this.core.sessions.lastOfMachine(machineId)?.sessionId ?? null;
    const frame = lastSessionId === null ? null : (this.core.hooks.lastFrame?.(lastSessionId) ?? null);
    return {
      machine: this.views.machine(row),
      state: seen?.state ?? null,
      lastSessionId,
      frame: frame?.hash ?? null,
      frameAt: frame?.at ?? null,
      ...console,
      canRun: row.state === 'quarantined' && seen?.running === true && !seen.paused && this.runs(row),
    };
  }

  /**
   * One command as the session's user, at most 10 s and 64 KiB. conflict: it is not quarantined, is stopped, or a command
   * runs in it already; too_many; not_supported: no agent and no other way in; guest_failed, guest_timeout.
   */
  async run(machineId: string, command: string, by: string): Promise<MachineRun> {
    const row = this.core.machine(machineId);
    mustBeQuarantined(row, 'Commands are run');
    if (this.running.has(machineId))
      throw new WheelhouseError('conflict', 'A command is being run in this machine. Wait for it to end.');
    if (this.running.size >= mostRuns)
      throw new WheelhouseError('too_many', `At most ${mostRuns} commands run at once.`, { retryAfterSeconds: 5 });
    this.running.add(machineId);
    const { clock, logger } = this.core.options;
    const from = clock.monotonic();
    logger.info(
      { machineId, by, command: this.core.hooks.maskText?.(oneLine(command)).slice(0, 4096) },
      'a command in a quarantined machine',
    );
    try {
      const seen = await this.seen(machineId);
      const backend = this.mustRun(row, seen);
      const done = backend.exec
        ? await backend.exec(
            machineId,
            command,
            { timeoutMs: bounds.runMs, maxBytes: bounds.runBytes },
            this.core.stopping.signal,
          )
        : await runByLink(this.core, this.links.target(row), command, bounds.runMs);
      const cut = cutText(done.output, bounds.runBytes);
      const durationMs = clock.monotonic() - from;
      logger.info({ machineId, by, exitCode: done.exitCode, durationMs }, 'the command in a quarantined machine ended');
      return {
        output: cut.text,
        exitCode: done.exitCode,
        truncated: done.truncated || cut.truncated,
        durationMs,
      };
    } catch (error) {
      logger.warn({ machineId, by, err: error }, 'a command in a quarantined machine failed');
      throw error;
    } finally {
      this.running.delete(machineId);
    }
  }

  /** An hour from now; again for another. conflict when it is not quarantined. */
  keep(machineId: string): Machine {
    const row = this.core.machine(machineId);
    mustBeQuarantined(row, 'They are kept');
    const until = iso(this.core.options.clock.now() + keepMs);
    this.core.commit('keep', () => {
      this.core.machines.setKeptUntil(machineId, until);
      this.core.noteMachine(this.core.machine(machineId));
    });
    this.onChanged(row.poolId);
    return this.views.machine(this.core.machine(machineId));
  }

  private async seen(machineId: string): Promise<ObservedMachine | null> {
    const { backend } = this.core.machine(machineId);
    const machines = await this.watch.list(backend).catch(() => []);
    return machines.find((one) => one.machineId === machineId) ?? null;
  }
  private async console(machineId: string): Promise<Pick<MachineLook, 'console' | 'consoleError'>> {
    const row = this.core.machine(machineId);
    const backend = this.watch.backend(row.backend);
    try {
      if (!backend) throw new WheelhouseError('not_supported', `This computer has no ${row.backend} backend.`);
      const lines = await bounded('Reading the console', bounds.consoleMs, this.core.stopping.signal, (signal) =>
        backend.logs(machineId, bounds.consoleLines, signal),
      );
      const kept = lines.slice(-bounds.consoleLines).map((line) => oneLine(line).slice(0, bounds.lineLength));
      return { console: kept, consoleError: null };
    } catch (error) {
      return { console: [], consoleError: wordsOf(error) };
    }
  }
  private runs(row: MachineRow): boolean {
    const backend = this.watch.backend(row.backend);
    return backend?.exec !== undefined || (backend?.describe?.(row.image)?.guestAgent ?? true);
  }
  private mustRun(row: MachineRow, seen: ObservedMachine | null): SandboxBackend {
    // It may have been ended while its backend was asked.
    mustBeQuarantined(this.core.machine(row.machineId), 'Commands are run');
    const backend = this.watch.backend(row.backend);
    if (!backend || !this.runs(row))
      throw new WheelhouseError(
        'not_supported',
        'There is no agent in this machine, and no other way to run commands.',
      );
    if (!seen)
      throw new WheelhouseError('guest_failed', 'Its backend does not show this machine, so nothing can run in it.');
    if (seen.paused)
      throw new WheelhouseError(
        'conflict',
        'This machine is stopped: something outside holds its processors, and nothing runs in it. Let it go on with the tool that stopped it, then try again; Wheelhouse does not.',
        { trouble: 'frozen' },
      );
    if (!seen.running)
      throw new WheelhouseError('guest_failed', `This machine has ended (${seen.state}), so nothing can run in it.`);
    return backend;
  }
}

function mustBeQuarantined(row: MachineRow, what: string): void {
  if (row.state === 'quarantined') return;
  throw new WheelhouseError('conflict', `${what} in quarantined machines only. This one is ${row.state}.`, {
    state: row.state,
  });
}
