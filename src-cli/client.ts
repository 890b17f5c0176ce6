import { errorBodySchema } from '@shared/errors';
import { WheelhouseError } from '../src-main/base/errors';
import { readRuntime } from '../src-main/wheelhouse/runtime';

const answerWithinMs = 60_000;

/** The running Wheelhouse, over the same HTTP interface that everybody uses. */
export interface Client {
  get<T>(path: string): Promise<T>;
  send<T>(
    method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<T>;
  /** Text that is no JSON: a file. */
  text(path: string): Promise<string>;
  sendText<T>(path: string, type: string, text: string): Promise<T>;
  /** An answer whose body is read as it comes. */
  stream(path: string, signal: AbortSignal, headers?: Record<string, string>): Promise<Response>;
}

/** Finds the one that runs on this data folder; WHEELHOUSE_URL and WHEELHOUSE_TOKEN name another. not_ready when none runs. */
export function connect(dataDir: string, env: NodeJS.ProcessEnv = process.env): Client {
  const absent = (cause?: unknown) =>
    new WheelhouseError(
      'not_ready',
      `No Wheelhouse is running on ${dataDir}. Start the app or "wheelhouse serve".`,
      {},
      { cause },
    );
  // Looked up at each request: a restarted broker has another address and another token.
  const find = (): { url: string; token: string } => {
    const { WHEELHOUSE_URL: url, WHEELHOUSE_TOKEN: token } = env;
    const found = url && token ? { url, token } : readRuntime(dataDir);
    if (!found) throw absent();
    return found;
  };

  const ask = async (path: string, init: RequestInit): Promise<Response> => {
    const runtime = find();
    const headers = { ...(init.headers as Record<string, string>), authorization: `Bearer ${runtime.token}` };
    const answer = await fetch(new URL(path, runtime.url), { ...init, headers }).catch((error: unknown) => {
      if (init.signal?.aborted) throw error;
      throw absent(error);
    });
    if (answer.ok) return answer;
    const body = errorBodySchema.safeParse(await answer.json().catch(() => null));
    if (!body.success) throw new WheelhouseError('internal', `The server answered ${answer.status}.`);
    const { code, message, details, additionalInfo } = body.data.error;
    throw new WheelhouseError(code, message, { details, ...additionalInfo });
  };
  const read = async <T>(answer: Response): Promise<T> => (answer.status === 204 ? null : await answer.json()) as T;

  return {
    get: async (path) => read(await ask(path, { signal: AbortSignal.timeout(answerWithinMs) })),
    async send(method, path, body, headers = {}) {
      const signal = AbortSignal.timeout(answerWithinMs);
      const json: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
      return read(
        await ask(path, {
          method,
          signal,
          headers: { ...headers, ...json },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        }),
      );
    },
    text: async (path) => (await ask(path, { signal: AbortSignal.timeout(answerWithinMs) })).text(),
    async sendText(path, type, text) {
      const signal = AbortSignal.timeout(answerWithinMs);
      return read(await ask(path, { method: 'POST', signal, headers: { 'content-type': type }, body: text }));
    },
    stream: (path, signal, headers = {}) => ask(path, { signal, headers }),
  };
}
