import type { Condition } from '@shared/pool';
import type { ErrorCode } from '@shared/errors';
import { assertNever, WheelhouseError } from '../base/errors';
import type { Failure } from './breaker';

/** Which conditions make waiting pointless, and the code a caller gets for them. */
function codeOf(reason: Condition['reason']): ErrorCode | null {
  switch (reason) {
    case 'Paused':
      return 'pool_paused';
    case 'ImageMissing':
    case 'ImageBuilding':
      return 'image_missing';
    case 'BackendUnreachable':
      return 'backend_unreachable';
    case 'BackendUnsupported':
    case 'IsolationUnavailable':
      return 'not_supported';
    case 'Healthy':
    case 'Replenishing':
    case 'AtCapacity':
    case 'HostAtCapacity':
    case 'MachineQuarantined':
    case 'CreateFailed':
    case 'Preparing':
      return null;
    default:
      return assertNever(reason);
  }
}

/**
 * Why this pool can't hand out anything now or soon, in the condition's own words; null when waiting makes sense. Nobody
 * waits for a pool that holds back after failures in a row: they are told when it tries again.
 */
export function blockedBy(
  conditions: readonly Condition[],
  poolId: string,
  failure: Failure | null = null,
): WheelhouseError | null {
  const ready = conditions.find((condition) => condition.type === 'Ready');
  if (!ready || ready.status === 'True') return null;
  const { reason, message } = ready;
  if (failure?.open && failure.reason === reason) {
    if (failure.retryInMs <= 0) return null;
    const retryAfterSeconds = Math.ceil(failure.retryInMs / 1000);
    return new WheelhouseError(codeOf(reason) ?? 'not_ready', message, { poolId, reason, retryAfterSeconds });
  }
  const code = codeOf(reason);
  return code && new WheelhouseError(code, message, { poolId, reason });
}
