import type { IncomingMessage } from 'node:http';
import type { Caller } from '../../base/caller';
import { WheelhouseError } from '../../base/errors';
import type { Identity } from '../identity';

/** The caller behind the Authorization header, the only place where a token is looked for: URLs end up in logs. */
export function requireCaller(incoming: IncomingMessage, identity: Identity): Caller {
  const header = incoming.headers.authorization;
  const secret = header && /^Bearer +(\S+)$/i.exec(header)?.[1];
  const caller = secret ? identity.authenticate(secret) : null;
  if (!caller) {
    throw new WheelhouseError('unauthorized', 'Send a token of this Wheelhouse as Authorization: Bearer <token>.');
  }
  return caller;
}
