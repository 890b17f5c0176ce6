import { expect } from 'vitest';
import { sleep } from '../base/deadline';
import { connectGuest } from '../guest';
import type { GuestClient } from '../guest/types';
import type { LinkTarget, MachineSpec, SandboxBackend } from './backend';

const size = { cpus: 1, memoryMiB: 1024, width: 1024, height: 768 };
const never = new AbortController().signal;
export const secretOf = (machineId: string): string => machineId.padEnd(43, 'k');

/** Tries until it works, for a machine that is starting. Rejects with the last failure after `ms`. */
export async function eventually<T>(attempt: () => Promise<T>, ms = 30_000): Promise<T> {
  const giveUpAt = performance.now() + ms;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
      await sleep(20);
    }
  }
}

/** Machines for a suite, each destroyed at its end. */
export class MachinePark {
  private readonly clients: GuestClient[] = [];
  private readonly made = new Set<string>();
  private count = 0;

  constructor(
    readonly backend: SandboxBackend,
    readonly image: string,
  ) {}

  spec(machineId = `m_${process.pid.toString(36)}${++this.count}`): MachineSpec {
    this.made.add(machineId);
    return { machineId, poolId: 'p_contract', image: this.image, size, secret: secretOf(machineId) };
  }
  target(machineId: string): LinkTarget {
    return { machineId, path: this.backend.linkPath(machineId), secret: secretOf(machineId) };
  }
  /** Created, contacted, with its session: as the broker calls it ready. */
  async ready(spec = this.spec()): Promise<{ client: GuestClient; target: LinkTarget }> {
    await this.backend.create(spec, never);
    const client = await this.connect(this.target(spec.machineId));
    await this.backend.afterFirstContact(spec.machineId, never);
    await eventually(async () =>
      expect(await client.health()).toMatchObject({ screenReady: true, sessionReady: true }),
    );
    return { client, target: client.target };
  }
  async connect(target: LinkTarget, ms?: number): Promise<GuestClient> {
    const client = await eventually(() => connectGuest(target, never), ms);
    this.clients.push(client);
    return client;
  }
  async clear(): Promise<void> {
    for (const client of this.clients.splice(0)) client.close();
    for (const machineId of this.made) await this.backend.destroy(machineId, never);
    this.made.clear();
  }
}
