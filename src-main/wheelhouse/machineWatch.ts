import type { Machine } from '@shared/pool';
import type { Bus } from '../base/bus';
import type { AttentionQueue } from '../control/types';

type Concern = 'aside' | 'stopped' | 'trouble';
const concerns: readonly Concern[] = ['aside', 'stopped', 'trouble'];

const titles: Record<Concern, string> = {
  aside: 'was set aside',
  stopped: 'was stopped under its session',
  trouble: 'is in trouble under its session',
};
const titleOf = (concern: Concern, machineId: string): string => `Machine ${machineId} ${titles[concern]}`;
const urgencies = { aside: 'later', stopped: 'now', trouble: 'soon' } as const;

/** What a person is to look at: a machine that was set aside, or one that a session has and that something is wrong with. */
const concernOf = ({ state, trouble }: Machine): Concern | null => {
  if (state === 'quarantined') return 'aside';
  if (state !== 'leased' || trouble == null) return null;
  return trouble === 'frozen' ? 'stopped' : 'trouble';
};

/**
 * A machine with a concern waits for a person's look: one call a machine and concern, also across restarts, which is
 * answered by itself once the concern is over. A stopped machine's call is urgent: its session fails in a minute. Returns
 * the disposer.
 */
export function watchMachines(bus: Bus, attention: Pick<AttentionQueue, 'list' | 'ask' | 'answer'>): () => void {
  /** The open calls by title. Not every machine's every step is worth a look at the queue. */
  const open = new Map<string, string>();
  for (const call of attention.list())
    if (call.kind === 'machine' && call.state === 'waiting') open.set(call.title, call.id);

  const end = (concern: Concern, machineId: string, answer: string): void => {
    const title = titleOf(concern, machineId);
    const id = open.get(title);
    if (id === undefined) return;
    open.delete(title);
    // Somebody may have answered it meanwhile.
    if (attention.list().some((call) => call.id === id)) attention.answer(id, 'Wheelhouse', answer);
  };
  const answerTo = (concern: Concern, state: Machine['state']): string => {
    if (concern === 'aside') return 'The machine was replaced.';
    return state === 'leased' ? 'It is over.' : 'Its session has ended.';
  };
  return bus.on((event) => {
    if (event.event !== 'machine') return;
    const { machineId, poolId, state, reason, sessionId } = event.data;
    const concern = concernOf(event.data);
    for (const one of concerns) if (one !== concern) end(one, machineId, answerTo(one, state));
    if (concern === null) return;
    const title = titleOf(concern, machineId);
    if (open.has(title)) return;
    const why = reason ?? 'It failed a check.';
    const { id } = attention.ask({
      kind: 'machine',
      sessionId: null,
      poolId,
      title,
      why: concern !== 'aside' && sessionId !== null ? `${why} Its session is ${sessionId}.` : why,
      urgency: urgencies[concern],
      deadlineMs: null,
    });
    open.set(title, id);
  });
}
