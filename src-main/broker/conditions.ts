import type { BackendKind, Condition, MachineCounts } from '@shared/pool';
import type { BackendStatus } from '../sandbox/backend';
import type { Failure } from './breaker';
import type { Outlook } from './forecast';

/** What conditions are made of; everything observed, nothing looked up. */
export interface Facts {
  backend: BackendKind;
  /** False: this computer has no such backend. */
  supported: boolean;
  /** Null: not looked yet. */
  status: BackendStatus | null;
  image: string;
  /** Undefined: not looked yet. Null: it does not exist here. */
  tag: string | null | undefined;
  imageBuilding: boolean;
  /** The backend makes beforehand what machines of this image and size come from. */
  preparing: boolean;
  isolationRequired: boolean;
  paused: boolean;
  minimum: number;
  maximum: number;
  counts: MachineCounts;
  /** Machines in any state, those leaving included. */
  existing: number;
  /** The last failure to make a machine, until one succeeds. */
  failure: Failure | null;
  /** Why this computer's limits give it none, in words; null when they don't. */
  shortage: string | null;
  /** What its callers are expected to do; null when nothing is. */
  outlook: Outlook | null;
}

export type Verdict = Omit<Condition, 'since'>;

const seconds = (ms: number): string => {
  const s = Math.max(1, Math.ceil(ms / 1000));
  return s < 120 ? `${s} s` : `${Math.round(s / 60)} min`;
};
const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** VMs without hardware help are slow processes, not a boundary; no isolation is none. */
export const isolates = (status: BackendStatus): boolean =>
  status.isolation === 'container' || status.isolation === 'vm';

function backendCondition(facts: Facts): Verdict {
  const type = 'Backend';
  if (!facts.supported) {
    const message = `This computer has no ${facts.backend} backend. Choose another backend for this pool.`;
    return { type, status: 'False', reason: 'BackendUnsupported', message };
  }
  if (!facts.status) return { type, status: 'Unknown', reason: 'BackendUnreachable', message: 'Not looked yet.' };
  if (!facts.status.reachable) {
    return { type, status: 'False', reason: 'BackendUnreachable', message: facts.status.message };
  }
  if (facts.isolationRequired && !isolates(facts.status)) {
    const how =
      facts.status.isolation === 'emulated' ? 'only emulates machines in software' : 'does not isolate machines';
    const message = `This pool requires isolation and ${facts.backend} here ${how}. Use another backend, or switch the requirement off.`;
    return { type, status: 'False', reason: 'IsolationUnavailable', message };
  }
  return { type, status: 'True', reason: 'Healthy', message: facts.status.message };
}

function imageCondition(facts: Facts, backend: Verdict): Verdict {
  const type = 'Image';
  if (facts.imageBuilding) {
    return { type, status: 'False', reason: 'ImageBuilding', message: `The image “${facts.image}” is being built.` };
  }
  if (typeof facts.tag === 'string') return { type, status: 'True', reason: 'Healthy', message: facts.tag };
  if (facts.tag === undefined || backend.reason === 'BackendUnreachable') {
    if (backend.status === 'True')
      return { type, status: 'Unknown', reason: 'ImageMissing', message: 'Not looked yet.' };
    return {
      type,
      status: 'Unknown',
      reason: backend.reason,
      message: 'Can’t be looked up until the backend answers.',
    };
  }
  const message =
    facts.image === 'desktop'
      ? 'The desktop image has not been built on this computer. Build it from the first-run page, or run `npm test` or `npm start` in the checkout.'
      : `There is no image “${facts.image}” on this computer. Build or import it, or choose another.`;
  return { type, status: 'False', reason: 'ImageMissing', message };
}

function warmCondition(facts: Facts, backend: Verdict, image: Verdict): Verdict {
  const type = 'Warm';
  const { counts, minimum } = facts;
  if (facts.paused) return { type, status: 'Unknown', reason: 'Paused', message: 'Paused: nothing is made ready.' };
  if (counts.ready >= minimum) {
    const expected = expectation(facts);
    if (counts.quarantined > 0) {
      const message = `${plural(counts.quarantined, 'machine')} failed and can be looked at; others took their place.${expected}`;
      return { type, status: 'True', reason: 'MachineQuarantined', message };
    }
    return { type, status: 'True', reason: 'Healthy', message: `${plural(counts.ready, 'machine')} ready.${expected}` };
  }
  // Without a backend or an image none is on its way, whatever is wanted.
  const missing = [backend, image].find(({ status }) => status === 'False');
  if (missing) return { ...missing, type };
  return (
    lackOf(facts) ?? {
      type,
      status: 'False',
      reason: 'Replenishing',
      message: `${counts.ready} of ${minimum} ready; more are on their way.`,
    }
  );
}

