import type { ErrorBody, ErrorCode } from '@shared/errors';
import type { RequestInput, RequestName, RequestOutput } from '@shared/ipc';
import { getBridge } from './bridge';

/** What the main process refused or failed to do. `code` is stable; `message` is for people. */
export class ApiError extends Error {
  constructor(
    readonly code: ErrorCode | 'unknown',
    message: string,
    readonly info: Record<string, unknown> = {},
    /** Each fault of what was given, at its place. */
    readonly details: ErrorBody['error']['details'] = [],
  ) {
    super(message);
  }
}

/** Rejections cross the bridge as an ErrorBody; anything else is reported as it reads. */
export function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  if (typeof thrown === 'object' && thrown !== null && 'error' in thrown) {
    const body = thrown.error;
    if (typeof body === 'object' && body !== null && 'code' in body && 'message' in body) {
      const info = 'additionalInfo' in body ? (body.additionalInfo as Record<string, unknown>) : {};
      const details = 'details' in body ? (body.details as ErrorBody['error']['details']) : [];
      return new ApiError(body.code as ErrorCode, String(body.message), info, details);
    }
  }
  return new ApiError('unknown', thrown instanceof Error ? thrown.message : String(thrown));
}

/** Asks the main process; rejects with ApiError only. */
export async function call<N extends RequestName>(name: N, input: RequestInput<N>): Promise<RequestOutput<N>> {
  try {
    return await getBridge().invoke(name, input);
  } catch (thrown) {
    throw toApiError(thrown);
  }
}

export function messageOf(thrown: unknown): string {
  return toApiError(thrown).message;
}
