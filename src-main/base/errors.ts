import { errorStatus, type ErrorBody, type ErrorCode } from '@shared/errors';

/** The one error of the project: a stable code, words for a person, typed data for a program. */
export class WheelhouseError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly data: Record<string, unknown> = {},
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = 'WheelhouseError';
  }
  get status(): number {
    return errorStatus[this.code];
  }
}

/** Anything thrown, as one of ours. Unknown errors become `internal` and keep their cause for the log. */
export function asWheelhouseError(error: unknown): WheelhouseError {
  if (error instanceof WheelhouseError) return error;
  return new WheelhouseError('internal', 'Something failed inside Wheelhouse.', {}, { cause: error });
}

const typeOf = (status: number): string => (status >= 500 ? 'server_error' : 'invalid_request_error');

/** The body outsiders see; `details` from data.details, the rest of data under additionalInfo. */
export function errorBody(error: WheelhouseError, requestId: string): ErrorBody {
  const { details, ...rest } = error.data as { details?: ErrorBody['error']['details'] };
  return {
    error: {
      code: error.code,
      message: error.message,
      type: typeOf(error.status),
      details: details ?? [],
      additionalInfo: { ...rest, request_id: requestId },
    },
  };
}

/** Closes a switch over a union: a new member without a case does not compile. */
export function assertNever(value: never): never {
  throw new WheelhouseError('internal', `Unexpected value ${JSON.stringify(value)}`);
}
