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

/**
 * Watches the engine's events for the end of our containers, until closed. A stream that breaks is opened again, later
 * each time, from the moment of the last event: what happened in between is told then, by the engine itself.
 */
export async function watchExits(options: {
  engine: Engine;
  installationId: string;
  logger: Logger;
  signal: AbortSignal;
  onExit(machineId: string, reason: string): void;
}): Promise<void> {
  const { engine, logger, signal } = options;
  let since = Math.floor(Date.now() / 1000);
  for (let failures = 0; !signal.aborted; failures += 1) {
    try {
      const stream = (await engine.docker.getEvents({
        since,
        abortSignal: signal,
        filters: { type: ['container'], event: ['die'], label: [`${labels.installation}=${options.installationId}`] },
      })) as Readable;
      failures = 0;
      for await (const line of lines(stream)) {
        const event = JSON.parse(line) as EngineEvent;
        since = event.time ?? since;
        const { [labels.machine]: machineId, exitCode } = event.Actor?.Attributes ?? {};
        if (machineId) options.onExit(machineId, `exited with code ${exitCode ?? 'unknown'}`);
      }
    } catch (error) {
      if (signal.aborted) return;
      logger.debug({ err: error }, 'the engine’s event stream broke');
    }
    const delay = backoffMs[Math.min(failures, backoffMs.length - 1)] ?? 0;
    await sleep(delay, signal).catch(() => {});
  }
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
