import { requests, type RequestName, type RequestOutput, type Requests } from '@shared/ipc';
import type { ErrorBody } from '@shared/errors';
import type { z } from 'zod';
import { asWheelhouseError, errorBody, WheelhouseError } from '../base/errors';
import type { Ids } from '../base/ids';
import type { Logger } from '../base/logger';

/** One function a request; its input has passed the schema. */
export type Handlers = {
  [N in RequestName]: (input: z.output<Requests[N]['input']>) => Promise<RequestOutput<N>> | RequestOutput<N>;
};

export type Answer = { ok: true; value: unknown } | { ok: false; error: ErrorBody };

/**
 * Answers a request of the window. Never throws: the window gets the value or an error body with a code and a
 * request id that the log knows. Unknown names and inputs that fail their schema are bad_request.
 */
export function createRouter(handlers: Handlers, { logger, ids }: { logger: Logger; ids: Ids }) {
  return async function dispatch(name: unknown, input: unknown): Promise<Answer> {
    const requestId = ids.make('ipc');
    try {
      if (typeof name !== 'string' || !Object.hasOwn(requests, name)) {
        throw new WheelhouseError('bad_request', 'There is no such request.');
      }
      const known = name as RequestName;
      const parsed = requests[known].input.safeParse(input);
      if (!parsed.success) {
        throw new WheelhouseError('bad_request', 'The request does not fit its schema.', {
          details: parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message })),
        });
      }
      const handler = handlers[known] as (value: unknown) => unknown;
      return { ok: true, value: await handler(parsed.data) };
    } catch (thrown) {
      const error = asWheelhouseError(thrown);
      if (error.code === 'internal') logger.error({ requestId, request: name, err: thrown }, 'a request failed');
      return { ok: false, error: errorBody(error, requestId) };
    }
  };
}
