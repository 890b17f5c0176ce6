import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep } from '../../../src-main/base/deadline';
import { containersOf, docker, makeForeign, volumesOf } from '../lib/docker';
import { pointsFile } from '../lib/files';
import { HouseProcess } from '../lib/houseProcess';
import { contradicts, type Entry, type SessionSeen } from './ledger';
import { Load } from './load';
import { lookIntoStore } from './storeLook';

export interface CrashPlan {
  bundle: string;
  backend: 'docker' | 'qemu';
  /** How often the process is killed, at least. */
  kills: number;
  /** How often each point that a life passes kills it. */
  each: number;
  /** No more kills than this; default: as many as it takes. */
  atMost?: number;
  random: () => number;
  say: (words: string) => void;
  /** Milliseconds after which no further kill is planned. */
  mostMs?: number;
}
export interface CrashReport {
  kills: number;
  /** By point; `outside` for kills from outside. */
  at: Map<string, number>;
  missed: string[];
  sessions: number;
  problems: string[];
  /** Milliseconds until the orphans of the last deaths were gone, the longest. */
  orphansMs: number;
}

const orphanMs = 60_000;
const small = { cpus: 1, memoryMiB: 1024, width: 1024, height: 768 };

/** Kills the broker's process again and again, at its named points and at any time, and looks what became of its promises. */
export async function crash(plan: CrashPlan): Promise<CrashReport> {
  const dataDir = mkdtempSync(join(tmpdir(), 'wh-crash-'));
  const foreign = plan.backend === 'docker' ? await makeForeign() : null;
  const trial = new Trial(plan, dataDir);
  try {
    await trial.begin();
    await trial.killAll();
    await trial.goOn();
    await trial.settled();
    const changed = await foreign?.unchanged();
    if (changed) trial.report.problems.push(changed);
    return trial.report;
  } finally {
    await trial.end();
    await foreign?.remove();
    if (trial.report.problems.length === 0) rmSync(dataDir, { recursive: true, force: true });
    else plan.say(`kept for a look: ${dataDir}`);
  }
}

class Trial {
  readonly report: CrashReport = { kills: 0, at: new Map(), missed: [], sessions: 0, problems: [], orphansMs: 0 };
  private readonly began = Date.now();
  private installationId = '';
  private house: HouseProcess | null = null;
  private load: Load | null = null;
  private rounds = 0;

  constructor(
    private readonly plan: CrashPlan,
    private readonly dataDir: string,
  ) {}

  private async start(kill?: string): Promise<HouseProcess | null> {
    const { bundle, backend } = this.plan;
    const house = await HouseProcess.start({ bundle, dataDir: this.dataDir, backend, kill });
    if (house) this.installationId = house.installationId;
    return (this.house = house);
  }
  /** The pool, and one life without a death, which tells the names of the points. */
  async begin(): Promise<void> {
    const house = await this.start();
    if (!house) throw new Error('The first life ended by itself.');
    const { backend } = this.plan;
    const spec = { backend, size: small, warm: { minimum: 1, maximum: backend === 'qemu' ? 3 : 4 } };
    const suspends = await house.ask('admin', 'PATCH', '/api/pools/desktop', {
      ...spec,
      idle: { policy: 'suspend', afterSeconds: 86_400 },
    });
    const suspend = suspends?.status === 200;
    if (!suspend) await house.ask('admin', 'PATCH', '/api/pools/desktop', spec);
    this.plan.say(suspend ? 'sessions suspend' : `without suspending: ${JSON.stringify(suspends?.body)}`);
    this.load = new Load('desktop', { suspend, restart: true });
    await this.ready(house);
    await this.load.round(house, 1);
    await this.load.round(house, 2);
    this.note('a life without a death');
  }
  private async ready(house: HouseProcess): Promise<void> {
    const end = Date.now() + (this.plan.backend === 'qemu' ? 300_000 : 60_000);
    for (;;) {
      const pool = await house.ask('admin', 'GET', '/api/pools/desktop');
      if ((pool?.body?.observed?.machines?.ready ?? 0) > 0) return;
      if (Date.now() > end) throw new Error(`No machine became ready: ${JSON.stringify(pool?.body?.observed)}`);
      await sleep(200);
    }
  }
  points(): string[] {
    const file = join(this.dataDir, pointsFile);
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
  }

