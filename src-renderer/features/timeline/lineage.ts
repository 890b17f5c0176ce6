import type { Action } from '@shared/action';
import type { Checkpoint } from '@shared/checkpoint';

/** What a row says about a checkpoint, whoever wrote it: people and policy as `checkpoint.<verb>`, agents as `checkpoint_<verb>`. */
export type CheckpointFact = 'saved' | 'rewound' | 'branched' | 'removed';

const facts: Record<string, CheckpointFact> = {
  create: 'saved',
  restore: 'rewound',
  branch: 'branched',
  remove: 'removed',
};

export function checkpointFact(action: Action): CheckpointFact | null {
  const verb = /^checkpoint[._]([a-z]+)$/.exec(action.tool)?.[1];
  return verb === undefined ? null : (facts[verb] ?? null);
}

export function checkpointIdOf(action: Action): string | null {
  const id = action.arguments['checkpointId'];
  return typeof id === 'string' ? id : null;
}

/** A checkpoint as far as the record's history needs it. */
type Place = Pick<Checkpoint, 'checkpointId' | 'afterActionId'>;

/** Where a rewind leads: the row after which the checkpoint was made, null before the first; undefined when nothing tells. */
function target(
  action: Action,
  saved: ReadonlyMap<string, string>,
  places: readonly Place[],
): string | null | undefined {
  const after = action.arguments['afterActionId'];
  if (typeof after === 'string' || after === null) return after;
  const id = checkpointIdOf(action);
  if (id === null) return undefined;
  const place = places.find((each) => each.checkpointId === id);
  return place ? place.afterActionId : saved.get(id);
}

const talk =
  /^(control\.|checkpoint[._]|request_human$|await_control$|get_|list_|report_progress$|take_screenshot$|zoom_|wait_|clipboard_read)/;

/** Something that changed the machine, so that going back before it undoes it. */
export function isAct(action: Action): boolean {
  return action.actor.kind !== 'broker' && action.outcome !== 'refused' && !talk.test(action.tool);
}

interface Node {
  action: Action;
  parent: Node | null;
}

export interface Lineage {
  /** Ids of acts whose effects are gone: a rewind went back before them. */
  undone: ReadonlySet<string>;
  /**
   * What going back to just after this row (null: before the first) would undo, and what it would bring back that an
   * earlier rewind undid. `whole` is false when the row is older than what is loaded: then it undoes more than that.
   */
  since(afterActionId: string | null): { undoes: number; bringsBack: number; whole: boolean };
}

/**
 * The machine's own history. Time in the record runs straight on; the machine's branches at every rewind, so that a later
 * rewind can also bring back what an earlier one undid. `complete`: no older rows than these exist. `places`: the
 * checkpoints that are there, for rewinds whose row does not tell where it led.
 */
export function lineage(actions: readonly Action[], complete: boolean, places: readonly Place[] = []): Lineage {
  const nodes = new Map<string, Node>();
  const saved = new Map<string, string>();
  let current: Node | null = null;
  for (const action of actions) {
    const fact = checkpointFact(action);
    const id = checkpointIdOf(action);
    if (fact === 'saved' && id !== null) saved.set(id, action.id);
    if (fact === 'rewound' && action.outcome === 'done') {
      const to = target(action, saved, places);
      if (to !== undefined) current = to === null ? null : (nodes.get(to) ?? null);
    }
    current = { action, parent: current };
    nodes.set(action.id, current);
  }
  const kept = line(current);
  return {
    undone: new Set(
      actions.filter((action) => isAct(action) && !kept.has(nodes.get(action.id) as Node)).map((action) => action.id),
    ),
    since: (afterActionId) => {
      const there = afterActionId === null ? null : (nodes.get(afterActionId) ?? null);
      const past = line(there);
      return {
        undoes: acts(current, past),
        bringsBack: acts(there, kept),
        whole: afterActionId === null ? complete : there !== null,
      };
    },
  };
}

/** When the machine was last put back to a checkpoint, in ms; what was done before it says nothing of the screen as it is. */
export function lastRewind(actions: readonly Action[]): number | null {
  const last = actions.findLast((action) => checkpointFact(action) === 'rewound' && action.outcome === 'done');
  return last ? Date.parse(last.at) + (last.durationMs ?? 0) : null;
}

function line(from: Node | null): Set<Node> {
  const all = new Set<Node>();
  for (let node = from; node; node = node.parent) all.add(node);
  return all;
}

/** Acts from here back to the first that both have in common. */
function acts(from: Node | null, common: ReadonlySet<Node>): number {
  let n = 0;
  for (let node = from; node && !common.has(node); node = node.parent) if (isAct(node.action)) n += 1;
  return n;
}
