import { bounded } from '../base/bounded';
import { asWheelhouseError, WheelhouseError } from '../base/errors';
import type { SandboxBackend } from '../sandbox/backend';
import type { MachineRow } from '../store/machines';
import type { BackendWatch } from './backendWatch';
import type { Core } from './core';
import type { Fleet } from './fleet';
import type { SessionLife } from './sessionLife';
import { wordsOf } from './words';

interface Held {
  row: MachineRow & { sessionId: string };
  backend: SandboxBackend;
}

/**
 * What is done to a machine from outside while a session has it: frozen and thawed, saved, put back. One at a time a
 * machine; written before it is done, so that the next broker finishes it; the session's end cuts it off.
 */
export class Interventions {
  constructor(
    private readonly core: Core,
    private readonly watch: BackendWatch,
    private readonly fleet: Fleet,
    private readonly life: SessionLife,
  ) {}

  /** session_gone; not_ready while it has no machine. */
  of(sessionId: string): Held {
    const { machineId } = this.life.living(sessionId);
    const row = machineId === null ? undefined : this.core.machines.get(machineId);
    const backend = row && this.watch.backend(row.backend);
    if (!row || !backend || row.sessionId !== sessionId)
      throw new WheelhouseError('not_ready', 'The session waits for its machine.', { retryAfterSeconds: 2 });
    return { row: { ...row, sessionId }, backend };
  }

  async freeze(sessionId: string): Promise<void> {
    await this.turn(sessionId, null, async ({ row, backend }, signal) => {
      if (row.frozen) return;
      this.note(row, 'freeze.intent', () => this.core.machines.setFrozen(row.machineId, true));
      try {
        await this.pause(backend, row, signal);
      } catch (error) {
        if (!this.core.stopping.signal.aborted)
          this.note(row, 'freeze.failed', () => this.core.machines.setFrozen(row.machineId, false));
        throw guestFailed('could not be frozen', error);
      }
    });
  }
  async thaw(sessionId: string): Promise<void> {
    await this.turn(sessionId, null, async ({ row, backend }, signal) => {
      if (!row.frozen) return;
      try {
        await this.unpause(backend, row, signal);
      } catch (error) {
        throw guestFailed('could not be thawed', error);
      }
      this.note(row, 'thaw.done', () => this.core.machines.setFrozen(row.machineId, false));
      const { links } = this.fleet;
      if (!links.get(row.machineId)) links.reopen(row.machineId, this.core.limits.adoptMs, 'The session was frozen.');
    });
  }

  async save(sessionId: string, checkpointId: string, signal: AbortSignal): Promise<{ bytes: number }> {
    return this.turn(sessionId, signal, async ({ row, backend }, own) => {
      const checkpoints = checkpointsOf(backend);
      const saved = await this.core.effect('save', () =>
        bounded('Saving the machine', this.core.limits.saveMs, own, (s) =>
          checkpoints.create(row.machineId, checkpointId, s),
        ),
      );
      this.life.living(sessionId);
      return saved;
    });
  }

  async restore(sessionId: string, checkpointId: string, signal: AbortSignal, begin?: () => void): Promise<void> {
    await this.turn(sessionId, signal, async ({ row, backend }, own) => {
      const checkpoints = checkpointsOf(backend);
      begin?.();
      const { machineId, secret } = row;
      this.core.commit('restore.intent', () => this.core.machines.setRestoring(machineId, checkpointId));
      const link = this.fleet.links.hold(machineId);
      try {
        await this.core.effect('restore', () =>
          bounded('Putting the machine back', this.core.limits.restoreMs, own, (s) =>
            checkpoints.restore(machineId, checkpointId, secret, s),
          ),
        );
      } catch (error) {
        if (asWheelhouseError(error).data.lost === true) this.lost(sessionId, machineId, error);
        // It goes on as it was; the caller may have hung up, which is no reason to leave it without its link.
        else await this.back(row, backend, link, 'It could not be put back.').catch(() => {});
        throw error;
      }
      await this.back(row, backend, link, 'It was put back.');
    });
  }

