import Docker from 'dockerode';
import type { ErrorCode } from '@shared/errors';
import { WheelhouseError } from '../../base/errors';

/** Milliseconds an Engine call may take; creates and removals wait for disks. */
export const engineMs = { quick: 10_000, slow: 30_000 };

interface EngineError {
  statusCode?: number;
  code?: string;
  message?: string;
  json?: { message?: string };
}

/** The Docker Engine behind deadlines and our errors. Every call ends, one way or another. */
export class Engine {
  readonly docker: Docker;
  readonly socketPath: string;

  constructor(socketPath?: string) {
    this.socketPath = socketPath ?? engineSocket(process.env);
    this.docker = new Docker({ socketPath: this.socketPath });
  }

  /**
   * Runs one Engine call. Rejects with the signal's reason when aborted, `timeout` past the deadline, image_missing,
   * backend_unreachable, or guest_failed with the engine's own words.
   */
  async run<T>(
    what: string,
    signal: AbortSignal,
    call: (docker: Docker, abortSignal: AbortSignal) => Promise<T>,
    ms = engineMs.quick,
  ): Promise<T> {
    signal.throwIfAborted();
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), ms);
    const stop = AbortSignal.any([signal, late.signal]);
    // Raced as well as aborted: not every call of the library takes a signal.
    const stopped = new Promise<never>((_, reject) =>
      stop.addEventListener('abort', () => reject(stop.reason), { once: true }),
    );
    try {
      return await Promise.race([call(this.docker, stop), stopped]);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (late.signal.aborted) {
        throw new WheelhouseError(
          'timeout',
          `The Docker Engine did not ${what} within ${ms} ms.`,
          {},
          { cause: error },
        );
      }
      throw engineError(what, error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The same, with null where the engine says that the thing does not exist. */
  async find<T>(
    what: string,
    signal: AbortSignal,
    call: (docker: Docker, abortSignal: AbortSignal) => Promise<T>,
  ): Promise<T | null> {
    try {
      return await this.run(what, signal, call);
    } catch (error) {
      if (statusOf(error) === 404) return null;
      throw error;
    }
  }
}

/** DOCKER_HOST where it names a unix socket, else the engine's usual place. */
export function engineSocket(environment: Readonly<Record<string, string | undefined>>): string {
  const host = environment['DOCKER_HOST'];
  return host?.startsWith('unix://') ? host.slice('unix://'.length) : '/var/run/docker.sock';
}

/** The engine's HTTP status behind one of our errors, or null. */
export function statusOf(error: unknown): number | null {
  if (!(error instanceof WheelhouseError)) return null;
  return (error.cause as EngineError | undefined)?.statusCode ?? null;
}

/** What went wrong between us and the engine, as one of our errors. */
export function engineError(what: string, error: unknown): WheelhouseError {
  if (error instanceof WheelhouseError) return error;
  const { statusCode, code, message, json } = error as EngineError;
  const words = (json?.message ?? message ?? 'no reason given').slice(0, 500);
  const make = (ours: ErrorCode, text: string) => new WheelhouseError(ours, text, { engine: words }, { cause: error });
  if (statusCode === 404 && /no such image/i.test(words))
    return make('image_missing', `The image does not exist: ${words}`);
  if (statusCode !== undefined) return make('guest_failed', `The Docker Engine could not ${what}: ${words}`);
  return make('backend_unreachable', `The Docker Engine can't be reached (${code ?? words}).`);
}
