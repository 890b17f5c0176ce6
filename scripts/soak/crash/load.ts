import { randomUUID } from 'node:crypto';
import { sleep } from '../../../src-main/base/deadline';
import type { HouseProcess } from '../lib/houseProcess';
import { newEntry, type Entry, type SessionSeen } from './ledger';

/** Milliseconds that a call is tried again for, and what may be. */
const patienceMs = 30_000;
const again = /not_ready|a person had control since/;

/** Everything that callers do to a house, in one round; each stops at the death of the process. */
export class Load {
  readonly entries = new Map<string, Entry>();
  private notes = 0;
  /** What was refused that should not have been. */
  readonly surprises: string[] = [];

  constructor(
    readonly poolId: string,
    private readonly can: { suspend: boolean; restart: boolean },
  ) {}

  live(): Entry[] {
    return [...this.entries.values()].filter((one) => one.state === 'live' || one.state === 'suspended');
  }
  /** One round of an ordinary day. Resolves when it is through, or the process is dead. */
  async round(house: HouseProcess, n: number): Promise<void> {
    const steps: (() => Promise<void>)[] = [
      () => this.makeRoom(house),
      () => this.acquireTogether(house, 3 - this.live().length),
      () => this.talkToAll(house),
      () => this.takeControl(house, n),
      ...(this.can.suspend ? [() => this.suspendAndResume(house, n)] : []),
      () => this.stopAndGoOn(house),
      () => this.crowd(house),
      () => this.changePools(house, n),
      () => this.handBack(house),
      () => this.releaseOne(house, n),
    ];
    for (const step of steps) {
      if (house.dead) return;
      await step();
    }
  }

  /** The pool has place for four; one more than we have is to be had in every round. */
  private async makeRoom(house: HouseProcess): Promise<void> {
    for (const entry of this.live().slice(2)) await this.release(house, entry);
  }
  /** New keys, each asked for three times at once: one session a key. */
  private async acquireTogether(house: HouseProcess, count: number): Promise<void> {
    const fresh = Array.from({ length: count }, () => newEntry(randomUUID()));
    for (const entry of fresh) this.entries.set(entry.key, entry);
    await Promise.all(fresh.flatMap((entry) => [1, 2, 3].map(() => this.acquire(house, entry))));
  }
  async acquire(house: HouseProcess, entry: Entry, waitMs = 30_000): Promise<void> {
    entry.doubts.add('acquire');
    const answer = await house.ask(
      'agent',
      'POST',
      `/api/pools/${this.poolId}/sessions`,
      { waitMs },
      { 'x-ms-sessionId': entry.key },
    );
    if (!answer) return;
    if (answer.status !== 200) {
      if (waitMs < 1000) return void this.entries.delete(entry.key);
      if (!stopping(answer.body)) this.surprises.push(`acquire: ${answer.status} ${JSON.stringify(answer.body)}`);
      return;
    }
    const computerId = new URL(answer.body.computerUrl as string).pathname.split('/')[2] ?? '';
    if (entry.told && entry.told.computerId !== computerId)
      this.surprises.push(`the key ${entry.key} gave ${entry.told.computerId} and ${computerId}`);
    entry.told ??= { computerId, createdAt: '' };
    if (entry.state === 'asked') entry.state = 'live';
    await this.learn(house, entry);
  }
  /** What is so now, of a session that is known to live. */
  async learn(house: HouseProcess, entry: Entry): Promise<SessionSeen | null> {
    const answer = await house.ask('agent', 'GET', `/api/sessions/${entry.key}`);
    if (!answer || answer.status !== 200) return null;
    const seen = answer.body as SessionSeen;
    if (entry.told) entry.told.createdAt ||= seen.createdAt;
    if (entry.machineId !== seen.machineId) entry.story.push(`seen ${seen.status} on ${seen.machineId}`);
    entry.machineId = seen.machineId;
    entry.homeId ??= seen.home?.homeId ?? null;
    entry.epoch = Math.max(entry.epoch, seen.control.epoch);
    return seen;
  }

  async talkToAll(house: HouseProcess): Promise<void> {
    await Promise.all(
      this.live()
        .filter((one) => !one.held)
        .map((one) => this.talk(house, one)),
    );
  }
  /** Reads what was written last, and writes something new. A suspended one comes back for it. */
  async talk(house: HouseProcess, entry: Entry): Promise<void> {
    if (!entry.told) return;
    if (entry.state === 'suspended') entry.doubts.add('resume');
    const text = `note ${++this.notes}`;
    entry.maybe.add(text);
    const command = `cat ~/note 2>/dev/null; echo '${text}' > ~/note && echo written`;
    const end = Date.now() + patienceMs;
    let done = await house.run(entry.told.computerId, command);
    // As callers do: what is being reached again, or was stale since a hand-back, is asked for once more.
    while (done && !done.ok && again.test(done.text) && Date.now() < end) {
      await sleep(300);
      done = await house.run(entry.told.computerId, command);
    }
    if (!done) return;
    if (!done.ok || !done.text.includes('written')) {
      if (!entry.hurt && !stopping(done.text))
        this.surprises.push(`a call of ${entry.key}: ${done.text.slice(0, 300)}`);
      return;
    }
    const held = /note \d+/.exec(done.text)?.[0] ?? '';
    if (held !== entry.note && !entry.maybe.has(held))
      this.surprises.push(
        `the home of ${entry.key} held “${held}”, not “${entry.note}” nor ${[...entry.maybe].join()}`,
      );
    entry.note = text;
    entry.maybe.clear();
    entry.story.push(`wrote ${text}, was ${entry.state}`);
    entry.state = 'live';
    entry.doubts.delete('resume');
    entry.doubts.delete('suspend');
    await this.learn(house, entry);
  }

