import { readRuntime } from '../runtime';

/** The HTTP interface, as the admin of the data folder's own command line, or with another token. */
export function apiOf(dataDir: string, token?: string) {
  return async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const runtime = readRuntime(dataDir)!;
    const answer = await fetch(new URL(path, runtime.url), {
      method,
      headers: {
        authorization: `Bearer ${token ?? runtime.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of every shape
    return { status: answer.status, body: text === '' ? null : (JSON.parse(text) as any) };
  };
}
