import type { PoolSpec } from '@shared/pool';
import { bounded } from '../base/bounded';
import type { MachineCheckpoints, SandboxBackend } from '../sandbox/backend';
import type { MachineRow } from '../store/machines';
import type { BackendWatch } from './backendWatch';
import type { Core } from './core';

type Saves = SandboxBackend & { checkpoints: MachineCheckpoints };

/**
 * Whole machines of suspended sessions, where their pool keeps them: saved as a checkpoint under an id that stands in the
 * session's row before there is anything of it, and is nobody else's. Files that no row names are removed at a start.
 */
export class SavedMachines {
  constructor(
    private readonly core: Core,
    private readonly watch: BackendWatch,
  ) {}

  /** Whether a session on this machine is to keep all of it. */
  wants({ backend, image }: MachineRow, { idle }: Pick<PoolSpec, 'idle'>): boolean {
    const maker = this.watch.backend(backend);
    return idle.keeps === 'machine' && !!maker?.checkpoints && maker.describe?.(image).checkpoints !== false;
  }
  /** The machine stands still when it resolves: what was saved is what its home's disk says. Rejects with why not; it goes on then. */
  async save({ machineId, backend: kind }: MachineRow, savedAs: string, signal: AbortSignal): Promise<void> {
    const { core } = this;
    const backend = this.watch.backend(kind);
    if (!savesMachines(backend)) return;
    const { pauseMs, saveMs } = core.limits;
    try {
      await core.effect('suspend.pause', () =>
        bounded('Stopping the machine', pauseMs, signal, (own) => backend.pause(machineId, own)),
      );
      await core.effect('suspend.save', () =>
        bounded('Saving the machine', saveMs, signal, (own) => backend.checkpoints.create(machineId, savedAs, own)),
      );
    } catch (error) {
      if (!core.stopped) {
        await bounded('Letting the machine go on', pauseMs, undefined, (own) => backend.unpause(machineId, own)).catch(
          (failed: unknown) => core.options.logger.warn({ machineId, err: failed }, 'a machine may still be stopped'),
        );
      }
      throw error;
    }
  }
  /** Nobody needs it any more. In the background; what fails is found by the next start. */
  drop(savedAs: string | null): void {
    if (savedAs === null || this.core.stopped) return;
    for (const backend of this.core.options.backends.values()) {
      if (!savesMachines(backend)) continue;
      void this.core
        .effect('saved.remove', () =>
          backend.checkpoints.remove(savedAs, AbortSignal.timeout(this.core.limits.destroyMs)),
        )
        .catch((error: unknown) =>
          this.core.options.logger.warn({ savedAs, err: error }, 'a saved machine stays until the next start'),
        );
    }
  }
}

const savesMachines = (backend: SandboxBackend | undefined): backend is Saves => backend?.checkpoints !== undefined;
