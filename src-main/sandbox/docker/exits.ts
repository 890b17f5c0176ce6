import type { Readable } from 'node:stream';
import { sleep } from '../../base/deadline';
import type { Logger } from '../../base/logger';
import type { Engine } from './engine';
import { labels } from './labels';

interface EngineEvent {
  Action?: string;
  time?: number;
  Actor?: { Attributes?: Record<string, string> };
}

const backoffMs = [100, 300, 1_000, 3_000, 10_000];
const longestLine = 256 * 1024;

interface WatchOptions {
  engine: Engine;
  installationId: string;
  logger: Logger;
  signal: AbortSignal;
  onExit(machineId: string, reason: string): void;
}

/**
 * Watches the engine's events for the end of our containers, until closed. A stream that breaks is opened again, later
 * each time, from the moment of the last event. An engine that was itself gone remembers no events, and tells of no end
 * that it brought about as it came back: so its containers are looked at too. Their going on without it is no end.
 */
export async function watchExits(options: WatchOptions): Promise<void> {
  const { engine, logger, signal } = options;
  /** A machine ends once; what is told twice is told once. */
  const told = new Set<string>();
  const tell = (machineId: string, reason: string): void => {
    if (told.has(machineId)) return;
    told.add(machineId);
    options.onExit(machineId, reason);
  };
  let since = Math.floor(Date.now() / 1000);
  let broke = false;
  for (let failures = 0; !signal.aborted; failures += 1) {
    try {
      const stream = (await engine.docker.getEvents({
        since,
        abortSignal: signal,
        filters: { type: ['container'], event: ['die'], label: [`${labels.installation}=${options.installationId}`] },
      })) as Readable;
      try {
        if (broke) await lookForEnds(options, told, tell);
        failures = 0;
        broke = true;
        for await (const line of lines(stream)) {
          const event = JSON.parse(line) as EngineEvent;
          since = event.time ?? since;
          const { [labels.machine]: machineId, exitCode } = event.Actor?.Attributes ?? {};
          if (machineId) tell(machineId, `exited with code ${exitCode ?? 'unknown'}`);
        }
      } finally {
        stream.destroy();
      }
    } catch (error) {
      if (signal.aborted) return;
      broke = true;
      logger.debug({ err: error }, 'the engine’s event stream broke');
    }
    const delay = backoffMs[Math.min(failures, backoffMs.length - 1)] ?? 0;
    await sleep(delay, signal).catch(() => {});
  }
}

/** Tells of machines that ended while nobody was told, and forgets those that are no more. */
async function lookForEnds(
  { engine, installationId, signal }: WatchOptions,
  told: Set<string>,
  tell: (machineId: string, reason: string) => void,
): Promise<void> {
  const filters = { label: [`${labels.installation}=${installationId}`, labels.machine] };
  const found = await engine.run('list its containers', signal, (docker, abortSignal) =>
    docker.listContainers({ all: true, filters, abortSignal }),
  );
  const here = new Set<string>();
  for (const { Labels, State, Status } of found) {
    const { [labels.machine]: machineId, [labels.installation]: installation } = Labels;
    if (!machineId || installation !== installationId) continue;
    here.add(machineId);
    if (State !== 'exited' && State !== 'dead') continue;
    const code = /\((\d+)\)/.exec(Status)?.[1] ?? 'unknown';
    tell(machineId, `exited with code ${code} while the engine could not be heard`);
  }
  for (const machineId of told) if (!here.has(machineId)) told.delete(machineId);
}

async function* lines(stream: Readable): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of stream) {
    rest += String(chunk);
    if (rest.length > longestLine) throw new Error('an event is too long');
    const parts = rest.split('\n');
    rest = parts.pop() ?? '';
    yield* parts.filter((part) => part.trim() !== '');
  }
}
