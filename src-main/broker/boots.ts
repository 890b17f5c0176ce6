/** Remembered at most; beyond that the oldest is forgotten. */
const most = 20_000;

/**
 * Boot ids that machines were believed with. Each start of an agent makes its own; one that comes back under another
 * machine's name is the old machine, said to be new. What was before this broker's start is told by the machine's mark.
 */
export class Boots {
  private readonly owners = new Map<string, string>();

  note(machineId: string, bootId: string): void {
    this.owners.delete(bootId);
    this.owners.set(bootId, machineId);
    const oldest = this.owners.size > most ? this.owners.keys().next().value : undefined;
    if (oldest !== undefined) this.owners.delete(oldest);
  }
  /** What is wrong with this boot id in this machine; null: nothing. */
  lieOf(machineId: string, bootId: string): string | null {
    const owner = this.owners.get(bootId);
    if (owner === undefined || owner === machineId) return null;
    return `It is said to be new, and is ${owner} as it was: its reset did not happen.`;
  }
}
