import type { ContainerInfo } from 'dockerode';
import { sleep } from '../../base/deadline';
import { WheelhouseError } from '../../base/errors';
import { homeLost, type MachineHome, type MachineHomes } from '../backend';
import { engineMs, statusOf, type Engine } from './engine';
import { sweep } from './homeHelper';
import type { HomeReaders } from './homeReaders';
import type { HomeSizes } from './homeSizes';
import { labels, volumeName } from './labels';
import type { QuotaTrial } from './quota';

/** Milliseconds that the engine may take to delete a volume with all that is in it. */
const removeMs = 120_000;
/** Milliseconds that the engine may take to let go of a container that is removed. */
const helperGoneMs = 10_000;

/** The volumes of one installation's homes. One machine at a time has a home: the engine itself would let many. */
export class DockerHomes implements MachineHomes {
  private readonly turns = new Map<string, Promise<unknown>>();

  constructor(
    private readonly parts: {
      engine: Engine;
      installationId: string;
      /** Names this run of the broker: helpers of another were left behind. */
      run: string;
      quota: QuotaTrial;
      sizes: HomeSizes;
      readers: HomeReaders;
    },
  ) {}

  get enforcesQuota(): boolean {
    return this.parts.quota.works;
  }

  /**
   * Has `make` create the machine's container with the home's volume, made when there is none. Throws conflict while
   * another machine has it, guest_failed when the volume's name is taken by something that is not ours.
   */
  async take<T>(
    machineId: string,
    home: MachineHome,
    signal: AbortSignal,
    make: (volume: string) => Promise<T>,
  ): Promise<T> {
    return this.inTurn(home.homeId, async () => {
      const holder = (await this.holders(signal)).get(home.homeId) ?? null;
      if (holder !== null && holder !== machineId) throw inUse(home.homeId);
      if (home.mustExist && (await this.own(home.homeId, signal)) === null) throw homeLost(home.homeId);
      const volume = await this.volume(home, signal);
      this.parts.sizes.forget(home.homeId);
      return make(volume);
    });
  }

  async list(signal: AbortSignal): Promise<Awaited<ReturnType<MachineHomes['list']>>> {
    const { engine, installationId, sizes } = this.parts;
    const [{ Volumes: volumes }, containers] = await Promise.all([
      engine.run('list its volumes', signal, (docker) =>
        docker.listVolumes({ filters: JSON.stringify({ label: [`${labels.installation}=${installationId}`] }) }),
      ),
      this.containers(signal),
    ]);
    const holders = holdersIn(containers);
    const found = (volumes ?? []).flatMap(({ Name, Labels }) => {
      const homeId = (Labels as Record<string, string> | null)?.[labels.home];
      const ours = homeId !== undefined && Name === volumeName(installationId, homeId);
      return ours ? [{ homeId, machineId: holders.get(homeId) ?? null }] : [];
    });
    sizes.lookAt(found);
    return found.map((one) => ({ ...one, bytes: sizes.get(one.homeId) }));
  }

  async read(homeId: string, signal: AbortSignal): ReturnType<MachineHomes['read']> {
    const volume = await this.own(homeId, signal);
    if (volume === null) throw new WheelhouseError('not_found', `There is no home ${homeId}.`, { homeId });
    return this.parts.readers.open(homeId, volume, signal);
  }

  async remove(homeId: string, signal: AbortSignal): Promise<void> {
    const { sizes, readers } = this.parts;
    await this.inTurn(homeId, async () => {
      const volume = await this.own(homeId, signal);
      if (volume === null) return;
      if ((await this.holders(signal)).has(homeId)) throw inUse(homeId);
      // Whoever reads it reads what nobody wants any more.
      await Promise.all([readers.end(homeId, inUse(homeId)), sizes.settled(homeId)]);
      await this.removeVolume(homeId, volume, signal);
      sizes.forget(homeId);
    });
  }