  private async takeControl(house: HouseProcess, n: number): Promise<void> {
    const entry = this.live().find((one) => one.state === 'live' && !one.held);
    if (!entry || n % 2 === 0) return;
    entry.doubts.add('take');
    const answer = await house.ask('admin', 'POST', `/api/sessions/${entry.key}/control`, { action: 'take' });
    if (answer?.status !== 200) return;
    entry.doubts.delete('take');
    entry.held = true;
    entry.epoch = Math.max(entry.epoch, answer.body.epoch as number);
  }
  private async handBack(house: HouseProcess): Promise<void> {
    for (const entry of this.live().filter((one) => one.held)) {
      entry.doubts.add('handBack');
      let answer = await house.ask('admin', 'POST', `/api/sessions/${entry.key}/control`, { action: 'release' });
      // After a restart nobody holds it: it is paused, and goes on when told to.
      if (answer && answer.status !== 200)
        answer = await house.ask('admin', 'POST', `/api/sessions/${entry.key}/control`, { action: 'resume' });
      if (answer?.status !== 200) continue;
      entry.held = false;
      entry.doubts.delete('handBack');
      entry.epoch = Math.max(entry.epoch, answer.body.epoch as number);
    }
  }
  private async suspendAndResume(house: HouseProcess, n: number): Promise<void> {
    const entry = this.live().find((one) => one.state === 'live' && !one.held);
    if (!entry) return;
    entry.doubts.add('suspend');
    const answer = await house.ask('admin', 'POST', `/api/sessions/${entry.key}/suspend`, {});
    entry.story.push(`suspend: ${answer?.status}`);
    if (!answer) return;
    if (answer.status !== 200) {
      entry.doubts.delete('suspend');
      if (!entry.hurt && !stopping(answer.body))
        this.surprises.push(`suspend: ${answer.status} ${JSON.stringify(answer.body)}`);
      return;
    }
    entry.doubts.delete('suspend');
    entry.state = 'suspended';
    entry.machineId = null;
    // Every other one stays away until the next round.
    if (n % 3 !== 0) await this.talk(house, entry);
  }
  /** Stop everything, and go on. */
  private async stopAndGoOn(house: HouseProcess): Promise<void> {
    for (const entry of this.live()) entry.doubts.add('take').add('handBack');
    await house.ask('admin', 'POST', '/api/stop', {});
    const answer = await house.ask('admin', 'POST', '/api/resume', {});
    if (answer?.status !== 200) return;
    for (const entry of this.live()) {
      entry.doubts.delete('take');
      entry.doubts.delete('handBack');
      // Stop-everything is above whoever held it: what it left is told now.
      const seen = await this.learn(house, entry);
      if (seen) entry.held = seen.control.kind !== 'agent';
    }
  }
  /** More than the pool has: some wait in vain, and leave no trace. */
  private async crowd(house: HouseProcess): Promise<void> {
    const extra = Array.from({ length: 5 }, () => newEntry(randomUUID()));
    for (const entry of extra) this.entries.set(entry.key, entry);
    await Promise.all(extra.map((entry) => this.acquire(house, entry, 200)));
    for (const entry of extra) if (entry.told) await this.release(house, entry);
  }
  private async changePools(house: HouseProcess, n: number): Promise<void> {
    await house.ask('admin', 'PATCH', `/api/pools/${this.poolId}`, { description: `round ${n}` });
    const made = await house.ask('admin', 'POST', '/api/pools', {
      displayName: `Extra ${n}`,
      warm: { minimum: 0, maximum: 1 },
    });
    if (made?.status === 201 || made?.status === 200)
      await house.ask('admin', 'DELETE', `/api/pools/${made.body.id as string}?force=true`);
  }
  private async releaseOne(house: HouseProcess, n: number): Promise<void> {
    const some = this.live();
    const entry = some[n % Math.max(1, some.length)];
    if (entry && some.length > 1) await this.release(house, entry);
  }
  async release(house: HouseProcess, entry: Entry): Promise<void> {
    entry.doubts.add('release');
    const answer = await house.ask('agent', 'DELETE', `/api/sessions/${entry.key}`);
    if (!answer) return;
    if (answer.status === 204 || answer.status === 404) {
      entry.state = 'ended';
      entry.doubts.clear();
    } else if (!stopping(answer.body)) this.surprises.push(`release: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
}

/** What a process says that dies in a moment: the throw of a killed commit never comes out, but a closing door may. */
const stopping = (body: unknown): boolean => JSON.stringify(body ?? null).includes('Wheelhouse is stopping');