/** Why no machine comes although one is wanted; null when nothing stands in the way. */
function lackOf(facts: Facts): Verdict | null {
  const type = 'Warm';
  const { counts, maximum } = facts;
  if (facts.failure) {
    return { type, status: 'False', reason: facts.failure.reason, message: failureWords(facts.failure) };
  }
  if (facts.preparing) {
    const message = 'The clean desktop is being saved, once for this image and size: about a minute.';
    return { type, status: 'False', reason: 'Preparing', message };
  }
  if (facts.existing >= maximum && counts.creating + counts.starting === 0) {
    const message = `${maximum === 1 ? 'The one machine' : `All ${maximum} machines`} of this pool ${maximum === 1 ? 'is' : 'are'} in use. Raise the maximum, or end sessions.`;
    return { type, status: 'False', reason: 'AtCapacity', message };
  }
  if (facts.shortage !== null && counts.creating + counts.starting === 0)
    return { type, status: 'False', reason: 'HostAtCapacity', message: facts.shortage };
  return null;
}

/** What a backend says ends as it likes. */
const sentence = (words: string): string => (/[.!?…]$/.test(words.trim()) ? words.trim() : `${words.trim()}.`);

function failureWords({ message, count, retryInMs, open }: Failure): string {
  const when = retryInMs > 0 ? `in ${seconds(retryInMs)}` : 'now';
  if (!open) return `Making a machine failed: ${sentence(message)} Trying again ${when}.`;
  return `Making a machine failed ${count} times in a row: ${sentence(message)} One more is tried ${retryInMs > 0 ? `${when}, or at once when an operator says so` : 'now, or with the next request'}.`;
}

/** Why more are ready than the minimum, in words; empty when none are. */
function expectation({ minimum, outlook }: Facts): string {
  const ahead = (outlook?.ready ?? 0) - minimum;
  if (!outlook || ahead <= 0) return '';
  const perMinute = Math.max(1, Math.round(outlook.perMinute));
  return ` Up to ${ahead} more than the minimum are kept for now: about ${plural(perMinute, 'request')} a minute came lately, and a machine takes ${seconds(outlook.makeMs)}.`;
}

/** Backend, Image, Warm, and first of all Ready: can this pool hand out a machine, now or soon? */
export function conditionsOf(facts: Facts): Verdict[] {
  const backend = backendCondition(facts);
  const image = imageCondition(facts, backend);
  const warm = warmCondition(facts, backend, image);
  const ready = (verdict: Omit<Verdict, 'type'>): Verdict[] => [{ type: 'Ready', ...verdict }, warm, backend, image];

  if (facts.paused) {
    return ready({
      status: 'False',
      reason: 'Paused',
      message: 'Paused: nothing is handed out. Resume the pool to go on.',
    });
  }
  if (backend.status !== 'True')
    return ready({ status: backend.status, reason: backend.reason, message: backend.message });
  if (facts.counts.ready > 0) {
    return ready({ status: 'True', reason: 'Healthy', message: `${plural(facts.counts.ready, 'machine')} ready.` });
  }
  if (image.status !== 'True') return ready({ status: image.status, reason: image.reason, message: image.message });
  const lack = lackOf(facts) ?? (warm.status === 'False' ? warm : null);
  if (lack) return ready({ status: 'False', reason: lack.reason, message: lack.message });
  return ready({ status: 'True', reason: 'Healthy', message: 'Machines are made when they are asked for.' });
}

/** `since` stays while status and reason stay; the words may change beneath it. */
export function stamp(verdicts: readonly Verdict[], before: readonly Condition[], now: string): Condition[] {
  return verdicts.map((verdict) => {
    const old = before.find((condition) => condition.type === verdict.type);
    const same = old?.status === verdict.status && old.reason === verdict.reason;
    return { ...verdict, since: same ? old.since : now };
  });
}
