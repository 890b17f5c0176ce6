import { parentPort, type MessagePort } from 'node:worker_threads';
import { NotHere, readHere, type OpenMemory } from './memoryReader';
import type { FromMemoryThread, ToMemoryThread } from './memoryThread';

/** The thread's side: what is open, by the number that the main thread gave it. */
function serve(port: MessagePort): void {
  const machines = new Map<number, { memory: OpenMemory; stop: AbortController }>();
  const act = async (told: ToMemoryThread): Promise<void> => {
    const { machine } = told;
    if (told.do === 'open') {
      const memory = await readHere.open(told.pid, told.baseState);
      machines.set(machine, { memory, stop: new AbortController() });
      return;
    }
    const one = machines.get(machine);
    if (!one) return;
    if (told.do === 'write') return one.memory.write(told.wanted, one.stop.signal);
    one.stop.abort(new Error('stopped'));
    if (told.do === 'stop') return;
    machines.delete(machine);
    await one.memory.close();
  };
  port.on('message', (told: ToMemoryThread) => {
    const { id } = told;
    const answer = (failed: FromMemoryThread['failed']): void => port.postMessage({ id, failed });
    act(told).then(
      () => answer(null),
      (error: unknown) => answer(inWords(error)),
    );
  });
}

function inWords(error: unknown): NonNullable<FromMemoryThread['failed']> {
  const { code } = error as NodeJS.ErrnoException;
  const why = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  const message = `${error instanceof Error ? error.message : String(error)}${why}`;
  return { message, ...(code === undefined ? {} : { code }), notHere: error instanceof NotHere };
}

if (parentPort) serve(parentPort);
