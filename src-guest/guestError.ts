import type { LinkErrorCode } from '@shared/link';

/** A failure that the broker may see: a code of the link and words for a person. */
export class GuestError extends Error {
  constructor(
    readonly code: LinkErrorCode,
    message: string,
  ) {
    super(message);
    this.name = 'GuestError';
  }
}

/** What of an error may leave the guest: our own as they are, the system's by their text. */
export function errorAnswer(error: unknown): { code: LinkErrorCode; message: string } {
  if (error instanceof GuestError) return { code: error.code, message: error.message.slice(0, 4000) };
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'guest_failed', message: message.slice(0, 4000) };
}
