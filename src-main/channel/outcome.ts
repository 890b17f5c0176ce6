import type { WheelhouseError } from '../base/errors';
import type { CallOutcome } from './types';

/** A call that ended with this error. What is answered with a status below 500 was the caller's, or a person's, doing. */
export const outcomeOf = (error: WheelhouseError): CallOutcome =>
  error.status < 500 || error.code === 'not_supported' ? 'refused' : 'failed';