  /** Each point in turn until each had its share, and deaths from outside between them. */
  async killAll(): Promise<void> {
    const { kills, each, random, atMost = Infinity, mostMs = Infinity } = this.plan;
    const tries = new Map<string, number>();
    while (this.report.kills < kills || this.due(each, tries).length > 0) {
      if (this.report.kills >= atMost || Date.now() - this.began > mostMs) break;
      if (this.report.problems.length > 5) break;
      const due = this.due(each, tries);
      const point = due.length > 0 && random() < 0.9 ? due[Math.floor(random() * due.length)] : undefined;
      if (point !== undefined) tries.set(point, (tries.get(point) ?? 0) + 1);
      // The second passing of a point is another moment than the first; some are passed once in a life.
      await this.one(point, tries.get(point ?? '') === 1 && random() < 0.3 ? 2 : 1);
    }
    this.report.missed = this.points().filter((point) => (this.report.at.get(point) ?? 0) < each);
  }
  private due(each: number, tries: Map<string, number>): string[] {
    return this.points().filter(
      (point) => (this.report.at.get(point) ?? 0) < each && (tries.get(point) ?? 0) < each * 3,
    );
  }

  /** One death: at a point, or from outside at any time; and the life after it. */
  private async one(point: string | undefined, nth: number): Promise<void> {
    const { random } = this.plan;
    this.rounds += 1;
    await this.house?.end('SIGKILL');
    const house = await this.start(point === undefined ? undefined : `${point}:${nth}`);
    let where = point;
    if (house) {
      const outside = point === undefined ? setTimeout(() => house.child.kill('SIGKILL'), 50 + random() * 4000) : null;
      await this.guard(`round ${this.rounds}`, async () => {
        await this.verify(house);
        await this.hurtOne(house);
        if (!house.dead) await this.load?.round(house, this.rounds);
      });
      if (outside) clearTimeout(outside);
      if (!house.dead) where = undefined;
      await house.end('SIGKILL');
    }
    this.report.kills += 1;
    const name = where ?? 'outside';
    this.report.at.set(name, (this.report.at.get(name) ?? 0) + 1);
    await this.lookAtStore(`killed at ${name}`);
    this.note(`killed at ${name}`);
  }
  /** Every tenth round a machine dies outside the broker's hands, every tenth a ready one. */
  private async hurtOne(house: HouseProcess): Promise<void> {
    if (this.rounds % 5 !== 0 || this.plan.backend !== 'docker') return;
    const used = this.load?.live().find((one) => one.state === 'live' && one.machineId !== null);
    const pool = await house.ask('admin', 'GET', '/api/pools/desktop/machines');
    const machines = (pool?.body?.data ?? pool?.body ?? []) as { machineId: string; state: string }[];
    const ready = Array.isArray(machines) ? machines.find((one) => one.state === 'ready') : undefined;
    const machineId = this.rounds % 10 === 0 && used ? used.machineId : ready?.machineId;
    if (!machineId) return;
    if (used?.machineId === machineId) used.hurt = true;
    await docker('kill', `wheelhouse-${this.installationId}-${machineId}`).catch(() => {});
  }