  /** After a start: what the last broker was in the middle of, and a machine that it left stopped. */
  resume(row: MachineRow & { sessionId: string }, backend: SandboxBackend): void {
    const { machineId } = row;
    const { logger } = this.core.options;
    if (row.frozen && row.restoring === null) {
      const freeze = (signal: AbortSignal): Promise<void> => this.pause(backend, row, signal);
      this.fleet.turns
        .run(machineId, null, freeze)
        .catch((error: unknown) => logger.warn({ machineId, err: error }, 'a frozen machine could not be stopped'));
      return;
    }
    const link = this.fleet.links.hold(machineId);
    const resume = async (signal: AbortSignal): Promise<void> => {
      // It runs as a rule; a save or a restore may have left it stopped.
      await this.unpause(backend, row, signal).catch((error: unknown) =>
        logger.warn({ machineId, err: error }, 'a machine could not be let go on'),
      );
      await this.back(row, backend, link, 'Wheelhouse was restarted.', this.core.limits.adoptMs);
    };
    this.fleet.turns
      .run(machineId, null, resume)
      .catch((error: unknown) => logger.warn({ machineId, err: error }, 'a machine was not reached again'));
  }

  /** The link to whatever runs now, old or put back. The machine counts as lost when there is none. */
  private async back(
    row: Held['row'],
    backend: SandboxBackend,
    link: ReturnType<Fleet['links']['hold']>,
    why: string,
    ms = this.core.limits.reconnectMs,
  ): Promise<void> {
    const { core, fleet } = this;
    const { machineId, sessionId } = row;
    const stopping = core.stopping.signal;
    try {
      const anyBoot = core.machine(machineId).restoring !== null;
      const { guest, bootId } = await fleet.links.open(machineId, ms, stopping, { why, anyBoot });
      try {
        if (anyBoot) await bounded('Beginning anew', ms, stopping, (s) => backend.afterFirstContact(machineId, s));
        // Frozen before, frozen after.
        if (row.frozen) await this.pause(backend, row, stopping);
        if (anyBoot) core.commit('restore.done', () => core.machines.setRestored(machineId, bootId));
      } catch (error) {
        guest.close();
        throw error;
      }
      link.opened(guest);
    } catch (error) {
      link.failed(error);
      if (!stopping.aborted) this.lost(sessionId, machineId, error);
      throw guestFailed('was not reached again', error);
    }
  }
  private lost(sessionId: string, machineId: string, error: unknown): void {
    this.core.options.logger.warn({ sessionId, machineId, err: error }, 'a machine was lost on its way back');
    this.core.guard('noting a lost machine', () => this.life.fail(sessionId, wordsOf(error)));
  }

  private turn<T>(
    sessionId: string,
    signal: AbortSignal | null,
    work: (held: Held, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { row } = this.of(sessionId);
    // Looked up again: while it waited for its turn, it may have ended.
    return this.fleet.turns.run(row.machineId, signal, async (own) => work(this.of(sessionId), own));
  }
  private note(row: Held['row'], point: string, write: () => void): void {
    this.core.commit(point, () => {
      write();
      this.core.noteSession(row.sessionId, row.poolId);
    });
  }
  private pause(backend: SandboxBackend, { machineId }: MachineRow, signal: AbortSignal): Promise<void> {
    return this.core.effect('freeze', () =>
      bounded('Freezing the machine', this.core.limits.pauseMs, signal, (s) => backend.pause(machineId, s)),
    );
  }
  private unpause(backend: SandboxBackend, { machineId }: MachineRow, signal: AbortSignal): Promise<void> {
    return this.core.effect('thaw', () =>
      bounded('Thawing the machine', this.core.limits.pauseMs, signal, (s) => backend.unpause(machineId, s)),
    );
  }
}

function checkpointsOf(backend: SandboxBackend): NonNullable<SandboxBackend['checkpoints']> {
  if (backend.checkpoints) return backend.checkpoints;
  throw new WheelhouseError(
    'not_supported',
    `Machines of the ${backend.kind} backend can't be saved and put back. Use a pool with the qemu backend.`,
  );
}

function guestFailed(what: string, error: unknown): WheelhouseError {
  const failure = asWheelhouseError(error);
  if (failure.code === 'session_gone' || failure.code === 'guest_failed') return failure;
  return new WheelhouseError('guest_failed', `The machine ${what}: ${wordsOf(error)}`, failure.data, { cause: error });
}
