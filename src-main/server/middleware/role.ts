import type { Caller } from '../../base/caller';
import { WheelhouseError } from '../../base/errors';
import type { Role } from '../identity';

export function requireRole(caller: Caller, roles: readonly Role[]): void {
  if (roles.includes(caller.role)) return;
  throw new WheelhouseError('forbidden', `This needs a token with the role ${roles.join(' or ')}.`, {
    role: caller.role,
  });
}
