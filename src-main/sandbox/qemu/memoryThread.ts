import { Worker } from 'node:worker_threads';
import { builtWorker } from '../../base/builtWorker';
import { NotHere, readHere, type MemoryReader, type OpenMemory, type PagesWanted } from './memoryReader';

/** What the thread is told, and what it answers to each `id`; `machine` names what it has open. */
export type ToMemoryThread =
  | { id: number; do: 'open'; machine: number; pid: number; baseState: string }
  | { id: number; do: 'write'; machine: number; wanted: PagesWanted }
  | { id: number; do: 'stop'; machine: number }
  | { id: number; do: 'close'; machine: number };
export type FromMemoryThread = { id: number; failed: null | { message: string; code?: string; notHere: boolean } };

type Command = ToMemoryThread extends infer One
  ? One extends ToMemoryThread
    ? Omit<One, 'id' | 'machine'>
    : never
  : never;

/**
 * Reads machines' memory in a thread of its own, started with the first: hundreds of megabytes pass through it, and its
 * garbage would stop the main loop for tens of milliseconds. It does not keep the process alive.
 */
export class MemoryThread implements MemoryReader {
  private worker: Worker | null = null;
  private readonly waiting = new Map<number, { resolve(): void; reject(error: Error): void }>();
  private next = 1;

  constructor(private readonly url: URL) {}

  async open(pid: number, baseState: string): Promise<OpenMemory> {
    const machine = this.next++;
    await this.ask(machine, { do: 'open', pid, baseState });
    return {
      write: (wanted, signal) => this.write(machine, wanted, signal),
      close: () => this.ask(machine, { do: 'close' }).catch(() => {}),
    };
  }
  async stop(): Promise<void> {
    await this.worker?.terminate();
  }

  private async write(machine: number, wanted: PagesWanted, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const stop = (): void => void this.ask(machine, { do: 'stop' }).catch(() => {});
    signal.addEventListener('abort', stop, { once: true });
    try {
      await this.ask(machine, { do: 'write', wanted });
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  private ask(machine: number, command: Command): Promise<void> {
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.running().postMessage({ id, machine, ...command });
    });
  }
  private running(): Worker {
    if (this.worker) return this.worker;
    const worker = new Worker(this.url, { name: 'machine memory' });
    let failure = 'it stopped';
    worker.on('message', ({ id, failed }: FromMemoryThread) => {
      const one = this.waiting.get(id);
      this.waiting.delete(id);
      if (failed === null) one?.resolve();
      else one?.reject(asError(failed));
    });
    worker.on('error', (error: Error) => (failure = error.message));
    worker.on('exit', () => {
      if (this.worker === worker) this.worker = null;
      const lost = new NotHere(`the thread that reads machines' memory ended: ${failure}`);
      for (const { reject } of this.waiting.values()) reject(lost);
      this.waiting.clear();
    });
    worker.unref();
    this.worker = worker;
    return worker;
  }
}

function asError({ message, code, notHere }: NonNullable<FromMemoryThread['failed']>): Error {
  if (notHere) return new NotHere(message);
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}

/** A thread where there is a build of it; from source, this thread. Throws internal when a build lacks it. */
export function memoryReader(url: URL | undefined): MemoryReader {
  const built = url ?? builtWorker('memoryWorker', import.meta.url);
  return built ? new MemoryThread(built) : readHere;
}