  /** Holds the new life against what callers were told, and settles what they were not told. */
  private async verify(house: HouseProcess): Promise<void> {
    const { load } = this;
    if (!load) return;
    for (const entry of [...load.entries.values()]) {
      if (house.dead) return;
      const answer = await house.ask('agent', 'GET', `/api/sessions/${entry.key}`);
      if (!answer) return;
      const seen = answer.status === 200 ? (answer.body as SessionSeen) : null;
      const wrong = contradicts(entry, seen);
      if (wrong) this.problem(`${entry.key}: ${wrong}. ${entry.story.join('; ')}`);
      entry.story.push(`life ${this.rounds}: found ${seen?.status} on ${seen?.machineId}`);
      await this.settle(house, entry, seen);
    }
    this.report.sessions = load.entries.size;
    for (const entry of load.entries.values())
      if (entry.state === 'ended' && !entry.hurt) load.entries.delete(entry.key);
    if (!house.dead) await load.talkToAll(house);
    for (const words of load.surprises.splice(0)) this.problem(words);
  }
  private async settle(house: HouseProcess, entry: Entry, seen: SessionSeen | null): Promise<void> {
    const { load } = this;
    if (!load) return;
    if (entry.told === null) {
      // Nobody was told: the same key is asked for again, and given once.
      if (seen && ['released', 'failed', 'expired'].includes(seen.status)) return void load.entries.delete(entry.key);
      // One too many for the pool is taken back instead, whether it ever was or not.
      if (load.live().length < 2) return load.acquire(house, entry);
      const back = await house.ask('agent', 'DELETE', `/api/sessions/${entry.key}`);
      if (back) load.entries.delete(entry.key);
      return;
    }
    if (!seen) return;
    if (['released', 'failed', 'expired', 'releasing'].includes(seen.status)) {
      entry.state = 'ended';
      entry.doubts.clear();
      return;
    }
    if (entry.doubts.has('release')) return load.release(house, entry);
    entry.state = seen.status === 'active' ? 'live' : 'suspended';
    entry.machineId = seen.machineId;
    entry.epoch = Math.max(entry.epoch, seen.control.epoch);
    entry.held = seen.control.kind !== 'agent';
    // A suspension whose intent was written is gone on with by this broker.
    const leaving = entry.doubts.has('suspend') && seen.status === 'active';
    entry.doubts.clear();
    if (leaving) entry.doubts.add('suspend');
  }
  private async lookAtStore(where: string): Promise<void> {
    for (const words of lookIntoStore(this.dataDir).problems) this.problem(`${where}: ${words}`);
    if (this.plan.backend !== 'docker') return;
    const containers = await containersOf(this.installationId);
    if (new Set(containers).size !== containers.length) this.problem(`${where}: two containers of one machine`);
  }

  /** A last life, which must hold all that was promised. */
  async goOn(): Promise<void> {
    const house = await this.start();
    if (!house) throw new Error('It died without being killed.');
    await this.guard('in the last life', async () => {
      await this.verify(house);
      await this.load?.round(house, 1);
      await this.verify(house);
    });
  }
  /** Within a minute the engine has what the store knows, and nothing else. */
  async settled(): Promise<void> {
    if (this.plan.backend !== 'docker') return;
    const began = Date.now();
    for (;;) {
      const store = lookIntoStore(this.dataDir);
      const [containers, volumes] = [await containersOf(this.installationId), await volumesOf(this.installationId)];
      const orphans = containers.filter((machineId) => !store.machines.includes(machineId));
      const homes = volumes.filter((homeId) => !store.homes.includes(homeId));
      const lost = store.homes.filter((homeId) => !volumes.includes(homeId));
      this.report.orphansMs = Math.max(this.report.orphansMs, Date.now() - began);
      if (orphans.length + homes.length + lost.length === 0) return;
      if (Date.now() - began > orphanMs)
        return this.problem(
          `after a minute: orphans ${orphans.join()}, volumes ${homes.join()}, lost homes ${lost.join()}`,
        );
      await sleep(500);
    }
  }
  private async guard(where: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.problem(`${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }
  private problem(words: string): void {
    this.report.problems.push(words);
    this.plan.say(`PROBLEM ${words}`);
  }
  private note(words: string): void {
    const seconds = Math.round((Date.now() - this.began) / 1000);
    this.plan.say(`${seconds} s, ${this.report.kills} kills: ${words}, ${this.load?.live().length ?? 0} sessions`);
  }
  /** Everything of this installation goes. */
  async end(): Promise<void> {
    await this.house?.end('SIGKILL');
    const { bundle, backend } = this.plan;
    const last = await HouseProcess.start({ bundle, dataDir: this.dataDir, backend, env: { SOAK_DESTROY: '1' } });
    await last?.ask('admin', 'DELETE', '/api/pools/desktop?force=true');
    const end = Date.now() + 60_000;
    while (last && !last.dead && Date.now() < end) {
      const { machines, homes } = lookIntoStore(this.dataDir);
      if (machines.length + homes.length === 0) break;
      await sleep(200);
    }
    await last?.end('SIGTERM');
  }
}
