import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WheelhouseError } from '../../base/errors';
import { packState, unpackState, type GuestState } from './guestState';

/** Saved fake machines as files, so that they outlive the machine and the backend, as real ones do. */
export class CheckpointFiles {
  private readonly folder: string;

  constructor(dataDir: string) {
    this.folder = join(dataDir, 'fake-checkpoints');
  }

  private file(checkpointId: string): string {
    if (!/^[\w-]+$/.test(checkpointId)) throw new WheelhouseError('bad_request', `${checkpointId} is no id.`);
    return join(this.folder, `${checkpointId}.json`);
  }
  /** Bytes on disk; null when there is none. */
  bytes(checkpointId: string): number | null {
    return statSync(this.file(checkpointId), { throwIfNoEntry: false })?.size ?? null;
  }
  save(checkpointId: string, state: GuestState): number {
    mkdirSync(this.folder, { recursive: true });
    const text = packState(state);
    writeFileSync(this.file(checkpointId), text);
    return Buffer.byteLength(text);
  }
  load(checkpointId: string): GuestState {
    if (this.bytes(checkpointId) === null) {
      throw new WheelhouseError('guest_failed', `There is no checkpoint ${checkpointId}.`, { checkpointId });
    }
    return unpackState(readFileSync(this.file(checkpointId), 'utf8'));
  }
  remove(checkpointId: string): void {
    rmSync(this.file(checkpointId), { force: true });
  }
  list(): { checkpointId: string; bytes: number }[] {
    try {
      return readdirSync(this.folder).map((name) => {
        const checkpointId = name.replace(/\.json$/, '');
        return { checkpointId, bytes: this.bytes(checkpointId) ?? 0 };
      });
    } catch {
      return [];
    }
  }
}