  /** A helper that is on its way out, or was left behind just now, holds the volume for a moment more. */
  private async removeVolume(homeId: string, volume: string, signal: AbortSignal): Promise<void> {
    const [gone, used] = [404, 409];
    for (const giveUpAt = performance.now() + helperGoneMs; ; await sleep(100, signal)) {
      try {
        return await this.parts.engine.run(
          'remove the home',
          signal,
          (docker, abortSignal) => docker.getVolume(volume).remove({ abortSignal }),
          removeMs,
        );
      } catch (error) {
        if (statusOf(error) === gone) return;
        if (statusOf(error) !== used) throw error;
        if (performance.now() > giveUpAt || (await this.holders(signal)).has(homeId)) throw inUse(homeId);
      }
    }
  }

  /** The home's volume, or null when there is none, or one that is not ours. */
  private async own(homeId: string, signal: AbortSignal): Promise<string | null> {
    const { engine, installationId } = this.parts;
    const name = volumeName(installationId, homeId);
    const found = await engine.find('inspect the home', signal, (docker, abortSignal) =>
      docker.getVolume(name).inspect({ abortSignal }),
    );
    return found && isOurs(found.Labels, installationId, homeId) ? name : null;
  }

  private async volume({ homeId, quotaMiB }: MachineHome, signal: AbortSignal): Promise<string> {
    const { engine, installationId, quota } = this.parts;
    const name = volumeName(installationId, homeId);
    const bounded = quotaMiB > 0 && (await quota.try(signal));
    await engine.run(
      'make the home',
      signal,
      (docker, abortSignal) =>
        docker.createVolume({
          Name: name,
          Driver: 'local',
          Labels: { [labels.installation]: installationId, [labels.home]: homeId },
          ...(bounded && { DriverOpts: { size: `${quotaMiB}m` } }),
          abortSignal,
        }),
      engineMs.slow,
    );
    // For a name that is taken the engine answers with what is there.
    if ((await this.own(homeId, signal)) !== null) return name;
    throw new WheelhouseError('guest_failed', `A volume with the name of the home ${homeId} is not ours.`, { homeId });
  }

  private async holders(signal: AbortSignal): Promise<Map<string, string>> {
    return holdersIn(await this.containers(signal));
  }
  private async containers(signal: AbortSignal): Promise<ContainerInfo[]> {
    const { engine, installationId, run } = this.parts;
    const filters = { label: [`${labels.installation}=${installationId}`, labels.home] };
    const found = await engine.run('list its containers', signal, (docker, abortSignal) =>
      docker.listContainers({ all: true, filters, abortSignal }),
    );
    const ours = found.filter((one) => one.Labels[labels.installation] === installationId);
    return sweep(engine, ours, run, signal);
  }

  /** One at a time with each home. */
  private async inTurn<T>(homeId: string, work: () => Promise<T>): Promise<T> {
    const before = this.turns.get(homeId);
    const done = (async () => {
      await before?.catch(() => {});
      return work();
    })();
    this.turns.set(homeId, done);
    try {
      return await done;
    } finally {
      if (this.turns.get(homeId) === done) this.turns.delete(homeId);
    }
  }
}

const inUse = (homeId: string): WheelhouseError =>
  new WheelhouseError('conflict', `The home ${homeId} is in use.`, { homeId });

const isOurs = (marks: unknown, installationId: string, homeId: string): boolean => {
  const all = (marks ?? {}) as Record<string, string>;
  return all[labels.installation] === installationId && all[labels.home] === homeId;
};

/** The machine of each home that has one, running or not. */
const holdersIn = (containers: readonly ContainerInfo[]): Map<string, string> =>
  new Map(
    containers.flatMap(({ Labels }): [string, string][] => {
      const { [labels.home]: homeId, [labels.machine]: machineId } = Labels;
      return homeId !== undefined && machineId !== undefined ? [[homeId, machineId]] : [];
    }),
  );
